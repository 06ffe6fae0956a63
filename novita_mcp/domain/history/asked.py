"""What people were asked and said, as the ledger's lines tell it: who waits, how often, and after which no."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from novita_mcp.domain.base import Record, usd
from novita_mcp.domain.history.entries import Approved, Entry, EntryKind, Requested
from novita_mcp.domain.history.folds import approvals
from novita_mcp.domain.plans import Plan

DIALOG, PAGE, TERMINAL, WINDOW = "elicitation", "page", "terminal", "window"
SHOWN = frozenset({DIALOG, PAGE})
"""The channels that come to the person by themselves, and so can be too much."""
APPROVAL_LIFE = timedelta(minutes=10)
COUNTED_FOR = timedelta(hours=1)
FIRST_REST = timedelta(seconds=20)
"""Long enough to stop a repeat, short enough for a person who wants something else; it triples with each no."""
LONGEST_REST = timedelta(minutes=15)
ID_CHARACTERS = 4

Standing = Literal["unknown", "waiting", "approved", "declined", "withdrawn", "used", "expired"]
_STANDINGS: dict[EntryKind, Standing] = {
    EntryKind.APPROVED: "approved",
    EntryKind.DECLINED: "declined",
    EntryKind.CANCELLED: "withdrawn",
    EntryKind.SENDING: "used",
}


class Waiting(Record):
    """One plan that was put before a person, and how it stands."""

    plan_id: str
    at: datetime
    request: Requested
    standing: Standing


def typed_back(plan: Plan) -> str:
    """What a person types to say yes in a terminal: the hourly price, or the end of the id of what it is about."""
    if plan.quote is not None:
        return price_text(plan.quote.hourly)
    return plan.target[-ID_CHARACTERS:] or plan.action


def price_text(hourly: Decimal | None) -> str:
    """A price as it is shown, without its sign."""
    return usd(hourly).removeprefix("$").replace(",", "")


def asked_plans(entries: Iterable[Entry], now: datetime) -> tuple[Waiting, ...]:
    """Every plan that a terminal may answer, oldest first, with how it stands."""
    found: dict[str, Waiting] = {}
    for entry in entries:
        plan_id = entry.plan_id or ""
        if entry.kind is EntryKind.APPROVAL_REQUESTED:
            request = Requested.model_validate(entry.facts)
            if request.sheet is not None:
                found[plan_id] = Waiting(plan_id=plan_id, at=entry.at, request=request, standing="waiting")
        elif plan_id in found and entry.kind in _STANDINGS:
            found[plan_id] = found[plan_id].model_copy(update={"standing": _STANDINGS[entry.kind]})
    return tuple(_aged(waiting, now) for waiting in found.values())


def standing(entries: Iterable[Entry], plan_id: str, now: datetime) -> Standing:
    """How one plan stands."""
    found = (waiting for waiting in asked_plans(entries, now) if waiting.plan_id == plan_id)
    return next((waiting.standing for waiting in found), "unknown")


def has_terminal_yes(entries: Iterable[Entry], plan_id: str, digest: str, now: datetime) -> bool:
    """Whether a terminal's yes to exactly this plan stands: not taken back, not used, not ten minutes old."""
    lines = tuple(entries)
    if any(line.kind is EntryKind.SENDING and line.plan_id == plan_id for line in lines):
        return False
    return any(
        approval.channel == TERMINAL and approval.digest == digest and timedelta(0) <= now - approval.at < APPROVAL_LIFE
        for approval in approvals(lines, plan_id)
    )


def has_terminal_no(entries: Iterable[Entry], plan_id: str) -> bool:
    """Whether the last answer of a terminal to this plan is a no."""
    answers = [
        line.kind
        for line in entries
        if line.plan_id == plan_id
        and line.kind in {EntryKind.APPROVED, EntryKind.DECLINED}
        and line.facts.get("channel") == TERMINAL
    ]
    return bool(answers) and answers[-1] is EntryKind.DECLINED


def questions_asked(entries: Iterable[Entry], now: datetime, channels: frozenset[str] = SHOWN) -> int:
    """How many questions were put through these channels in the last hour, by any server on this ledger."""
    return sum(
        entry.kind is EntryKind.APPROVAL_REQUESTED
        and entry.at > now - COUNTED_FOR
        and entry.facts.get("channel") in channels
        and not entry.facts.get("again")
        for entry in entries
    )


def rest_left(entries: Iterable[Entry], now: datetime) -> timedelta:
    """How much longer nobody is asked, after the noes of the last hour that no yes has followed."""
    noes: list[datetime] = []
    for entry in entries:
        if entry.kind is EntryKind.DECLINED and entry.at > now - COUNTED_FOR:
            noes.append(entry.at)
        elif entry.kind is EntryKind.APPROVED and Approved.model_validate(entry.facts).channel in {*SHOWN, TERMINAL}:
            noes.clear()
    if not noes:
        return timedelta(0)
    rest = min(FIRST_REST * int(3 ** min(len(noes) - 1, 10)), LONGEST_REST)
    until = max(noes) + rest
    return max(until - now, timedelta(0))


def _aged(waiting: Waiting, now: datetime) -> Waiting:
    if waiting.standing == "waiting" and now >= waiting.request.expires_at:
        return waiting.model_copy(update={"standing": "expired"})
    return waiting
