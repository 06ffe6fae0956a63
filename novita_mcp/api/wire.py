"""How Novita writes numbers, texts, times and lists; every `wire_*` module reads through this."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from novita_mcp.errors import ApiError

T = TypeVar("T")
Fields = Mapping[str, Any]
"""One JSON object as it came."""

AMOUNTS_PER_USD = Decimal(10_000)
"""Balances and bills are in 1/10000 USD (API reference, 3.4)."""
LATEST_SECOND = 7_258_118_400  # the year 2200; more is another unit or nonsense
DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,2})?")
WHOLE = re.compile(r"[0-9]{1,15}(?:\.0+)?")
MAX_DEPTH = 50
LOGGER = logging.getLogger(__name__)


class Unreadable(ValueError):
    """One item that cannot be understood; the others of its list are not affected."""


def shallow(payload: Any) -> Any:
    """Return the payload, unless it is nested so deeply that whoever walks it later could fail.

    Raises:
        Unreadable: It is.

    """
    level = [payload]
    for _ in range(MAX_DEPTH):
        level = [part for node in level if isinstance(node, dict | list) for part in _parts(node)]
    if level:
        raise Unreadable("nested too deeply")
    return payload


def _parts(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def text(raw: object) -> str:
    """Return a text that came as a string or a number; anything else is empty."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return ""
    return str(raw).encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no text


def required(fields: Fields, *keys: str) -> str:
    """Return the first text under `keys`.

    Raises:
        Unreadable: There is none.

    """
    found = next((value for key in keys if (value := text(fields.get(key)))), "")
    if not found:
        raise Unreadable(f"no {keys[0]}")
    return found


def whole(raw: object) -> int | None:
    """Return a number ≥ 0 that came as one or as digits; anything else is None."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    written = str(raw).strip()
    return int(written.partition(".")[0]) if WHOLE.fullmatch(written) else None


def decimal(raw: object) -> Decimal | None:
    """Return an exact number that came as one or as digits; anything else is None."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    written = str(raw).strip()
    return Decimal(written) if DECIMAL.fullmatch(written) else None


def account_usd(raw: object) -> Decimal | None:
    """Return a balance or bill amount in USD, None where it is not a number."""
    amount = decimal(raw)
    return None if amount is None else amount / AMOUNTS_PER_USD


def flag(raw: object) -> bool:
    """Return a truth value that came as one, as a number or as a word."""
    return raw is True or text(raw).strip().lower() in {"true", "1"}


def instant(raw: object) -> datetime | None:
    """Return a time that came in unix seconds; never (`0`) and no end (`-1`) are None."""
    seconds = whole(raw)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < LATEST_SECOND else None


def texts(raw: object) -> tuple[str, ...]:
    """Return the texts of a list; what is no text is left out."""
    return tuple(word for item in listed(raw) if (word := text(item)))


def listed(raw: object) -> list[Any]:
    """Return a list as it is, one object as a list of it, anything else as an empty one."""
    if isinstance(raw, dict):
        return [raw]
    return raw if isinstance(raw, list) else []


def inner(raw: object) -> Fields:
    """Return an object, or the first of a list of them; anything else is an empty one."""
    first = next(iter(listed(raw)), None)
    return first if isinstance(first, dict) else {}


def each(raw: object, parse: Callable[[Fields], T], what: str) -> tuple[T, ...]:
    """Parse the objects of a list; an unreadable one is left out and logged without its content."""
    return tuple(_readable(listed(raw), parse, what))


def _readable(items: list[Any], parse: Callable[[Fields], T], what: str) -> Iterator[T]:
    for position, item in enumerate(items):
        try:
            parsed = parse(_object(item))
        except ValueError:
            LOGGER.warning("item %d of Novita's %s cannot be read and is left out", position, what)
        else:
            yield parsed


def _object(item: object) -> Fields:
    if not isinstance(item, dict):
        raise Unreadable("not an object")
    return item


def answered(payload: object, parse: Callable[[Fields], T], what: str, *keys: str) -> T:
    """Parse an answer that is one object, bare or under one of `keys`, or a list of one.

    Raises:
        ApiError: It cannot be read.

    """
    fields = inner(payload)
    wrapped = next((inner(fields[key]) for key in keys if inner(fields.get(key))), fields)
    try:
        return parse(wrapped)
    except ValueError:
        raise unreadable(what) from None  # pydantic's text repeats what was received


def answered_list(payload: object, what: str, *keys: str) -> list[Any]:
    """Return the list of an answer, bare or under one of `keys`.

    Raises:
        ApiError: The answer has no such list.

    """
    if isinstance(payload, list):
        return payload
    if not isinstance(payload, dict):
        raise unreadable(what)
    found = next((payload[key] for key in keys if key in payload), None)
    nothing = found is None and (any(key in payload for key in keys) or total(payload) == 0)
    if not nothing and not isinstance(found, list | dict):
        raise unreadable(what)
    return listed(found)


def total(payload: object) -> int | None:
    """Return how many items an answer says there are in all, if it says so."""
    return whole(payload.get("total")) if isinstance(payload, dict) else None


def unreadable(what: str) -> ApiError:
    """Return the error for an answer whose shape is not the API's."""
    return ApiError(
        f"Novita answered, but its {what} cannot be read: the answer is not of the documented shape."
        "\nTrying again: can help later.\nNext: a person runs `novita-mcp doctor`."
    )
