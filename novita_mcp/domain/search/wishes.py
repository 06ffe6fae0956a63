"""What is wanted of a GPU product, and how it is said back."""

from collections.abc import Iterator
from typing import Any

from novita_mcp.domain.base import Record, Usd, brief, usd
from novita_mcp.domain.models import BillingMode
from novita_mcp.domain.search.regions import Place

LONGEST = 80


class Wish(Record):
    """What is wanted; only what was named counts.

    `names` are alternatives, each of words that belong together; `product_ids` is what they mean in a catalogue,
    `missing` are names of GPUs that it does not have, `unclear` is what could not be heeded.
    """

    names: tuple[tuple[str, ...], ...] = ()
    places: tuple[Place, ...] = ()
    gpu_num: int = 1
    billing_mode: BillingMode = "onDemand"
    spot_optional: bool = False
    min_vram_gb: int | None = None
    min_memory_gb: int | None = None
    min_disk_gb: int | None = None
    max_hourly_usd: Usd | None = None
    max_unit_hourly_usd: Usd | None = None
    available_only: bool = True
    product_ids: frozenset[str] | None = None
    missing: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def first_of(*wishes: Wish) -> Wish:
    """Each field as the first wish that names it has it."""
    fields: dict[str, Any] = {}
    for wish in reversed(wishes):
        fields |= {name: getattr(wish, name) for name in wish.model_fields_set}
    return Wish(**fields)


def described(wish: Wish) -> str:
    """What a search was for, in words."""
    return ", ".join(_described(wish))


def name_of(wish: Wish) -> str:
    """The names that were asked for, in words."""
    return brief(" or ".join(" ".join(map(_capital, words)) for words in wish.names), LONGEST)


def places_of(wish: Wish) -> str:
    """The places that were asked for, in words."""
    return brief(" or ".join(place.name for place in wish.places), LONGEST)


def _capital(word: str) -> str:
    """A name as Novita writes it: ids are small, all else is large."""
    return word if "." in word else word.upper()


def _described(wish: Wish) -> Iterator[str]:
    if wish.names:
        yield name_of(wish)
    yield f"{wish.gpu_num} GPU{'s' if wish.gpu_num > 1 else ''}"
    yield wish.billing_mode
    if wish.places:
        yield f"in {places_of(wish)}"
    for amount, unit in (
        (wish.min_vram_gb, "VRAM per GPU"),
        (wish.min_memory_gb, "RAM per GPU"),
        (wish.min_disk_gb, "disk"),
    ):
        if amount is not None:
            yield f"at least {amount} GB {unit}"
    for price, unit in ((wish.max_hourly_usd, "in all"), (wish.max_unit_hourly_usd, "per GPU")):
        if price is not None:
            yield f"at most {usd(price)}/h {unit}"
    if not wish.available_only:
        yield "sold out too"
