"""Lines of the ledger about what an act left behind, and what they say of whose a thing is.

They are written after Novita's answer: a ledger that fails then must not hide that it was done.
"""

import logging
from datetime import timedelta

from pydantic import JsonValue

from novita_mcp.app import App
from novita_mcp.domain.history.acts import acts
from novita_mcp.domain.plans import Plan
from novita_mcp.domain.policy import Verdict
from novita_mcp.errors import LedgerError
from novita_mcp.ledger import EntryKind

logger = logging.getLogger(__name__)


def note_running(app: App, plan: Plan, instance_id: str) -> None:
    """It runs, and for how long it may, where the plan says so."""
    _note(app, EntryKind.OBSERVED, instance_id, {"status": "running"})
    if plan.lease_hours is not None:
        until = app.clock.now() + timedelta(hours=float(plan.lease_hours))
        _note(app, EntryKind.LEASE_SET, instance_id, {"until": until.isoformat(), "hours": str(plan.lease_hours)})


def note_gone(app: App, thing_id: str) -> None:
    """It costs no more."""
    _note(app, EntryKind.OBSERVED, thing_id, {"status": "gone"})


def note_made(app: App, action: str, thing_id: str) -> None:
    """It was made here, without a plan because it costs nothing."""
    _note(app, EntryKind.DONE, thing_id, {"action": action})


def made_here(app: App, action: str, thing_id: str) -> bool:
    """Whether this ledger has a line of its making."""
    return any(act.action == action and act.instance_id == thing_id for act in acts(app.ledger.entries()))


def not_made_here(app: App, thing_id: str) -> tuple[Verdict, ...]:
    """The rule that nobody but a person touches what was not created here."""
    if app.policy.approval != "none":
        return ()
    message = f"{thing_id} was not created here, and nobody is asked here; a person does it in Novita's console."
    return (Verdict(rule="created_here", verdict="deny", actual=thing_id, message=message),)


def _note(app: App, kind: EntryKind, thing_id: str, facts: dict[str, JsonValue]) -> None:
    try:
        app.ledger.append(kind, instance_id=thing_id, facts=facts)
    except LedgerError:
        logger.exception("what became of %s could not be recorded", thing_id)
