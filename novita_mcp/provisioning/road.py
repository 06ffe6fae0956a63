"""The road: plan, then with a yes: lock, plan again, write, send once, write, report."""

from dataclasses import dataclass
from typing import Literal

import anyio
from pydantic import JsonValue

from novita_mcp.app import App
from novita_mcp.domain.display import usd
from novita_mcp.domain.outcome import ApprovalView, InstanceView, Outcome, Status
from novita_mcp.domain.plans import ActionName, Plan, changes, digest
from novita_mcp.errors import ApiError, OutcomeUnknown
from novita_mcp.ledger import EntryKind
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.actions import Action, Happened
from novita_mcp.provisioning.book import OpenPlan, marker_for
from novita_mcp.provisioning.settling import settle_open

LOCK_SECONDS = 90.0
LOOKS_AFTER_SECONDS = (1.0, 2.0, 4.0, 8.0)
DONE: dict[ActionName, Status] = {
    "create": "created",
    "start": "started",
    "stop": "stopped",
    "restart": "restarted",
    "delete": "deleted",
    "extend": "extended",
}


@dataclass(frozen=True)
class Yes:
    """An approval: through which channel it came."""

    channel: str


async def prepare(app: App, action: Action, *, taking_up: bool) -> OpenPlan:
    """Plan an action; `taking_up` continues the plan that a person was asked about for the same action."""
    held = app.book.asked_for(action) if taking_up else None
    plan = await action.plan(app, marker_for(held))
    return renew(app, held, action, plan)


def renew(app: App, held: OpenPlan | None, action: Action, plan: Plan) -> OpenPlan:
    """Put the newest facts into an open plan, or open one."""
    if held is None:
        return app.book.write(action, plan)
    held.plan = plan
    return held


async def apply(app: App, held: OpenPlan, yes: Yes) -> Outcome:
    """Carry out an approved plan, at most once, under the lock that all servers share.

    Raises:
        PlanGone: It was used or has expired meanwhile.
        ApiError: Novita refused, or what is open from before cannot be settled.
        LedgerError: The ledger cannot be trusted, or the lock was not free in time.

    """
    state_dir, clock = app.settings.state_dir, app.clock
    async with spending_lock(state_dir, timeout_seconds=LOCK_SECONDS, clock=clock):
        outcome = await _apply_locked(app, held, yes)
    return outcome


async def _apply_locked(app: App, held: OpenPlan, yes: Yes) -> Outcome:
    if held.action.spends:
        await settle_open(app)
    fresh = await held.action.plan(app, held.plan.marker)
    if fresh.denials:
        return denial(held.plan_id, fresh, note="The facts changed since the plan was made. ")
    changed = changes(held.plan, fresh)
    if changed:
        return await shown_anew(app, held, changed)
    app.book.burn(held)
    with anyio.CancelScope(shield=True):
        outcome = await _send(app, held, fresh, yes)
    return outcome


async def _send(app: App, held: OpenPlan, plan: Plan, yes: Yes) -> Outcome:
    ledger, action = app.ledger, held.action
    ledger.append(
        EntryKind.APPROVED,
        plan_id=held.plan_id,
        facts={"channel": yes.channel, "digest": digest(plan, app.policy), "policy": app.policy.approval},
    )
    ledger.append(EntryKind.SENDING, plan_id=held.plan_id, facts=sending_facts(plan, yes))
    try:
        instance_id = await action.send(app, plan)
    except OutcomeUnknown as error:
        return await _look_for(app, held, plan, yes, error)
    except ApiError as error:
        ledger.append(EntryKind.REFUSED, plan_id=held.plan_id, facts={"reason": error.reason, "status": error.status})
        raise
    return await _done(app, held, plan, yes, instance_id)


def sending_facts(plan: Plan, yes: Yes) -> dict[str, JsonValue]:
    """What has to be known of a request if this process dies before its reply; no secret is in it."""
    quote, request = plan.quote, plan.request
    return {
        "action": plan.action,
        "marker": plan.marker,
        "instance_id": request.get("instanceId"),
        "name": request.get("name", ""),
        "product_id": request.get("productId", plan.product.product_id if plan.product else ""),
        "gpu_num": request.get("gpuNum"),
        "hourly_usd": None if quote is None or quote.hourly is None else str(quote.hourly),
        "stopped_hourly_usd": None if quote is None else str(quote.stopped_hourly),
        "upfront_usd": None if quote is None or quote.upfront is None else str(quote.upfront),
        "lease_hours": None if plan.lease_hours is None else str(plan.lease_hours),
        "instances_before": list(plan.instances_before),
        "channel": yes.channel,
    }


async def _look_for(app: App, held: OpenPlan, plan: Plan, yes: Yes, error: OutcomeUnknown) -> Outcome:
    happened, instance_id = await _looks(app, held.action, plan)
    if happened == "yes":
        return await _done(app, held, plan, yes, instance_id)
    if happened == "unsure":
        app.ledger.append(EntryKind.UNKNOWN, plan_id=held.plan_id, facts={"why": error.reason or "lost reply"})
        return unknown(held, plan)
    app.ledger.append(EntryKind.SETTLED, plan_id=held.plan_id, facts={"happened": "no", "action": plan.action})
    waited = sum(LOOKS_AFTER_SECONDS)
    raise ApiError(
        f"{error}\nNovita was then asked {len(LOOKS_AFTER_SECONDS)} times in {waited:.0f} s: the {plan.action} did not "
        "happen, so nothing was created or changed. It is watched for a late arrival. Trying again is safe: "
        "make the call again for a new plan.",
        reason=error.reason,
        status=error.status,
    )


