"""The road: plan, then with a yes: lock, plan again, write, send once, write, report."""

import logging
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import anyio
from pydantic import JsonValue

from novita_mcp.app import App
from novita_mcp.domain.base import usd
from novita_mcp.domain.deeds import LISTED_BY
from novita_mcp.domain.history.asked import WINDOW
from novita_mcp.domain.outcome import ApprovalView, InstanceView, Outcome, ResourceView
from novita_mcp.domain.plans import Plan, changes, digest, new_marker
from novita_mcp.errors import ApiError, LedgerError, NovitaMcpError, OutcomeUnknown
from novita_mcp.ledger import EntryKind
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.actions import Action, Happened
from novita_mcp.provisioning.book import OpenPlan, marker_for
from novita_mcp.provisioning.settling import settle_open
from novita_mcp.provisioning.windowing import covering

LOCK_SECONDS = 90.0
LOOKS_AFTER_SECONDS = (1.0, 2.0, 4.0, 8.0)
LONGEST_LOOK_SECONDS = 40.0
"""With the request's own time-out this is as long as another server waits for the lock."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Yes:
    """An approval: through which channel, whether its line is in the ledger already, what it takes of a window."""

    channel: str
    recorded: bool = False
    window: int | None = None
    window_usd: Decimal | None = None


async def prepare(app: App, action: Action, *, taking_up: bool) -> OpenPlan:
    """Plan an action; `taking_up` continues the plan that a person was asked about for the same action."""
    held = app.book.asked_for(action) if taking_up else None
    plan = await action.plan(app, marker_for(held))
    if held is not None and not _same_wish(held.plan, plan):
        held.used = True
        return app.book.write(action, await action.plan(app, new_marker()))
    return renew(app, held, action, plan)


def _same_wish(asked: Plan, plan: Plan) -> bool:
    """Whether both would send the same, secrets included: a template may change while a person reads."""
    return (asked.request, asked.fingerprint, asked.lease_hours) == (plan.request, plan.fingerprint, plan.lease_hours)


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
    if yes.channel == WINDOW:
        cover = covering(app, fresh)
        if cover.why:
            return _uncovered(held, cover.why)
        yes = replace(yes, window=cover.number, window_usd=cover.cost_usd)
    app.book.burn(held)
    with anyio.CancelScope(shield=True):
        outcome = await _send(app, held, fresh, yes)
    return outcome


async def _send(app: App, held: OpenPlan, plan: Plan, yes: Yes) -> Outcome:
    _announce(app, held, plan, yes)
    try:
        instance_id = await held.action.send(app, plan)
    except OutcomeUnknown as error:
        return await _look_for(app, held, plan, yes, error)
    except NovitaMcpError as error:
        _record(app, EntryKind.REFUSED, held, facts=_refusal_facts(error))
        raise
    except Exception:  # whatever broke, the request may have left
        logger.exception("%s broke off while it was sent", held.plan_id)
        return await _look_for(app, held, plan, yes, OutcomeUnknown(f"The {_words(plan)} broke off."))
    return await _done(app, held, plan, yes, instance_id)


def _announce(app: App, held: OpenPlan, plan: Plan, yes: Yes) -> None:
    """Write down the yes and the request before it leaves; what cannot be written is not sent."""
    approved: dict[str, JsonValue] = {
        "channel": yes.channel,
        "digest": digest(plan, app.policy),
        "policy": app.policy.approval,
    }
    try:
        if not yes.recorded:
            app.ledger.append(EntryKind.APPROVED, plan_id=held.plan_id, facts=approved)
        app.ledger.append(EntryKind.SENDING, plan_id=held.plan_id, facts=sending_facts(plan, yes))
    except LedgerError as error:
        raise LedgerError(f"Nothing was sent to Novita. {error}") from error


def _refusal_facts(error: NovitaMcpError) -> dict[str, JsonValue]:
    if isinstance(error, ApiError):
        return {"reason": error.reason, "status": error.status}
    return {"reason": type(error).__name__}


def _record(
    app: App, kind: EntryKind, held: OpenPlan, *, facts: dict[str, JsonValue], instance_id: str | None = None
) -> str:
    """Write an outcome down; where that fails the request stays open in the ledger, and the words say so."""
    try:
        app.ledger.append(kind, plan_id=held.plan_id, instance_id=instance_id, facts=facts)
    except LedgerError as error:
        logger.exception("the outcome of %s could not be recorded", held.plan_id)
        return f" Tell the person: this could not be recorded, and is looked up before anything else is spent. {error}"
    return ""


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
        "window": yes.window,
        "window_usd": None if yes.window_usd is None else str(yes.window_usd),
    }


async def _look_for(app: App, held: OpenPlan, plan: Plan, yes: Yes, error: OutcomeUnknown) -> Outcome:
    happened, instance_id = await _looks(app, held.action, plan)
    if happened == "yes":
        return await _done(app, held, plan, yes, instance_id)
    if happened == "unsure":
        _record(app, EntryKind.UNKNOWN, held, facts={"why": error.reason or "lost reply"})
        return unknown(held, plan)
    note = _record(app, EntryKind.SETTLED, held, facts={"happened": "no", "action": plan.action})
    waited = sum(LOOKS_AFTER_SECONDS)
    raise ApiError(
        f"{error}\nNovita was then asked {len(LOOKS_AFTER_SECONDS)} times in {waited:.0f} s: the {_words(plan)} did "
        "not happen, so nothing was created or changed. It is watched for a late arrival. Trying again is safe: "
        f"make the call again for a new plan.{note}",
        reason=error.reason,
        status=error.status,
    )


async def _looks(app: App, action: Action, plan: Plan) -> tuple[Happened, str]:
    """Look a few times; only a look that worked can say no."""
    last: tuple[Happened, str] = ("unsure", "")
    started = app.clock.monotonic()
    for seconds in LOOKS_AFTER_SECONDS:
        await app.clock.sleep(seconds)
        try:
            last = await action.look(app, plan)
        except ApiError:
            last = ("unsure", "")
        except Exception:  # a look that breaks has seen nothing, and must not hide that something was sent
            logger.exception("a look for %s broke off", plan.marker)
            last = ("unsure", "")
        if last[0] == "yes" or app.clock.monotonic() - started > LONGEST_LOOK_SECONDS:
            return last
    return last


async def _done(app: App, held: OpenPlan, plan: Plan, yes: Yes, instance_id: str) -> Outcome:
    facts = {**sending_facts(plan, yes), "instance_id": instance_id}
    note = _record(app, EntryKind.DONE, held, facts=facts, instance_id=instance_id)
    status, _, thing = plan.deed
    return Outcome(
        status=status,
        message=f"{status.capitalize()}: {thing} {instance_id}.{_cost_note(plan)}{note}",
        plan_id=held.plan_id,
        plan=plan,
        approval=ApprovalView(channel=yes.channel),
        instance=await _instance_view(app, plan, instance_id) if thing == "instance" else None,
        resource=None if thing == "instance" else ResourceView(kind=thing, id=instance_id),
        next_steps=_after(plan, instance_id),
    )


def _cost_note(plan: Plan) -> str:
    if plan.action not in {"create", "start", "create_storage", "grow_storage"} or plan.quote is None:
        return ""
    if plan.deed.thing == "network volume":
        return f" It costs {usd(plan.quote.hourly)} per hour until delete_network_storage ends that."
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
    if plan.action in {"create", "start", "restart", "upgrade", "migrate"}:
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
    app.ledger.append(EntryKind.CANCELLED, plan_id=held.plan_id, facts={"why": "; ".join(changed)})
    if app.desk.page is not None:
        app.desk.page.withdraw(held.plan_id)
    anew = await prepare(app, held.action, taking_up=False)
    how_to = f'Call apply_plan with planId "{anew.plan_id}", so that the person sees the new plan.'
    why = f"The plan changed after it was shown ({'; '.join(changed)}); nothing was {_verb(anew.plan)}."
    return waiting(anew, how_to, "none", f"{why} It needs a new approval.")


def _uncovered(held: OpenPlan, why: str) -> Outcome:
    how_to = f'Call apply_plan with planId "{held.plan_id}", so that a person is asked.'
    return waiting(held, how_to, "none", f"The window does not cover this plan: {why}. Nothing was sent.")


def unknown(held: OpenPlan, plan: Plan) -> Outcome:
    """The request was sent, its reply was lost, and Novita cannot be asked."""
    return Outcome(
        status="unknown",
        message=(
            f"The {_words(plan)} was sent once, its reply was lost, and Novita cannot be asked now. "
            "It may have happened. "
            "Do not repeat it: this server looks for it before it sends anything else that spends."
        ),
        plan_id=held.plan_id,
        plan=plan,
        next_steps=(f"Wait a minute, then call {LISTED_BY[plan.deed.thing]}.",),
    )


def _verb(plan: Plan) -> str:
    return plan.deed.done


def _words(plan: Plan) -> str:
    return plan.action.replace("_", " ")
