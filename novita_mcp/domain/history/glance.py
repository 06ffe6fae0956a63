"""Who spends what at a glance: each instance with its cost, its lease and its yes, the doubtful ones first."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from novita_mcp.domain.base import Record, Usd, brief
from novita_mcp.domain.fleet import Fleet, FleetMember
from novita_mcp.domain.history.asked import DIALOG, PAGE, TERMINAL, WINDOW
from novita_mcp.domain.history.entries import Entry
from novita_mcp.domain.history.folds import Ownership, owned_instances, spent_estimate
from novita_mcp.domain.history.leases import hours_between
from novita_mcp.domain.spending import incurred_usd
from novita_mcp.domain.startup import duration

IDLE_PERCENT = 5.0
WATCHED_FOR = timedelta(minutes=30)
"""A GPU that did nothing for this long is called idle."""
NEW_FOR = timedelta(hours=1)
"""An instance without a lease is not yet called forgotten for this long."""
WHO: Mapping[str, str] = MappingProxyType(
    {
        DIALOG: "a person in the client's dialog",
        PAGE: "a person on the page",
        TERMINAL: "a person in a terminal",
        WINDOW: "a person beforehand, by a window",
        "confirm": "nobody: the agent's second call",
        "policy": "nobody: the guardrails alone",
    }
)


class Spender(Record):
    """One instance; null where it is not known, or there is no lease."""

    instance_id: str
    name: str
    status: str
    hourly_now: Usd | None
    cost_so_far: Usd | None
    lease_hours_left: Usd | None
    approved_by: str
    notice: str = ""


def fleet_spenders(
    fleet: Fleet, entries: Iterable[Entry], now: datetime, gpu_percent: Mapping[str, float]
) -> tuple[Spender, ...]:
    """Everything that exists; `gpu_percent` has the busiest moment lately of those that were asked."""
    lines = tuple(entries)
    owned = owned_instances(lines)
    spenders = (
        _member(member, owned.get(member.instance.instance_id), lines, now, gpu_percent) for member in fleet.members
    )
    return tuple(sorted(spenders, key=_doubtful_first))


def recorded_spenders(entries: Iterable[Entry], now: datetime) -> tuple[Spender, ...]:
    """What exists by the ledger alone."""
    lines = tuple(entries)
    spenders = (_recorded(one, lines, now) for one in owned_instances(lines).values())
    return tuple(sorted(spenders, key=_doubtful_first))


def _doubtful_first(spender: Spender) -> tuple[bool, Decimal]:
    return not spender.notice, -(spender.hourly_now or Decimal(0))


def _member(
    member: FleetMember,
    one: Ownership | None,
    lines: tuple[Entry, ...],
    now: datetime,
    gpu_percent: Mapping[str, float],
) -> Spender:
    instance = member.instance
    started = instance.created_at or now
    return Spender(
        instance_id=instance.instance_id,
        name=brief(instance.name, 60),
        status=instance.status,
        hourly_now=member.hourly_usd if instance.runs else member.stopped_hourly_usd,
        cost_so_far=incurred_usd((member,), started, now) if one is None else _cost(one, lines, now),
        lease_hours_left=_left(member.lease_until, now),
        approved_by="unknown: not created here" if one is None else _approved_by(one),
        notice="; ".join(_doubts(member, now, gpu_percent.get(instance.instance_id))),
    )


def _recorded(one: Ownership, lines: tuple[Entry, ...], now: datetime) -> Spender:
    until = one.lease.until if one.lease else None
    doubts = _lease_doubts(until, now - one.created_at, now) if one.running else ()
    return Spender(
        instance_id=one.instance_id,
        name=brief(one.name, 60),
        status="running" if one.running else "stopped",
        hourly_now=one.hourly_usd if one.running else one.stopped_hourly_usd,
        cost_so_far=_cost(one, lines, now),
        lease_hours_left=_left(until, now),
        approved_by=_approved_by(one),
        notice="; ".join(doubts),
    )


def _doubts(member: FleetMember, now: datetime, busiest_percent: float | None) -> Iterator[str]:
    """Why somebody should look: nothing ends it, its end is over, or nobody uses it."""
    instance = member.instance
    if instance.status != "running" or instance.billing_mode == "monthly":
        return
    ran = now - (instance.last_started_at or instance.created_at or now)
    yield from _lease_doubts(member.lease_until, ran, now)
    if busiest_percent is not None and busiest_percent < IDLE_PERCENT and ran >= WATCHED_FOR:
        yield f"its GPU was idle for {duration(WATCHED_FOR)} (never above {busiest_percent:.0f} %)"


def _lease_doubts(until: datetime | None, ran: timedelta, now: datetime) -> Iterator[str]:
    if until is None and ran >= NEW_FOR:
        yield f"has run for {duration(ran)} without a lease"
    elif until is not None and until <= now:
        yield f"its lease ended {duration(now - until)} ago and it still runs"


def _cost(one: Ownership, lines: tuple[Entry, ...], now: datetime) -> Decimal:
    plans = {line.plan_id for line in lines if line.plan_id and line.instance_id == one.instance_id} | {one.plan_id}
    mine = (line for line in lines if line.plan_id in plans or line.instance_id == one.instance_id)
    return spent_estimate(mine, one.created_at, now)


def _left(until: datetime | None, now: datetime) -> Decimal | None:
    return None if until is None else max(Decimal(0), hours_between(now, until))


def _approved_by(one: Ownership) -> str:
    how = WHO.get(one.channel, one.channel or "unknown")
    return f"{how} ({brief(one.approved_by, 40)})" if one.approved_by else how