async def _looks(app: App, action: Action, plan: Plan) -> tuple[Happened, str]:
    """Look a few times; only a look that worked can say no."""
    last: tuple[Happened, str] = ("unsure", "")
    for seconds in LOOKS_AFTER_SECONDS:
        await app.clock.sleep(seconds)
        try:
            last = await action.look(app, plan)
        except ApiError:
            last = ("unsure", "")
        if last[0] == "yes":
            return last
    return last


async def _done(app: App, held: OpenPlan, plan: Plan, yes: Yes, instance_id: str) -> Outcome:
    facts = {**sending_facts(plan, yes), "instance_id": instance_id}
    app.ledger.append(EntryKind.DONE, plan_id=held.plan_id, instance_id=instance_id, facts=facts)
    status = DONE[plan.action]
    return Outcome(
        status=status,
        message=f"{status.capitalize()}: instance {instance_id}." + _cost_note(plan),
        plan_id=held.plan_id,
        plan=plan,
        approval=ApprovalView(channel=yes.channel),
        instance=await _instance_view(app, plan, instance_id),
        next_steps=_after(plan, instance_id),
    )


def _cost_note(plan: Plan) -> str:
    if plan.action not in {"create", "start"} or plan.quote is None:
        return ""
    lease = "until somebody stops it" if plan.lease_hours is None else f"for at most {plan.lease_hours:f} h"
    return f" It costs {usd(plan.quote.hourly)} per hour {lease}."


async def _instance_view(app: App, plan: Plan, instance_id: str) -> InstanceView:
    """How the instance stands right after; a failed read must not hide that the call succeeded."""
    name = str(plan.request.get("name", ""))
    try:
        instance = await app.client.instance(instance_id)
    except ApiError:
        return InstanceView(
            instance_id=instance_id, status="removed" if plan.action == "delete" else "unread", name=name
        )
    return InstanceView(instance_id=instance_id, status=instance.status, name=instance.name)


def _after(plan: Plan, instance_id: str) -> tuple[str, ...]:
    if plan.action in {"create", "start", "restart"}:
        return (
            f'get_gpu_instance with instanceId "{instance_id}" and waitFor "running" waits until it is up.',
            "stop_gpu_instance or delete_gpu_instance ends the cost when the work is done.",
        )
    if plan.action == "stop":
        return ("Its disk beyond the free quota keeps costing; delete_gpu_instance ends that and loses its data.",)
    return ()


def denial(plan_id: str | None, plan: Plan, note: str = "") -> Outcome:
    """The guardrails said no."""
    reasons = " ".join(f"[{verdict.rule}] {verdict.message}" for verdict in plan.denials)
    steps = [f"Try instead: {row}" for row in plan.alternatives]
    limits = "The limits belong to the owner of this server; no tool can change them."
    return Outcome(
        status="denied",
        message=f"{note}Denied, nothing was {_verb(plan)}. {reasons}",
        plan_id=plan_id,
        plan=plan,
        next_steps=(*steps, limits),
    )


def preview(held: OpenPlan) -> Outcome:
    """A dry run that the guardrails would let pass."""
    return Outcome(
        status="preview",
        message=f"Preview only, nothing was {_verb(held.plan)}.",
        plan_id=held.plan_id,
        plan=held.plan,
        next_steps=("Make the same call without dryRun to go ahead; a person is asked where the policy says so.",),
    )


def refusal(held: OpenPlan, status: Literal["declined", "cancelled"]) -> Outcome:
    """A person said no, or closed the question."""
    return Outcome(
        status=status,
        message=f"The person {status} it; nothing was {_verb(held.plan)}.",
        plan_id=held.plan_id,
        plan=held.plan,
        next_steps=("Ask the person what they want instead before planning again.",),
    )


def waiting(held: OpenPlan, how_to: str, channel: str, message: str = "") -> Outcome:
    """A plan that needs a yes from elsewhere."""
    return Outcome(
        status="approval_required",
        message=message or f"A person has to approve first; nothing was {_verb(held.plan)} yet.",
        plan_id=held.plan_id,
        plan=held.plan,
        approval=ApprovalView(channel=channel, expires_at=held.expires_at, how_to=how_to),
        next_steps=(f'After approval: apply_plan with planId "{held.plan_id}".',),
    )


async def shown_anew(app: App, held: OpenPlan, changed: tuple[str, ...]) -> Outcome:
    """The plan no longer holds: its approval is void, and the new plan needs one of its own."""
    held.used = True
    anew = await prepare(app, held.action, taking_up=False)
    how_to = f'Call apply_plan with planId "{anew.plan_id}", so that the person sees the new plan.'
    why = f"The plan changed after it was shown ({'; '.join(changed)}); nothing was {_verb(anew.plan)}."
    return waiting(anew, how_to, "none", f"{why} It needs a new approval.")


def unknown(held: OpenPlan, plan: Plan) -> Outcome:
    """The request was sent, its reply was lost, and Novita cannot be asked."""
    return Outcome(
        status="unknown",
        message=(
            f"The {plan.action} was sent once, its reply was lost, and Novita cannot be asked now. "
            "It may have happened. "
            "Do not repeat it: this server looks for it before it sends anything else that spends."
        ),
        plan_id=held.plan_id,
        plan=plan,
        next_steps=("Wait a minute, then call list_gpu_instances.",),
    )


def _verb(plan: Plan) -> str:
    return DONE[plan.action]
