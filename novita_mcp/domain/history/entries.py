"""The lines of the ledger: their kinds, and what each kind states."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue

from novita_mcp.domain.base import Record

LeaseHours = Annotated[Decimal, Field(ge=0, le=1_000_000)]


class EntryKind(StrEnum):
    """What a line of the ledger says."""

    PLANNED = "planned"
    """A plan was made; nothing is sent yet."""
    APPROVAL_REQUESTED = "approval_requested"
    """A person was asked, or may answer, through the channel that the facts name (`Requested`)."""
    APPROVED = "approved"
    """A yes to the plan (`Approved`)."""
    DECLINED = "declined"
    """A person's no to the plan."""
    CANCELLED = "cancelled"
    """The plan was withdrawn, changed or ran out before it was sent."""
    WINDOW_OPENED = "window_opened"
    """From here on a person need not be asked, within the limits that the facts name (`WindowOpened`)."""
    WINDOW_CLOSED = "window_closed"
    """The window was ended by a person."""
    SENDING = "sending"
    """Written before the request leaves (`Sent`); at most one for each plan."""
    DONE = "done"
    """Novita said that it happened (`Happened`)."""
    REFUSED = "refused"
    """Novita said a definite no."""
    UNKNOWN = "unknown"
    """The reply was lost and Novita could not be asked; the intent stays open."""
    SETTLED = "settled"
    """What a look-up found about a lost reply (`Settled`)."""
    LEASE_SET = "lease_set"
    """The instance may run until then (`LeaseSet`); replaces any earlier lease."""
    LEASE_ENDED = "lease_ended"
    """The lease was taken off without stopping the instance."""
    REAPED = "reaped"
    """The lease ran out and Novita shows the instance as stopped; ends the lease."""
    REAP_FAILED = "reap_failed"
    """The lease ran out and the instance could not be stopped; the lease stays due."""
    OBSERVED = "observed"
    """A listing shows an instance of ours in a state that no line explains (`Observed`)."""
    NOTE = "note"
    """Anything a person reads and no rule does."""
    CHECKPOINT = "checkpoint"
    """Old lines went to an archive; carries those that are still needed. Only the ledger writes it."""


class Entry(Record):
    """One line of the ledger; `at` is the writer's clock, the order is `seq`."""

    seq: int
    at: AwareDatetime
    kind: EntryKind
    plan_id: str | None
    instance_id: str | None
    facts: dict[str, JsonValue]


class Facts(Record):
    """What lines of one kind must state, if they state it; further facts are free, money is text."""

    model_config = ConfigDict(extra="ignore")


class Sent(Facts):
    """A request on its way: all that is needed to find out later what became of it."""

    action: str
    marker: str | None = None
    instance_id: str | None = None
    name: str = ""
    gpu_num: int | None = None
    hourly_usd: Decimal | None = None
    stopped_hourly_usd: Decimal | None = None
    upfront_usd: Decimal | None = None
    lease_hours: LeaseHours | None = None
    sent_at: AwareDatetime | None = None
    window: int | None = None
    window_usd: Decimal | None = None
    instances_before: tuple[str, ...] = ()


class Requested(Facts):
    """A plan put before a person; `sheet` and `typed_back` are there where a terminal may answer."""

    channel: str
    digest: str
    expires_at: AwareDatetime
    again: bool = False
    typed_back: str = ""
    sheet: dict[str, JsonValue] | None = None


class Approved(Facts):
    """A yes: through which channel, by whom, up to which price, to which digest."""

    channel: str
    approved_by: str = ""
    hourly_usd: Decimal | None = None
    digest: str = ""


class WindowOpened(Facts):
    """Until when nobody need be asked, and how much each approval and all of them may cost in USD."""

    until: AwareDatetime
    max_hourly_usd: Decimal
    max_total_usd: Decimal
    opened_by: str = ""


class Happened(Facts):
    """What was carried out; an action without a plan names itself here."""

    action: str | None = None
    instance_id: str | None = None


class Settled(Happened):
    """Whether a request without a reply happened."""

    happened: Literal["yes", "no"]


class LeaseSet(Facts):
    """How long an instance may run."""

    until: AwareDatetime
    hours: LeaseHours | None = None


class Observed(Facts):
    """How an instance of ours was found."""

    status: Literal["running", "exited", "gone"]


STATED: Mapping[EntryKind, type[Facts]] = MappingProxyType(
    {
        EntryKind.SENDING: Sent,
        EntryKind.APPROVAL_REQUESTED: Requested,
        EntryKind.APPROVED: Approved,
        EntryKind.WINDOW_OPENED: WindowOpened,
        EntryKind.DONE: Happened,
        EntryKind.SETTLED: Settled,
        EntryKind.LEASE_SET: LeaseSet,
        EntryKind.OBSERVED: Observed,
    }
)
"""The kinds whose facts are read back; the ledger refuses a line that lacks them."""
