"""What to say when nothing fits: which wish stands in the way, and what giving it up would bring."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from novita_mcp.domain.base import brief, clean, third_party, usd
from novita_mcp.domain.models import Product
from novita_mcp.domain.search.market import Market
from novita_mcp.domain.search.matching import hourly_usd, matches
from novita_mcp.domain.search.naming import near_products
from novita_mcp.domain.search.wishes import Wish, name_of, places_of

MOST_PRODUCTS = 3
MOST_NAMES = 8
Found = tuple[Product, ...]


def trades(wish: Wish, market: Market, listed_ids: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for each wish without which something would fit; `listed_ids` are offered in that number.

    `market` is everything that Novita offers, `wish` one that nothing there fits.
    """
    yield from misnamed(wish, market)
    if wish.missing and not wish.product_ids:
        return
    unlisted = [product for product in matches(market, wish) if product.product_id not in listed_ids]
    if unlisted:
        yield f"Not offered with {wish.gpu_num} GPUs: {_several(unlisted, wish, market)}; ask for fewer."
        return
    listed = market.of(product for product in market.products if product.product_id in listed_ids)
    for dropped, say in _TRADES:
        loosened = wish.model_copy(update=dropped)
        found = matches(listed, loosened) if loosened != wish else ()
        if found and (said := say(found, loosened, wish, market)):
            yield said


def misnamed(wish: Wish, market: Market) -> Iterator[str]:
    """Say which names nothing has, and which are near."""
    if not wish.missing:
        return
    strange = " or ".join(f'"{brief(word, 40)}"' for word in wish.missing)
    near = dict.fromkeys(product.name for word in wish.missing for product in near_products(word, market.products))
    names = ", ".join(third_party(name, 40) for name in near)
    yield f"Nothing on offer is named {strange}" + (f"; near: {names}." if near else ".")


def on_offer(wish: Wish, market: Market) -> str:
    """All names on offer with the lowest price of each."""
    anything = Wish(gpu_num=wish.gpu_num, billing_mode=wish.billing_mode)
    cheapest: dict[str, Product] = {}
    for product in matches(market, anything):
        cheapest.setdefault(product.name, product)
    rows = [f"{third_party(name, 40)} from {_price(product, anything)}" for name, product in cheapest.items()]
    more = f" and {len(rows) - MOST_NAMES} more" if len(rows) > MOST_NAMES else ""
    return f"Widen the search; on offer: {', '.join(rows[:MOST_NAMES]) or 'nothing'}{more}."


def _dearer(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    caps = ((wish.max_hourly_usd, ""), (wish.max_unit_hourly_usd, " per GPU"))
    under = " and ".join(f"{usd(cap)}/h{unit}" for cap, unit in caps if cap is not None)
    return f"No {_what(wish)} under {under}; the cheapest is {_price(found[0], loosened)}: {_one(found[0], market)}."


def _elsewhere(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    regions = dict.fromkeys(where for product in found for where in _regions(product, market))
    return (
        f"No {_what(wish)} in {places_of(wish)}; only in {', '.join(regions)}, "
        f"from {_price(found[0], loosened)} ({clean(found[0].product_id)})."
    )


def _sold_out(found: Found, loosened: Wish, _: Wish, market: Market) -> str:
    return f"Sold out: {_several(found, loosened, market)}."


def _paid_otherwise(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    price = f"{loosened.billing_mode} it costs {_price(found[0], loosened)}"
    return f"No {_what(wish)} as {wish.billing_mode}; {price}: {_one(found[0], market)}."


def _smaller(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    largest = max(found, key=lambda product: product.vram_gb or 0)
    has = f"{largest.vram_gb} GB" if largest.vram_gb else "an amount that Novita does not state"
    return (
        f"No {_what(wish)} with {wish.min_vram_gb} GB of VRAM; the largest has {has}: "
        f"{_one(largest, market)} at {_price(largest, loosened)}."
    )


def _leaner(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    sizes = ((wish.min_memory_gb, "RAM per GPU"), (wish.min_disk_gb, "disk"))
    wanted = " and ".join(f"{size} GB of {what}" for size, what in sizes if size is not None)
    return f"No {_what(wish)} with {wanted}; with less: {_several(found, loosened, market)}."


def _others(found: Found, loosened: Wish, wish: Wish, market: Market) -> str:
    named = [product.vram_gb or 0 for product in market.products if product.product_id in (wish.product_ids or ())]
    enough = [product for product in found if (product.vram_gb or 0) >= min(named, default=0)]
    return f"Other GPUs that fit, with no less VRAM: {_several(enough, loosened, market)}." if enough else ""


_TRADES: Final[tuple[tuple[dict[str, Any], Callable[[Found, Wish, Wish, Market], str]], ...]] = (
    ({"max_hourly_usd": None, "max_unit_hourly_usd": None}, _dearer),
    ({"places": ()}, _elsewhere),
    ({"available_only": False}, _sold_out),
    ({"billing_mode": "onDemand"}, _paid_otherwise),
    ({"min_vram_gb": None}, _smaller),
    ({"min_memory_gb": None, "min_disk_gb": None}, _leaner),
    ({"product_ids": None}, _others),
)


def _what(wish: Wish) -> str:
    return name_of(wish) or "GPU"


def _price(product: Product, wish: Wish) -> str:
    many = f" for {wish.gpu_num} GPUs" if wish.gpu_num > 1 else ""
    return f"{usd(hourly_usd(product, wish))}/h{many}"


def _several(products: Sequence[Product], wish: Wish, market: Market) -> str:
    rows = [f"{_one(product, market)} at {_price(product, wish)}" for product in products[:MOST_PRODUCTS]]
    more = len(products) - len(rows)
    return "; ".join(rows) + (f" and {more} more" if more else "")


def _one(product: Product, market: Market) -> str:
    places = ", ".join(_regions(product, market)) or "any region"
    return f"{clean(product.product_id)} ({third_party(product.name, 40)}, {places})"


def _regions(product: Product, market: Market) -> list[str]:
    return [region.cluster_id or third_party(region.name, 40) for region in market.regions(product)]
