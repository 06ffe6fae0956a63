"""Finding the products that fit a wish."""

from collections.abc import Iterator
from decimal import Decimal

from novita_mcp.domain.models import Product
from novita_mcp.domain.pricing import unit_hourly
from novita_mcp.domain.search.market import Market
from novita_mcp.domain.search.regions import lies_in
from novita_mcp.domain.search.wishes import Wish


def matches(market: Market, wish: Wish) -> tuple[Product, ...]:
    """The products that fit, cheapest first; those of unknown price come last."""
    fitting = (product for product in market.products if all(_tests(product, market, wish)))
    return tuple(sorted(fitting, key=lambda product: _rank(product, wish)))


def hourly_usd(product: Product, wish: Wish) -> Decimal | None:
    """USD per hour for all the GPUs wanted."""
    unit = unit_hourly(product, wish.billing_mode)
    return None if unit is None else unit * wish.gpu_num


def sold_as(product: Product, wish: Wish) -> bool:
    """Whether it can be paid for as wanted; a product that does not say how may be."""
    return not product.billing_modes or wish.billing_mode in product.billing_modes


def _tests(product: Product, market: Market, wish: Wish) -> Iterator[bool]:
    yield wish.product_ids is None or product.product_id in wish.product_ids
    yield product.available or not wish.available_only
    yield sold_as(product, wish)
    yield _at_least(product.vram_gb, wish.min_vram_gb)
    yield _at_least(product.memory_gb, wish.min_memory_gb)
    yield _at_least(product.max_rootfs_gb, wish.min_disk_gb)
    yield _at_most(hourly_usd(product, wish), wish.max_hourly_usd)
    yield _at_most(unit_hourly(product, wish.billing_mode), wish.max_unit_hourly_usd)
    yield not wish.places or not product.regions or _within(product, market, wish)


def _at_least(amount: int | None, wanted: int | None) -> bool:
    return wanted is None or (amount or 0) >= wanted


def _at_most(price: Decimal | None, cap: Decimal | None) -> bool:
    return cap is None or (price is not None and price <= cap)


def _within(product: Product, market: Market, wish: Wish) -> bool:
    return any(lies_in(region, place) for region in market.regions(product) for place in wish.places)


def _rank(product: Product, wish: Wish) -> tuple[bool, Decimal, str]:
    hourly = hourly_usd(product, wish)
    return hourly is None, hourly or Decimal(0), product.product_id
