"""How the text of one setting becomes its value, and what is said when it cannot."""

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Raw = str | tuple[str, ...]
"""One text, or several from a TOML array."""

Reader = Callable[[Raw], object]

HIGHEST = 1_000_000
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_WHOLE = re.compile(r"[0-9]{1,12}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_LOOKS_SECRET = re.compile(r"sk_|://[^/]*@")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_LONGEST_SHOWN = 60


class Unacceptable(ValueError):
    """A value that is not allowed; the text says what is, and never repeats a secret."""


def number(raw: Raw) -> Decimal:
    """A plain decimal number from 0 on, for USD and hours."""
    text = one(raw)
    if not _NUMBER.fullmatch(text) or Decimal(text) > HIGHEST:
        raise Unacceptable(f"must be a number from 0 to {HIGHEST}, such as 2.5, not {shown(text)}")
    return Decimal(text)


def hours(raw: Raw) -> Decimal:
    """A length of time in hours, above 0."""
    value = number(raw)
    if not value:
        raise Unacceptable("must be above 0; leave it out to set none")
    return value


def whole(highest: int = HIGHEST) -> Reader:
    """Reads a whole number from 0 to `highest`."""

    def read(raw: Raw) -> int:
        text = one(raw)
        if not _WHOLE.fullmatch(text) or int(text) > highest:
            raise Unacceptable(f"must be a whole number from 0 to {highest}, not {shown(text)}")
        return int(text)

    return read


def flag(raw: Raw) -> bool:
    """A yes or no."""
    text = one(raw)
    if text.casefold() not in _FLAGS:
        raise Unacceptable(f"must be one of {', '.join(_FLAGS)}, not {shown(text)}")
    return _FLAGS[text.casefold()]


def one_of(*choices: str) -> Reader:
    """Reads one of the words."""
    return lambda raw: _choice(one(raw), choices)


def some_of(*choices: str) -> Reader:
    """Reads at least one of the words."""
    return lambda raw: tuple(_choice(word, choices) for word in words(raw))


def words(raw: Raw) -> tuple[str, ...]:
    """Comma-separated words, at least one; an empty one is refused, since it might open a limit."""
    pieces = raw.split(",") if isinstance(raw, str) else raw
    found = tuple(dict.fromkeys(piece.strip() for piece in pieces))
    if not all(found) or not found:
        raise Unacceptable("must be a list without empty items, separated by commas; leave it out to set none")
    return found


def variable_names(raw: Raw) -> tuple[str, ...]:
    """Comma-separated names of environment variables."""
    names = words(raw)
    if not all(_NAME.fullmatch(name) for name in names):
        raise Unacceptable("must be names of environment variables, separated by commas, without $ or values")
    return names


def path(raw: Raw) -> Path:
    """A path; `~` is the home folder."""
    text = one(raw)
    if not text or "\0" in text:
        raise Unacceptable("must be a path")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise Unacceptable("names a home folder that cannot be found; write the whole path") from error


def api_key(raw: Raw) -> str:
    """The key exactly as given; nothing is taken off it in silence, and nothing of it is ever shown."""
    if not isinstance(raw, str):
        raise Unacceptable("must be one text")
    if not raw:
        raise Unacceptable("is empty; leave it out to set none")
    if "\n" in raw or "\r" in raw:
        where = "ends with" if raw.splitlines()[0] == raw.rstrip("\r\n") else "has"
        raise Unacceptable(f"{where} a line break; set the key alone, without it")
    if _UNPRINTABLE.search(raw):
        raise Unacceptable("has a space, a control character or a letter outside ASCII; set the key alone")
    return raw


def base_url(raw: Raw) -> str:
    """The root of the API: https, or http on this machine alone."""
    text = one(raw)
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - raises on a port that is no number
    except ValueError as error:
        raise Unacceptable("must be a URL such as https://api.novita.ai") from error
    if _UNPRINTABLE.search(text) or "\\" in text or not url.hostname:
        raise Unacceptable("must be a URL such as https://api.novita.ai")
    if url.username is not None or url.password is not None:
        raise Unacceptable("must not have a user or password in it; the key is NOVITA_API_KEY")
    if url.query or url.fragment or text.endswith(("?", "#")):
        raise Unacceptable("must not have a query or a fragment")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url)):
        raise Unacceptable("must begin with https:// (http:// is for 127.0.0.1, ::1 and localhost only)")
    return text.rstrip("/")


def _is_loopback(url: SplitResult) -> bool:
    if url.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.hostname or "").is_loopback
    except ValueError:
        return False


def one(raw: Raw) -> str:
    """A single text, without the spaces around it."""
    if not isinstance(raw, str):
        raise Unacceptable("must be one value, not a list")
    return raw.strip()


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        allowed = ", ".join(choices)
        raise Unacceptable(f"must be among {allowed}; not {shown(text)}{near(text, choices)}")
    return text


def near(text: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing."""
    folded = {name.casefold(): name for name in known}
    matches = difflib.get_close_matches(text.casefold(), folded, n=1)
    return f"; did you mean {folded[matches[0]]}?" if matches else ""


def shown(text: str) -> str:
    """A refused value as an error may repeat it: short, printable, and nothing like a secret."""
    if _LOOKS_SECRET.search(text):
        return "a value that is not shown because it looks like a secret"
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
