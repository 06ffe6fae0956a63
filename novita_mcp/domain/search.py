"""Finding a product by how people ask for one."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from novita_mcp.domain.catalog import BillingMode, Cluster, Product
from novita_mcp.domain.pricing import unit_hourly
from novita_mcp.domain.record import Record, Usd


class Wish(Record):
    """What is wanted; only the limits that were named count."""

    query: str = ""
    gpu_num: int = 1
    billing_mode: BillingMode = "onDemand"
    cluster: Cluster | None = None
    min_vram_gb: int | None = None
    max_hourly_usd: Usd | None = None
    available_only: bool = True


def matches(products: Iterable[Product], wish: Wish) -> tuple[Product, ...]:
    """The products that fit, cheapest first; those of unknown price come last."""
    fitting = (product for product in products if all(_tests(product, wish)))
    return tuple(sorted(fitting, key=lambda product: _rank(product, wish)))


def hourly_usd(product: Product, wish: Wish) -> Decimal | None:
    """USD per hour for all the GPUs wanted."""
    unit = unit_hourly(product, wish.billing_mode)
    return None if unit is None else unit * wish.gpu_num


def _tests(product: Product, wish: Wish) -> Iterator[bool]:
    hourly = hourly_usd(product, wish)
    yield product.available or not wish.available_only
    yield all(word in _words_of(product) for word in _words(wish.query))
    yield wish.min_vram_gb is None or (product.vram_gb or 0) >= wish.min_vram_gb
    yield wish.max_hourly_usd is None or (hourly is not None and hourly <= wish.max_hourly_usd)
    yield not product.billing_modes or wish.billing_mode in product.billing_modes


def _rank(product: Product, wish: Wish) -> tuple[bool, Decimal, str]:
    hourly = hourly_usd(product, wish)
    return hourly is None, hourly or Decimal(0), product.product_id


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9.]+", re.sub(r"(\d)\s+(gb)\b", r"\1\2", text.casefold()))


def _words_of(product: Product) -> str:
    return " ".join((*_words(product.name), product.product_id.casefold(), *map(str.casefold, product.regions)))
