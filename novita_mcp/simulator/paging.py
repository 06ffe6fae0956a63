"""Pages of a list, counted in the several ways of the API."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from novita_mcp.simulator.checks import Rule, Whole

Item = TypeVar("Item")

DEFAULT_PAGE_SIZE = 10


def page_rules(number: str) -> Mapping[str, Rule]:
    """Return the rules of a list's two paging arguments."""
    return {number: Whole(0), "pageSize": Whole(1)}


def page(items: Sequence[Item], query: Mapping[str, Any], number: str, *, base: int = 1) -> list[Item]:
    """Return the page that is asked for; a number below the base is the first page."""
    size: int = query.get("pageSize", DEFAULT_PAGE_SIZE)
    index = max(query.get(number, base) - base, 0)
    return list(items[index * size : (index + 1) * size])
