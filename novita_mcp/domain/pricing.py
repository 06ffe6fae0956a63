"""From a request and a product to a quote, in exact decimals.

Rates and formula: API reference, section 3; Novita's pricing guide states them per day.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Literal

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.models import (
    HOURS_PER_MONTH,
    BillingMode,
    Instance,
    NetworkStorage,
    Product,
)

ROOTFS_USD_PER_GB_DAY = Decimal("0.005")
VOLUME_USD_PER_GB_DAY = Decimal("0.002")
FREE_ROOTFS_GB = 60
HOURS_PER_DAY = Decimal(24)
MONTHLY_UNITS = (Decimal(100_000), Decimal(10_000))
"""The two readings of a subscription price; which one holds is not settled (section 3.3)."""
PLAUSIBLE_SHARE = (Decimal("0.4"), Decimal("1.1"))
"""A month costs this share of 730 hours on demand, or the reading is wrong."""


class QuoteLine(Record):
    """One part of the price, in USD per hour; unknown is said, never guessed."""

    item: str
    hourly: Usd | None


class Quote(Record):
    """What a plan costs in USD, with every assumption it rests on."""

    currency: Literal["USD"] = "USD"
    hourly: Usd | None
    daily: Usd | None
    monthly: Usd | None
    upfront: Usd | None
    stopped_hourly: Usd
    lease_total: Usd | None
    lines: tuple[QuoteLine, ...]
    assumptions: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether every figure that guardrails need is known."""
        return self.hourly is not None and self.upfront is not None


class Machine(Record):
    """What the price depends on: one product, so many GPUs, a disk and a way of paying.

    A subscription without months is one that exists and is paid.
    """

    product: Product | None
    gpu_num: int
    rootfs_gb: int
    free_rootfs_gb: int = FREE_ROOTFS_GB
    billing_mode: BillingMode
    months: int = 0
    volumes: tuple[NetworkStorage, ...] = ()

    @property
    def prepaid(self) -> bool:
        """Whether its GPUs were paid for up front, before this quote."""
        return self.billing_mode == "monthly" and not self.months


def quote(machine: Machine, *, lease_hours: Decimal | None = None) -> Quote:
    """Price a machine; `lease_hours` adds what the whole lease would cost."""
    upfront = Decimal(0) if machine.prepaid else _upfront(machine)
    compute = Decimal(0) if machine.prepaid else _compute_hourly(machine, upfront)
    disk = disk_hourly(machine.rootfs_gb, machine.free_rootfs_gb)
    hourly = None if compute is None else compute + disk
    return Quote(
        hourly=hourly,
        daily=_times(hourly, HOURS_PER_DAY),
        monthly=_times(hourly, HOURS_PER_MONTH),
        upfront=upfront,
        stopped_hourly=disk,
        lease_total=None if lease_hours is None else _times(hourly, lease_hours),
        lines=tuple(_lines(machine, compute, disk)),
        assumptions=tuple(_assumptions(machine, hourly, upfront)),
    )


def machine_of(instance: Instance, product: Product | None) -> Machine:
    """The machine that an existing instance is; the price of a CPU product includes its disk."""
    free = instance.free_rootfs_gb
    return Machine(
        product=product,
        gpu_num=instance.gpu_num,
        rootfs_gb=0 if instance.kind == "cpu" else instance.rootfs_gb,
        free_rootfs_gb=FREE_ROOTFS_GB if free is None else free,
        billing_mode=instance.billing_mode,
    )


def disk_hourly(rootfs_gb: int, free_gb: int = FREE_ROOTFS_GB) -> Decimal:
    """USD per hour for the root disk beyond the free quota, running or stopped."""
    return max(0, rootfs_gb - free_gb) * ROOTFS_USD_PER_GB_DAY / HOURS_PER_DAY


def unit_hourly(product: Product, billing_mode: BillingMode) -> Decimal | None:
    """USD per GPU and hour, or None where Novita names no usable price."""
    return product.spot_hourly_usd if billing_mode == "spot" else product.on_demand_hourly_usd


def _compute_hourly(machine: Machine, upfront: Decimal | None) -> Decimal | None:
    if machine.product is None:
        return None
    if machine.billing_mode == "monthly":
        return None if upfront is None else upfront / (machine.months * HOURS_PER_MONTH)
    unit = unit_hourly(machine.product, machine.billing_mode)
    return None if unit is None else unit * _units(machine)


