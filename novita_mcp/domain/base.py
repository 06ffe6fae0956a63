"""What everything is made of: frozen records, dollars, and text that cannot lie about what it is."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

LONGEST = 200
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
"""Letters and marks that fonts draw as nothing: joiners, fillers, variation selectors (Unicode's Default_Ignorable)."""
_SPACE = "Zs"


class Record(BaseModel):
    """A frozen record that refuses unknown fields; snake_case in Python, camelCase outside."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )


Usd = Annotated[
    Decimal,
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
"""US dollars: exact inside, a plain number in published JSON."""


def clean(text: str) -> str:
    """The text without control, bidirectional and zero-width characters; line breaks become `⏎`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "⏎").replace("\t", " ")
    return "".join(_seen(char, unicodedata.category(char)) for char in _IGNORED.sub("", lines))


def _seen(char: str, category: str) -> str:
    if category == _SPACE:
        return " "
    return "" if category in _HIDDEN else char


def brief(text: str, longest: int = LONGEST) -> str:
    """Clean text, a long one cut in the middle with its length told."""
    cleaned = clean(text)
    if len(cleaned) <= longest:
        return cleaned
    half = longest // 2
    return f"{cleaned[:half]} … {cleaned[-half:]} ({len(cleaned)} characters)"


def third_party(text: str, longest: int = LONGEST) -> str:
    """Text from Novita or the account's owner, quoted and marked, for a model to read as data."""
    return f"«{brief(text, longest).replace('«', '‹').replace('»', '›')}»"


def usd(amount: Decimal | None, places: int = 4) -> str:
    """Dollars with at least two and at most `places` decimals; `unknown` where there is no amount."""
    if amount is None:
        return "unknown"
    whole, _, decimals = f"{abs(amount):,.{places}f}".partition(".")
    sign = "-" if amount < 0 else ""
    return f"{sign}${whole}.{decimals.rstrip('0'):0<2}"


Foreign = Annotated[str, PlainSerializer(third_party, return_type=str, when_used="json")]
"""Text that Novita or other people chose: plain inside, marked `«…»` in every published JSON."""
