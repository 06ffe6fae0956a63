"""The result of a spending or destroying call (contract, section 6)."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict

from novita_mcp.domain.base import Record
from novita_mcp.domain.deeds import Done
from novita_mcp.domain.plans import Plan

Status = Literal[Done, "preview", "approval_required", "denied", "declined", "cancelled", "unknown"]


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


class ResourceView(Record):
    """What else than an instance a call was about: a network volume, a template, a job."""

    kind: str
    id: str


def _brief(schema: dict[str, Any]) -> None:
    """Publish what a caller has to tell apart; the rest explains itself, and every list of tools would carry it."""
    del schema["additionalProperties"]
    schema["properties"] = {name: {"type": "string"} for name in ("status", "message", "planId")}


class Outcome(Record):
    """What became of a call that spends or destroys."""

    model_config = ConfigDict(json_schema_extra=_brief)

    status: Status
    message: str
    plan_id: str | None = None
    plan: Plan | None = None
    approval: ApprovalView | None = None
    instance: InstanceView | None = None
    resource: ResourceView | None = None
    next_steps: tuple[str, ...] = ()
