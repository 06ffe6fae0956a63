"""What our own instances have cost by the ledger alone, for when Novita's bills cannot be read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Literal

from novita_mcp.domain.base import Record
from novita_mcp.domain.history.acts import Act, Intent, acts, open_intents
from novita_mcp.domain.history.entries import Entry

NOTHING = Decimal(0)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_HOUR = Decimal(timedelta(hours=1) // MICROSECOND)
NO_SPEND = frozenset({"stop", "restart", "delete", "extend"})


class Span(Record):
    """When a line was written, at the earliest and at the latest: a clock may have been turned."""

    earliest: datetime
    latest: datetime


class Reading(Record):
    """From `at` on an instance is in this state, at these rates; `upfront_usd` fell due then."""

    at: datetime
    state: Literal["running", "stopped", "gone"]
    running_usd: Decimal = NOTHING
    stopped_usd: Decimal = NOTHING
    upfront_usd: Decimal = NOTHING

    @property
    def hourly_usd(self) -> Decimal:
        """USD per hour in this state."""
        return {"running": self.running_usd, "stopped": self.stopped_usd, "gone": NOTHING}[self.state]


def spent_estimate(entries: Iterable[Entry], since: datetime, now: datetime) -> Decimal:
    """USD from `since` to `now`; a request without an outcome counts as if it had happened.

    Instances whose price was not known count nothing.
    """
    lines = tuple(entries)
    spans = _spans(lines, now)
    meters: defaultdict[str, list[Reading]] = defaultdict(list)
    for act in acts(lines):
        meter = meters[act.instance_id]
        meter.extend(_read(act, meter[-1:], spans))
    for intent in open_intents(lines):
        meters[intent.instance_id or intent.plan_id].extend(_started(intent, spans))
    return sum((_cost(meter, since, now) for meter in meters.values()), NOTHING)


def _spans(lines: tuple[Entry, ...], now: datetime) -> Mapping[int, Span]:
    """A line is no later than any that follows it, and no earlier than any before it."""
    written = [line.at for line in lines]
    latest = (min(at, now) for at in accumulate(written, max))
    earliest = tuple(accumulate((now, *reversed(written)), min))[:0:-1]
    each = zip(lines, earliest, latest, strict=True)
    return {line.seq: Span(earliest=first, latest=last) for line, first, last in each}


def _read(act: Act, last: list[Reading], spans: Mapping[int, Span]) -> list[Reading]:
    """The meter after an act; starts count from their request, stops from when they were known."""
    seen = spans[act.entry.seq]
    match act.action:
        case "delete":
            return [reading.model_copy(update=_turn(seen.latest, "gone")) for reading in last]
        case "stop" | "reap":
            return [reading.model_copy(update=_turn(seen.latest, "stopped")) for reading in last]
        case "started":
            return [reading.model_copy(update=_turn(seen.earliest, "running")) for reading in last]
        case _:
            return _started(act.intent, spans) if act.intent else []


def _turn(at: datetime, state: str) -> dict[str, datetime | str | Decimal]:
    return {"at": at, "state": state, "upfront_usd": NOTHING}


def _started(intent: Intent, spans: Mapping[int, Span]) -> list[Reading]:
    """A subscription costs what was paid for it, once; anything else costs by the hour."""
    if intent.hourly_usd is None or intent.action in NO_SPEND:
        return []
    upfront = intent.upfront_usd or NOTHING
    reading = Reading(
        at=spans[intent.seq].earliest,
        state="running",
        running_usd=NOTHING if upfront else intent.hourly_usd,
        stopped_usd=intent.stopped_hourly_usd or NOTHING,
        upfront_usd=NOTHING if intent.action == "start" else upfront,
    )
    return [reading]


def _cost(meter: list[Reading], since: datetime, now: datetime) -> Decimal:
    ends = (*meter, Reading(at=now, state="gone"))
    by_the_hour = (_between(reading, following.at, since) for reading, following in pairwise(ends))
    return sum(by_the_hour, sum((reading.upfront_usd for reading in meter if reading.at >= since), NOTHING))


def _between(reading: Reading, end: datetime, since: datetime) -> Decimal:
    length = Decimal((end - max(reading.at, since)) // MICROSECOND)
    return max(NOTHING, length * reading.hourly_usd / MICROSECONDS_PER_HOUR)
