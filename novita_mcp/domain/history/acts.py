"""What was asked of Novita and what became of it, read out of the ledger's lines.

Lines count in the order of `seq`, whatever their clock says.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal

from pydantic import AwareDatetime, ConfigDict

from novita_mcp.domain.base import Record
from novita_mcp.domain.history.entries import Entry, EntryKind, Happened, LeaseSet, Observed, Sent, Settled

_OBSERVED_AS = {"running": "started", "exited": "stop", "gone": "delete"}
"""`started` is not our `start`: somebody else did it, so the lease stays as it was."""


class Lease(Record):
    """How long an instance may run."""

    until: AwareDatetime
    hours: Decimal | None = None


class Intent(Sent):
    """A request that was sent; `seq` is its line."""

    model_config = ConfigDict(extra="ignore")

    plan_id: str
    seq: int
    sent_at: AwareDatetime

    @property
    def lease(self) -> Lease | None:
        """The lease that rode on the request, so that a crash right after it does not lose it."""
        if self.lease_hours is None:
            return None
        until = self.sent_at + timedelta(hours=float(self.lease_hours))
        return Lease(until=until, hours=self.lease_hours)


class Act(Record):
    """Something that happened to an instance; `intent` is the request that caused it, if one did."""

    action: str
    instance_id: str
    entry: Entry
    intent: Intent | None = None
    lease: Lease | None = None


def open_intents(entries: Iterable[Entry]) -> tuple[Intent, ...]:
    """The requests whose outcome no line states yet, oldest first."""
    intents: dict[str, Intent] = {}
    for entry in entries:
        if entry.kind is EntryKind.SENDING:
            intent = intent_of(entry)
            intents[intent.plan_id] = intent
        elif entry.kind in {EntryKind.DONE, EntryKind.REFUSED, EntryKind.SETTLED} and entry.plan_id:
            intents.pop(entry.plan_id, None)
    return tuple(intents.values())


def acts(entries: Iterable[Entry]) -> Iterator[Act]:
    """What happened, in the order in which it became known."""
    intents: dict[str | None, Intent] = {}
    for entry in entries:
        if entry.kind is EntryKind.SENDING:
            intents[entry.plan_id] = intent_of(entry)
        elif entry.kind in {EntryKind.DONE, EntryKind.SETTLED} and not is_absence(entry):
            yield from _carried_out(entry, intents.get(entry.plan_id))
        elif entry.instance_id is not None:
            yield from _noted(entry, entry.instance_id)


def _carried_out(entry: Entry, intent: Intent | None) -> Iterator[Act]:
    stated = Happened.model_validate(entry.facts)
    action = stated.action or (intent.action if intent else None)
    instance_id = entry.instance_id or stated.instance_id or (intent.instance_id if intent else None)
    if action is not None and instance_id is not None:
        lease = intent.lease if intent else None
        yield Act(action=action, instance_id=instance_id, entry=entry, intent=intent, lease=lease)


def _noted(entry: Entry, instance_id: str) -> Iterator[Act]:
    match entry.kind:
        case EntryKind.LEASE_SET:
            stated = LeaseSet.model_validate(entry.facts)
            lease = Lease(until=stated.until, hours=stated.hours)
            yield Act(action="lease", instance_id=instance_id, entry=entry, lease=lease)
        case EntryKind.LEASE_ENDED:
            yield Act(action="lease", instance_id=instance_id, entry=entry)
        case EntryKind.REAPED:
            yield Act(action="reap", instance_id=instance_id, entry=entry)
        case EntryKind.OBSERVED:
            action = _OBSERVED_AS[Observed.model_validate(entry.facts).status]
            yield Act(action=action, instance_id=instance_id, entry=entry)
        case _:
            return


def intent_of(entry: Entry) -> Intent:
    """The request that a `sending` line announces."""
    stated = Sent.model_validate(entry.facts)
    return Intent.model_validate(
        {
            **stated.model_dump(by_alias=False),
            "plan_id": entry.plan_id,
            "instance_id": entry.instance_id or stated.instance_id,
            "seq": entry.seq,
            "sent_at": stated.sent_at or entry.at,
        }
    )


def is_absence(entry: Entry) -> bool:
    """Whether the line says that a request did not happen."""
    return entry.kind is EntryKind.SETTLED and Settled.model_validate(entry.facts).happened == "no"
