"""What a person sees of a plan outside the client's dialog."""

from datetime import datetime

from novita_mcp.domain.base import Record
from novita_mcp.domain.plans import HEADLINES, Fact, Plan, shown
from novita_mcp.domain.policy import Verdict
from novita_mcp.domain.pricing import Quote


class Sheet(Record):
    """One plan as a page or a terminal draws it; every text in it is clean."""

    plan_id: str
    digest: str
    headline: str
    quote: Quote | None
    facts: tuple[Fact, ...]
    guardrails: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    expires_at: datetime


def sheet_of(plan_id: str, plan: Plan, digest: str, expires_at: datetime) -> Sheet:
    """The sheet of a plan."""
    return Sheet(
        plan_id=plan_id,
        digest=digest,
        headline=HEADLINES[plan.action],
        quote=plan.quote,
        facts=shown(plan),
        guardrails=plan.guardrails,
        warnings=plan.warnings,
        expires_at=expires_at,
    )
