"""The short text beside a structured result: what a model needs to say and do next."""

from collections.abc import Iterator

from novita_mcp.domain.base import usd
from novita_mcp.domain.outcome import Outcome
from novita_mcp.domain.plans import Plan, shown


def outcome_text(outcome: Outcome) -> str:
    """What became of a spending or destroying call, in a few lines."""
    return "\n".join(_outcome_lines(outcome))


def _outcome_lines(outcome: Outcome) -> Iterator[str]:
    yield outcome.message
    if outcome.plan is not None and outcome.status in {"preview", "approval_required", "denied"}:
        yield from _plan_lines(outcome.plan)
    if outcome.approval is not None and outcome.approval.how_to:
        yield f"How to approve: {outcome.approval.how_to}"
    if outcome.plan_id and outcome.status in {"preview", "approval_required"}:
        yield f"planId: {outcome.plan_id}"
    yield from (f"Next: {step}" for step in outcome.next_steps)


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield from (f"{fact.label}: {fact.value}" for fact in shown(plan))
    if plan.quote is not None and plan.quote.lease_total is not None:
        yield f"Whole lease: {usd(plan.quote.lease_total, 2)}"
    for verdict in plan.guardrails:
        if verdict.verdict == "warn":
            yield f"Guardrail {verdict.rule} ({verdict.verdict}): {verdict.message}"
    yield from (f"Warning: {warning}" for warning in plan.warnings)
