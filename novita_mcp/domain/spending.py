"""Money over time: what a period will have cost when it ends."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.fleet import Fleet, FleetMember
from novita_mcp.domain.pricing import total


class Spent(Record):
    """USD spent in a period so far; `doubt` says why it may be more, or is empty."""

    usd: Usd
    doubt: str = ""


def month_start(now: datetime) -> datetime:
    """The first second of the month in UTC, in which Novita bills."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(now: datetime) -> datetime:
    """The first second of the next month in UTC."""
    return month_start(month_start(now) + timedelta(days=32))


def day_start(now: datetime) -> datetime:
    """The first second of the day in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_end(now: datetime) -> datetime:
    """The first second of the next day in UTC."""
    return day_start(now) + timedelta(days=1)


def committed_usd(fleet: Fleet, now: datetime, until: datetime) -> Decimal:
    """USD that what exists will cost until the period ends, or its lease does."""
    return total(_commitments(fleet, now, until))


def cost_until(
    hourly: Decimal,
    now: datetime,
    until: datetime,
    lease_hours: Decimal | None,
    stopped_hourly: Decimal = Decimal(0),
) -> Decimal:
    """USD for one machine until the period ends; past its lease only its disk costs."""
    period = _hours(now, until)
    running = period if lease_hours is None else min(period, lease_hours)
    return running * hourly + (period - running) * stopped_hourly


def incurred_usd(members: Iterable[FleetMember], since: datetime, now: datetime) -> Decimal:
    """USD that what runs has cost since then or since its start; where that is unknown, for the whole time."""
    return total(_incurred(member, since, now) for member in members if member.instance.runs)


def _incurred(member: FleetMember, since: datetime, now: datetime) -> Decimal | None:
    started = member.instance.last_started_at or member.instance.created_at or since
    return None if member.hourly_usd is None else member.hourly_usd * _hours(max(since, started), now)


def _commitments(fleet: Fleet, now: datetime, until: datetime) -> Iterator[Decimal]:
    for member in fleet.members:
        if not member.instance.runs:
            yield member.stopped_hourly_usd * _hours(now, until)
        elif member.hourly_usd is not None:
            yield cost_until(member.hourly_usd, now, until, _left(now, member.lease_until), member.stopped_hourly_usd)
    for create in fleet.pending:
        if create.hourly_usd is not None:
            yield cost_until(create.hourly_usd, now, until, _left(now, create.lease_until))


def _left(now: datetime, until: datetime | None) -> Decimal | None:
    """Hours of a lease; one that is over and ended nothing cannot be relied upon."""
    return None if until is None or until <= now else _hours(now, until)


def _hours(start: datetime, end: datetime) -> Decimal:
    return max(Decimal(0), Decimal((end - start) // timedelta(seconds=1)) / 3600)
