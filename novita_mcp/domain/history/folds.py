"""What the ledger's lines add up to: open requests, instances of ours, leases, approvals.

Lines count in the order of `seq`. Where the clock or an outcome is in doubt, more is counted, never less.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from pydantic import AwareDatetime

from novita_mcp.domain.base import Record
from novita_mcp.domain.history.acts import Act, Intent, Lease, acts, intent_of, is_absence, open_intents
from novita_mcp.domain.history.entries import Approved, Entry, EntryKind
from novita_mcp.domain.history.metering import spent_estimate

__all__ = [
    "Approval",
    "Intent",
    "Lease",
    "Ownership",
    "approvals",
    "open_intents",
    "owned_instances",
    "recent_absences",
    "spent_estimate",
    "still_needed",
]

WATCHED_FOR = timedelta(minutes=15)
"""How long a request that left no trace may still be carried out late."""

REMEMBERED_FOR = timedelta(days=40)
"""How long costs are kept at hand: the longest month, and a margin."""

_NO = frozenset({EntryKind.DECLINED, EntryKind.CANCELLED})
_COSTS = frozenset({EntryKind.SENDING, EntryKind.DONE, EntryKind.SETTLED, EntryKind.REAPED, EntryKind.OBSERVED})
_WINDOWS = frozenset({EntryKind.WINDOW_OPENED, EntryKind.WINDOW_CLOSED})

_EFFECTS: Mapping[str, Mapping[str, bool | None]] = MappingProxyType(
    {
        "start": {"running": True},
        "started": {"running": True, "exists": True},
        "stop": {"running": False},
        "reap": {"running": False, "lease": None},
        "delete": {"running": False, "exists": False},
    }
)


class Ownership(Record):
    """An instance that this ledger created, as its lines tell it."""

    instance_id: str
    plan_id: str
    marker: str | None
    name: str
    created_at: AwareDatetime
    gpu_num: int | None
    hourly_usd: Decimal | None
    stopped_hourly_usd: Decimal | None
    lease: Lease | None
    approved_by: str
    channel: str
    running: bool = True
    exists: bool = True


class Approval(Record):
    """A yes to one plan; `hourly_usd` and `digest` are what it was given for."""

    plan_id: str
    at: AwareDatetime
    channel: str
    approved_by: str
    hourly_usd: Decimal | None
    digest: str


def recent_absences(
    entries: Iterable[Entry], now: datetime, watched_for: timedelta = WATCHED_FOR
) -> tuple[Intent, ...]:
    """The requests found not to have happened so lately that they may still arrive."""
    intents: dict[str, Intent] = {}
    absent: dict[str, Intent] = {}
    for entry in entries:
        plan_id = entry.plan_id or ""
        if entry.kind is EntryKind.SENDING:
            intents[plan_id] = intent_of(entry)
        elif is_absence(entry) and plan_id in intents and entry.at > now - watched_for:
            absent[plan_id] = intents[plan_id]
        elif entry.kind in {EntryKind.DONE, EntryKind.SETTLED}:
            absent.pop(plan_id, None)
    return tuple(absent.values())


def approvals(entries: Iterable[Entry], plan_id: str) -> tuple[Approval, ...]:
    """The yeses to a plan that no later no has taken back, oldest first."""
    given: list[Approval] = []
    for entry in entries:
        if entry.plan_id == plan_id and entry.kind in _NO:
            given.clear()
        elif entry.plan_id == plan_id and entry.kind is EntryKind.APPROVED:
            given.append(_approval(entry))
    return tuple(given)


def owned_instances(entries: Iterable[Entry]) -> dict[str, Ownership]:
    """The instances created here and not deleted since, by their id."""
    lines = tuple(entries)
    yeses = {entry.plan_id: _approval(entry) for entry in lines if entry.kind is EntryKind.APPROVED}
    owned: dict[str, Ownership] = {}
    for act in acts(lines):
        known = owned.get(act.instance_id)
        if known is not None:
            owned[act.instance_id] = _changed(known, act)
        elif act.action == "create" and act.intent is not None:
            owned[act.instance_id] = _created(act, act.intent, yeses.get(act.intent.plan_id))
    return {instance_id: ownership for instance_id, ownership in owned.items() if ownership.exists}


def _approval(entry: Entry) -> Approval:
    stated = Approved.model_validate(entry.facts)
    return Approval.model_validate(
        {**stated.model_dump(by_alias=False), "plan_id": entry.plan_id or "", "at": entry.at}
    )


def _created(act: Act, intent: Intent, approval: Approval | None) -> Ownership:
    return Ownership(
        instance_id=act.instance_id,
        plan_id=intent.plan_id,
        marker=intent.marker,
        name=intent.name,
        created_at=intent.sent_at,
        gpu_num=intent.gpu_num,
        hourly_usd=intent.hourly_usd,
        stopped_hourly_usd=intent.stopped_hourly_usd,
        lease=act.lease,
        approved_by=approval.approved_by if approval else "",
        channel=approval.channel if approval else "",
    )


def _changed(owned: Ownership, act: Act) -> Ownership:
    lease = {"lease": act.lease} if act.action in {"lease", "start"} else {}
    return owned.model_copy(update={**_prices(act.intent), **lease, **_EFFECTS.get(act.action, {})})


def _prices(intent: Intent | None) -> dict[str, Decimal]:
    if intent is None:
        return {}
    prices = {"hourly_usd": intent.hourly_usd, "stopped_hourly_usd": intent.stopped_hourly_usd}
    return {name: usd for name, usd in prices.items() if usd is not None}


def still_needed(entries: Iterable[Entry], now: datetime) -> tuple[Entry, ...]:
    """The lines that these functions still need, when all other old ones go to an archive."""
    lines = tuple(entries)
    owned = owned_instances(lines)
    plans = {intent.plan_id for intent in (*open_intents(lines), *recent_absences(lines, now))}
    plans |= {ownership.plan_id for ownership in owned.values()}
    plans |= {line.plan_id for line in lines if line.plan_id and line.instance_id in owned}
    recent = now - REMEMBERED_FOR
    return tuple(
        line
        for line in lines
        if line.plan_id in plans or line.instance_id in owned or (line.kind in _COSTS | _WINDOWS and line.at >= recent)
    )
