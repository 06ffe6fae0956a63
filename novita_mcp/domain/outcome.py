"""The result of a spending or destroying call (contract, section 6)."""

from datetime import datetime
from typing import Literal

from novita_mcp.domain.plans import Plan
from novita_mcp.domain.record import Record

Status = Literal[
    "preview",
    "approval_required",
    "created",
    "started",
    "stopped",
    "restarted",
    "deleted",
    "extended",
    "denied",
    "declined",
    "cancelled",
    "unknown",
]


class ApprovalView(Record):
    """Where a yes came from or has to come from."""

    channel: str
    expires_at: datetime | None = None
    how_to: str = ""


class InstanceView(Record):
    """The instance that a call was about."""

    instance_id: str
    status: str
    name: str = ""


class Outcome(Record):
    """What became of a call that spends or destroys."""

    status: Status
    message: str
    plan_id: str | None = None
    plan: Plan | None = None
    approval: ApprovalView | None = None
    instance: InstanceView | None = None
    next_steps: tuple[str, ...] = ()
