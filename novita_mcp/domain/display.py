"""Text that a person or a model is shown: it must not be able to lie about what it is."""

import unicodedata
from decimal import Decimal

LONGEST = 200
_KEEP = frozenset(" ")
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """The text without control, bidirectional and zero-width characters; line breaks become `⏎`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "⏎").replace("\t", " ")
    return "".join(char for char in lines if char in _KEEP or unicodedata.category(char) not in _HIDDEN)


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
    whole, _, decimals = f"{amount:,.{places}f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2}"
