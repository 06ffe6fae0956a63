"""From a plan and what a person said to what happens."""

from novita_mcp.app import App
from novita_mcp.approval.answers import Answer
from novita_mcp.domain.outcome import Outcome
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.book import OpenPlan
from novita_mcp.provisioning.lifecycle import is_ours
from novita_mcp.provisioning.road import Yes, apply, denial, preview, refusal, waiting


async def decide(app: App, held: OpenPlan, answer: Answer, *, dry_run: bool, confirming: bool) -> Outcome:
    """Deny, preview, wait for a yes, or carry out; whatever is unclear waits."""
    if held.plan.denials:
        return denial(held.plan_id, held.plan)
    if dry_run:
        return preview(held)
    if not held.action.needs_yes(app, held.plan):
        return await apply(app, held, Yes("not needed"))
    match app.policy.approval:
        case "none":
            return await _unattended(app, held)
        case "confirm" if confirming:
            return await apply(app, held, Yes("confirm"))
        case "confirm":
            how_to = f'Call apply_plan with planId "{held.plan_id}" to confirm it.'
            return waiting(held, how_to, "confirm", "Not done yet: this server wants a second call to confirm.")
    return await _attended(app, held, answer)


async def _unattended(app: App, held: OpenPlan) -> Outcome:
    """Guardrails alone decide, except over what somebody else started."""
    target = held.plan.request.get("instanceId")
    if held.plan.action in {"stop", "restart", "delete"} and not is_ours(app, str(target)):
        how_to = "A person does it in Novita's console, or runs this server with NOVITA_MCP_APPROVAL=human."
        message = f"{target} was not created here, so no unattended call may {held.plan.action} it; nothing was done."
        return waiting(held, how_to, "none", message)
    return await apply(app, held, Yes("policy"))


async def _attended(app: App, held: OpenPlan, answer: Answer) -> Outcome:
    match answer.kind:
        case "approved":
            return await apply(app, held, Yes(answer.channel))
        case "declined" | "cancelled":
            app.ledger.append(EntryKind.DECLINED, plan_id=held.plan_id, facts={"channel": answer.channel})
            held.used = True
            return refusal(held, answer.kind)
    return _ask_elsewhere(held, answer)


def _ask_elsewhere(held: OpenPlan, answer: Answer) -> Outcome:
    how_to = (
        f'Use a client that shows dialogs (elicitation) and call apply_plan with planId "{held.plan_id}", '
        "or let the owner choose another NOVITA_MCP_APPROVAL."
    )
    message = f"A person has to approve, and none could be asked: {answer.why}. Nothing was sent."
    return waiting(held, how_to, "none", message)
