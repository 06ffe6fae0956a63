"""From a plan and what a person said to what happens."""

from novita_mcp.app import App
from novita_mcp.approval.answers import Answer
from novita_mcp.domain.history.asked import PAGE, TERMINAL
from novita_mcp.domain.outcome import Outcome
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.acts.lifecycle import is_ours
from novita_mcp.provisioning.asking import Call, Case, ask_elsewhere, how_to, rest_note
from novita_mcp.provisioning.book import OpenPlan
from novita_mcp.provisioning.road import Yes, apply, denial, preview, refusal, waiting


async def decide(app: App, case: Case, answer: Answer, call: Call) -> Outcome:
    """Deny, preview, wait for a yes, or carry out; whatever is unclear waits."""
    try:
        outcome = await _decide(app, case, answer, call)
    finally:
        if case.has_turn:
            app.desk.turn.end(case.held.plan_id)
    return outcome


async def _decide(app: App, case: Case, answer: Answer, call: Call) -> Outcome:
    held = case.held
    if held.plan.denials:
        return denial(held.plan_id, held.plan)
    if call.dry_run:
        return preview(held)
    if not held.action.needs_yes(app, held.plan):
        return await apply(app, held, Yes("not needed"))
    match app.policy.approval:
        case "none":
            return await _unattended(app, held)
        case "confirm" if call.confirming:
            return await apply(app, held, Yes("confirm"))
        case "confirm":
            how_to_confirm = f'Call apply_plan with planId "{held.plan_id}" to confirm it.'
            return waiting(held, how_to_confirm, "confirm", "Not done yet: this server wants a second call to confirm.")
    return await _attended(app, case, answer, call)


async def _unattended(app: App, held: OpenPlan) -> Outcome:
    """Guardrails alone decide, except over what somebody else started."""
    target = held.plan.request.get("instanceId")
    if held.plan.action in {"stop", "restart", "delete"} and not is_ours(app, str(target)):
        how_to_do_it = "A person does it in Novita's console, or runs this server with NOVITA_MCP_APPROVAL=human."
        message = f"{target} was not created here, so no unattended call may {held.plan.action} it; nothing was done."
        return waiting(held, how_to_do_it, "none", message)
    return await apply(app, held, Yes("policy"))


async def _attended(app: App, case: Case, answer: Answer, call: Call) -> Outcome:
    if answer.kind in {"unread", "unavailable"}:
        answer = await ask_elsewhere(app, case, call, answer)
    if answer.kind in {"unread", "unavailable"}:
        return _still_waiting(app, case.held, answer)
    if answer.channel != PAGE and app.desk.page is not None:
        app.desk.page.withdraw(case.held.plan_id)
    if answer.kind == "approved":
        return await apply(app, case.held, Yes(answer.channel, recorded=answer.channel == TERMINAL))
    return _refused(app, case.held, answer)


def _refused(app: App, held: OpenPlan, answer: Answer) -> Outcome:
    """Put a no on record, which a terminal has done itself, and say how long nobody is asked after it."""
    declined = answer.kind == "declined"
    if answer.channel != TERMINAL:
        kind = EntryKind.DECLINED if declined else EntryKind.CANCELLED
        app.ledger.append(kind, plan_id=held.plan_id, facts={"channel": answer.channel})
    held.used = True
    outcome, rest = refusal(held, "declined" if declined else "cancelled"), rest_note(app)
    return outcome.model_copy(update={"next_steps": (*outcome.next_steps, f"Mind: {rest}.")}) if rest else outcome


def _still_waiting(app: App, held: OpenPlan, answer: Answer) -> Outcome:
    message = f"A person has to approve this, and {answer.why}. Nothing was sent."
    return waiting(held, how_to(app, held), answer.channel, message)
