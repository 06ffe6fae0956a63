"""Products and clusters: hundred-thousandths of a dollar, VRAM hidden in names, regions of two shapes."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from novita_mcp.api.wire import (
    Fields,
    answered_list,
    decimal,
    each,
    flag,
    listed,
    required,
    text,
    texts,
    whole,
)
from novita_mcp.domain.models import Cluster, MonthlyOffer, Product, Stock

PRICE_UNITS_PER_USD = Decimal(100_000)
"""Product prices are in 1/100000 USD per GPU and hour (API reference, 3.1)."""
GPU_FLOOR_USD = Decimal("0.01")
CPU_FLOOR_USD = Decimal("0.001")
CEILING_USD = Decimal(50)
VRAM = re.compile(r"(?<!\d)(\d{1,3})\s*G(?:i?B)?\b", re.IGNORECASE)
STOCK: Final[dict[str, Stock]] = {"none": "none", "low": "low", "normal": "normal", "high": "high"}


def products(payload: object) -> tuple[Product, ...]:
    """Parse `GET /products`."""
    return each(answered_list(payload, "products", "data"), _product, "products")


def cpu_products(payload: object) -> tuple[Product, ...]:
    """Parse `GET /cpu/products`."""
    return each(answered_list(payload, "CPU products", "data"), _cpu_product, "CPU products")


def clusters(payload: object) -> tuple[Cluster, ...]:
    """Parse `GET /clusters`."""
    return each(answered_list(payload, "clusters", "data"), _cluster, "clusters")


def hourly_usd(raw: object, floor: Decimal) -> Decimal | None:
    """Return an hourly price in USD; what is missing, zero or not plausible is unknown."""
    price = decimal(raw)
    if price is None or not floor <= price / PRICE_UNITS_PER_USD <= CEILING_USD:
        return None
    return price / PRICE_UNITS_PER_USD


def _product(fields: Fields) -> Product:
    name = text(fields.get("name"))
    return Product(
        product_id=required(fields, "id"),
        name=name,
        kind="gpu",
        vram_gb=_vram_gb(name),
        cpu_cores=whole(fields.get("cpuPerGpu")),
        memory_gb=whole(fields.get("memoryPerGpu")),
        stock=_stock(fields),
        deployable=_deployable(fields),
        on_demand_hourly_usd=hourly_usd(fields.get("price"), GPU_FLOOR_USD),
        spot_hourly_usd=hourly_usd(fields.get("spotPrice"), GPU_FLOOR_USD),
        monthly_offers=tuple(_monthly_offers(fields.get("monthlyPrice"))),
        billing_modes=texts(fields.get("billingMethods")),
        min_rootfs_gb=whole(fields.get("minRootFS")),
        max_rootfs_gb=whole(fields.get("maxRootFS")),
        regions=tuple(_regions(fields.get("regions"))),
    )


def _cpu_product(fields: Fields) -> Product:
    return Product(
        product_id=required(fields, "id"),
        name=text(fields.get("name")),
        kind="cpu",
        cpu_cores=whole(fields.get("cpuNum")),
        memory_gb=whole(fields.get("memorySize")),
        stock=_stock(fields),
        deployable=_deployable(fields),
        on_demand_hourly_usd=hourly_usd(fields.get("price"), CPU_FLOOR_USD),
        max_rootfs_gb=whole(fields.get("rootfsSize")),
        regions=tuple(_regions(fields.get("regions"))),
    )


def _cluster(fields: Fields) -> Cluster:
    cluster_id = required(fields, "id")
    return Cluster(
        cluster_id=cluster_id,
        name=text(fields.get("name")) or cluster_id,
        gpu_types=texts(fields.get("availableGpuType")),
        network_storage=flag(fields.get("supportNetworkStorage")),
        network=flag(fields.get("supportInstanceNetwork")),
    )


def _vram_gb(name: str) -> int | None:
    """Novita states the video memory nowhere but in the name (API reference, 2.2)."""
    stated = VRAM.search(name)
    return int(stated[1]) or None if stated else None


def _stock(fields: Fields) -> Stock:
    return STOCK.get(text(fields.get("inventoryState")).lower(), "unknown")


def _deployable(fields: Fields) -> bool:
    return "availableDeploy" not in fields or flag(fields["availableDeploy"])


def _monthly_offers(raw: object) -> Iterator[MonthlyOffer]:
    for item in listed(raw):
        if not isinstance(item, dict):
            continue
        months, raw_price = whole(item.get("month")), whole(item.get("price"))
        if months and raw_price:
            yield MonthlyOffer(months=months, raw_price=raw_price)


def _regions(raw: object) -> Iterator[str]:
    """Yield display names, from a list of them, of objects with one, or from one object of them."""
    if not isinstance(raw, dict):
        for item in listed(raw):
            yield from texts([item.get("name")] if isinstance(item, dict) else [item])
    elif "name" in raw:
        yield from texts([raw["name"]])
    else:
        for key, value in raw.items():
            yield text(value) or key if isinstance(value, str) else key
