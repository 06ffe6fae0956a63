"""Leases: how long an instance may run, what is due, and what a person should be reminded of."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from novita_mcp.domain.base import third_party, usd
from novita_mcp.domain.history.entries import Entry, EntryKind
from novita_mcp.domain.history.folds import Ownership, owned_instances

REMIND_BEFORE = timedelta(minutes=15)
TOLD_FOR = timedelta(hours=1)
"""How long the results of other tools tell of a request that turned out to have been carried out."""
SECONDS_PER_HOUR = 3600


def due(entries: Iterable[Entry], now: datetime) -> tuple[Ownership, ...]:
    """The instances of ours whose lease has run out and that no line shows as stopped."""
    owned = owned_instances(entries).values()
    return tuple(one for one in owned if one.running and one.lease is not None and one.lease.until <= now)


def reminders(entries: Iterable[Entry], now: datetime) -> Iterator[str]:
    """What rides on the results of other tools: late arrivals, leases near their end, and stops that failed."""
    lines = tuple(entries)
    owned = owned_instances(lines)
    yield from _arrivals(lines, owned, now)
    for one in owned.values():
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


def _arrivals(entries: Iterable[Entry], owned: Mapping[str, Ownership], now: datetime) -> Iterator[str]:
    """Whoever asked for these was told that it is not known, or not so."""
    for entry in entries:
        one = owned.get(entry.instance_id or "")
        recent = entry.kind is EntryKind.SETTLED and abs(now - entry.at) <= TOLD_FOR
        if not recent or one is None or not one.running or entry.facts.get("happened") != "yes":
            continue
        if entry.facts.get("action") in {"create", "start"}:
            yield (
                f"FOUND: the {entry.facts['action']} of {entry.plan_id}, whose answer was lost, did happen: "
                f"{one.instance_id} {third_party(one.name, 60)} costs {usd(one.hourly_usd)}/h. Do not ask for it "
                "again; use it, or end its cost with stop_gpu_instance or delete_gpu_instance."
            )


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
