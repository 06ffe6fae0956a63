"""Every page of a list whose paging is not settled (API reference, 5.6)."""

import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from novita_mcp.api.wire import Fields, answered_list, each, total
from novita_mcp.errors import ApiError

T = TypeVar("T")
PAGE_SIZE = 100
MAX_PAGES = 50
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Paged(Generic[T]):
    """How one list is asked for and read: where its items are, and what tells two of them apart."""

    what: str
    keys: tuple[str, ...]
    parse: Callable[[Fields], T]
    identity: Callable[[T], str]

    def page(self, payload: object) -> Mapping[str, T]:
        """Return one page's items by their identity."""
        items = each(answered_list(payload, self.what, *self.keys), self.parse, self.what)
        return {self.identity(item): item for item in items}


async def every_page(paged: Paged[T], ask: Callable[[int], Awaitable[Any]]) -> tuple[T, ...]:
    """Ask for pages from 1 until one brings nothing new, and for page 0 if some are still missing.

    Raises:
        ApiError: A page cannot be read, or there are more than fifty.

    """
    found: dict[str, T] = {}
    expected: int | None = None
    for number in itertools.count(1):
        if number > MAX_PAGES:
            raise ApiError(f"Novita's {paged.what} fill more than {MAX_PAGES} pages; narrow the question.")
        payload = await ask(number)
        page, expected = paged.page(payload), total(payload)
        brings_nothing_new = page.keys() <= found.keys()
        found |= page
        if brings_nothing_new or len(found) == expected:
            break
    if len(found) != expected:
        found |= paged.page(await ask(0))  # whether pages count from 0 or 1 is not documented
    if expected is not None and len(found) < expected:
        LOGGER.warning("Novita counts %d %s, but lists %d", expected, paged.what, len(found))
    return tuple(found.values())