def _upfront(machine: Machine) -> Decimal | None:
    if machine.billing_mode != "monthly":
        return Decimal(0)
    if machine.product is None:
        return None
    per_month = monthly_usd(machine.product, machine.months)
    return None if per_month is None else per_month * machine.months * _units(machine)


def monthly_usd(product: Product, months: int) -> Decimal | None:
    """USD per GPU and month if exactly one reading of the offer is plausible, else None."""
    on_demand = product.on_demand_hourly_usd
    offer = next((offer for offer in product.monthly_offers if offer.months == months), None)
    if offer is None or on_demand is None:
        return None
    low, high = (on_demand * HOURS_PER_MONTH * share for share in PLAUSIBLE_SHARE)
    readings = {offer.raw_price / unit / period for unit in MONTHLY_UNITS for period in (1, offer.months)}
    plausible = [reading for reading in readings if low <= reading <= high]
    return plausible[0] if len(plausible) == 1 else None


def _units(machine: Machine) -> int:
    is_cpu = machine.product is not None and machine.product.kind == "cpu"
    return 1 if is_cpu else machine.gpu_num


def _lines(machine: Machine, compute: Decimal | None, disk: Decimal) -> Iterator[QuoteLine]:
    name = machine.product.name if machine.product else "unknown product"
    yield QuoteLine(item=f"{_units(machine)} × {name}, {machine.billing_mode}", hourly=compute)
    if disk:
        beyond = machine.rootfs_gb - machine.free_rootfs_gb
        yield QuoteLine(item=f"root disk, {beyond} GB beyond the free {machine.free_rootfs_gb} GB", hourly=disk)
    for volume in machine.volumes:
        already = f"${volume_hourly(volume):.4f}/h, already billed with or without this instance"
        yield QuoteLine(item=f"network volume {volume.storage_id}, {volume.size_gb} GB ({already})", hourly=Decimal(0))


def volume_hourly(volume: NetworkStorage) -> Decimal:
    """USD per hour for a network volume, for as long as it exists."""
    return volume.size_gb * VOLUME_USD_PER_GB_DAY / HOURS_PER_DAY


def _assumptions(machine: Machine, hourly: Decimal | None, upfront: Decimal | None) -> Iterator[str]:
    return chain(_price_doubts(machine, hourly, upfront), _disk_doubts(machine))


def _price_doubts(machine: Machine, hourly: Decimal | None, upfront: Decimal | None) -> Iterator[str]:
    if machine.prepaid:
        yield "This subscription is paid already: only its disk beyond the free quota costs by the hour."
    elif machine.billing_mode == "monthly":
        yield from _subscription_doubts(upfront)
    elif hourly is None:
        yield "The price is unknown: Novita names none for this billing mode, or none from $0.01 to $50 an hour."
    else:
        yield "Prices are Novita's list prices per GPU and hour, read just now, without discounts and vouchers."
        yield "Billing runs per second from the image pull until the instance is stopped. A month is 730 hours."
    if machine.billing_mode == "spot":
        yield "Spot can be reclaimed after its first hour, with one hour's notice (Novita's guide; may change)."
    if machine.product is not None and machine.product.kind == "cpu":
        yield "The unit of CPU prices is not documented; it is taken to be 1/100000 USD per hour for the whole product."


def _subscription_doubts(upfront: Decimal | None) -> Iterator[str]:
    if upfront is None:
        yield "The subscription price is unknown: its unit is not settled and no single reading is plausible."
        return
    yield (
        "The unit of subscription prices is not settled; this is the only reading that lands within "
        "40 to 110 % of 730 hours on demand, taken per GPU and month."
    )
    yield "A subscription is paid up front and cannot be deleted early; hourly is the upfront price spread out."


def _disk_doubts(machine: Machine) -> Iterator[str]:
    if machine.rootfs_gb > machine.free_rootfs_gb:
        yield (
            f"Estimate: disk beyond {machine.free_rootfs_gb} GB free costs $0.005 per GB and day, "
            "running or stopped; the free amount may vary with the account's plan."
        )
    if machine.volumes:
        yield "Estimate: network volumes cost $0.002 per GB and day while they exist; they are not added again here."


def _times(amount: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if amount is None else amount * factor


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of the known amounts."""
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
