"""The account: what was charged to whom in which hour, and what is left."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from novita_mcp.simulator.lives import CHANGING, TURNING

FREE_ROOTFS_GB = 60
ROOTFS_USD_PER_GB_DAY = Decimal("0.005")
VOLUME_USD_PER_GB_DAY = Decimal("0.002")
HOURS_PER_DAY = Decimal(24)
SECONDS_PER_HOUR = Decimal(3600)

GPU_BILLED = (TURNING | CHANGING | {"pulling", "running"}) - {"toStart", "freezing"}
DISK_BILLED = GPU_BILLED | {"exited", "toStart"}


def rootfs_hourly_usd(rootfs_gb: int) -> Decimal:
    """Return what a root disk costs per hour beyond the free 60 GB."""
    return max(rootfs_gb - FREE_ROOTFS_GB, 0) * ROOTFS_USD_PER_GB_DAY / HOURS_PER_DAY


def volume_hourly_usd(size_gb: int) -> Decimal:
    """Return what a network volume costs per hour."""
    return size_gb * VOLUME_USD_PER_GB_DAY / HOURS_PER_DAY


@dataclass(frozen=True)
class Charge:
    """What one owner ran up within one clock hour."""

    owner_id: str
    category: str
    hour: datetime
    product_id: str
    product_name: str
    price_raw: int = 0
    gpu_seconds: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)


@dataclass(frozen=True)
class Purchase:
    """A subscription paid in advance."""

    owner_id: str
    product_name: str
    trade_type: str
    at: datetime
    until: datetime
    month: int
    gpu_num: int
    usd: Decimal


@dataclass(frozen=True)
class Rate:
    """What an owner costs per hour during a stretch of time."""

    owner_id: str
    category: str
    product_id: str
    product_name: str
    hourly_usd: Decimal
    price_raw: int = 0
    gpus: int = 0


@dataclass
class Account:
    """Money put in, money spent and the books that add up to it."""

    paid_in_usd: Decimal
    charges: dict[tuple[str, datetime], Charge] = field(default_factory=dict)
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def spent_usd(self) -> Decimal:
        """Everything charged so far."""
        charged = sum((charge.usd for charge in self.charges.values()), Decimal(0))
        return charged + sum((purchase.usd for purchase in self.purchases), Decimal(0))

    @property
    def available_usd(self) -> Decimal:
        """What is left; it can fall below zero."""
        return self.paid_in_usd - self.spent_usd

    def set_available(self, usd: Decimal) -> None:
        """Pay in, or take out, until `usd` is left."""
        self.paid_in_usd = self.spent_usd + usd

    def charge(self, rate: Rate, start: datetime, end: datetime) -> None:
        """Book a stretch of time, hour by hour."""
        for hour, seconds in _by_hour(start, end):
            booked = self.charges.get((rate.owner_id, hour))
            self.charges[rate.owner_id, hour] = Charge(
                owner_id=rate.owner_id,
                category=rate.category,
                hour=hour,
                product_id=rate.product_id,
                product_name=rate.product_name,
                price_raw=rate.price_raw or (booked.price_raw if booked else 0),
                gpu_seconds=seconds * rate.gpus + (booked.gpu_seconds if booked else 0),
                usd=rate.hourly_usd * seconds / SECONDS_PER_HOUR + (booked.usd if booked else 0),
            )


def _by_hour(start: datetime, end: datetime) -> Iterator[tuple[datetime, Decimal]]:
    while start < end:
        hour = start.replace(minute=0, second=0, microsecond=0)
        piece_end = min(end, hour + timedelta(hours=1))
        yield hour, Decimal(str((piece_end - start).total_seconds()))
        start = piece_end
