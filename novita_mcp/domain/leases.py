"""Leases: how long an instance may run, what is due, and what a person should be reminded of."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from novita_mcp.domain.display import third_party, usd
from novita_mcp.domain.entries import Entry, EntryKind
from novita_mcp.domain.history import Ownership, owned_instances

REMIND_BEFORE = timedelta(minutes=15)
SECONDS_PER_HOUR = 3600


def due(entries: Iterable[Entry], now: datetime) -> tuple[Ownership, ...]:
    """The instances of ours whose lease has run out and that no line shows as stopped."""
    owned = owned_instances(entries).values()
    return tuple(one for one in owned if one.running and one.lease is not None and one.lease.until <= now)


def reminders(entries: Iterable[Entry], now: datetime) -> Iterator[str]:
    """What rides on the results of other tools: leases near their end, and stops that failed."""
    lines = tuple(entries)
    for one in owned_instances(lines).values():
        if not one.running or one.lease is None:
            continue
        left = one.lease.until - now
        if left <= timedelta(0):
            yield _overdue(one, lines)
        elif left <= REMIND_BEFORE:
            yield _ending(one, left, now)


def cost_so_far(one: Ownership, now: datetime) -> Decimal | None:
    """USD since it was created, at its price when approved; an upper bound if it was ever stopped."""
    return None if one.hourly_usd is None else one.hourly_usd * hours_between(one.created_at, now)


def hours_between(start: datetime, end: datetime) -> Decimal:
    """Hours, to the second."""
    return Decimal((end - start) // timedelta(seconds=1)) / SECONDS_PER_HOUR


def last_failure(entries: Iterable[Entry], instance_id: str) -> Entry | None:
    """The latest failed stop of an instance whose lease is over."""
    failed = [entry for entry in entries if entry.kind is EntryKind.REAP_FAILED and entry.instance_id == instance_id]
    return failed[-1] if failed else None


def _ending(one: Ownership, left: timedelta, now: datetime) -> str:
    minutes = max(1, left // timedelta(minutes=1))
    spent = usd(cost_so_far(one, now), 2)
    return (
        f"Lease: {one.instance_id} {third_party(one.name, 60)} is stopped in {minutes} min; {spent} so far. "
        "Save what matters, or ask the person about a longer lease."
    )


def _overdue(one: Ownership, entries: tuple[Entry, ...]) -> str:
    failure = last_failure(entries, one.instance_id)
    why = f" Stopping it FAILED: {failure.facts.get('why', '')}" if failure else ""
    return (
        f"LEASE OVER: {one.instance_id} {third_party(one.name, 60)} should have been stopped at "
        f"{one.lease.until if one.lease else '':%Y-%m-%d %H:%M} UTC and still costs {usd(one.hourly_usd)}/h.{why} "
        "Tell the person: stop_gpu_instance, or Novita's console."
    )
