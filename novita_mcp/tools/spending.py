"""The tools that spend or destroy: one shape, plan → guardrails → a person's yes → apply."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.approval import dialog
from novita_mcp.approval.answers import Answer, no_answer
from novita_mcp.domain.fields import LeaseHours
from novita_mcp.domain.outcome import Outcome
from novita_mcp.domain.plans import question
from novita_mcp.domain.record import Record
from novita_mcp.domain.request import CreateArguments
from novita_mcp.provisioning.actions import Action
from novita_mcp.provisioning.book import OpenPlan
from novita_mcp.provisioning.create import CreateInstance
from novita_mcp.provisioning.deciding import decide
from novita_mcp.provisioning.lifecycle import DeleteInstance, RestartInstance, StartInstance, StopInstance
from novita_mcp.provisioning.road import prepare
from novita_mcp.tools.flat import FlatTool, answer
from novita_mcp.tools.texts import outcome_text

ONCE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False)
"""Spending counts as destructive: a host that asks before such calls should ask before these."""
REPEATABLE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)

InstanceId = Annotated[str, Field(min_length=1, max_length=255, description="From list_gpu_instances.")]
DryRun = Annotated[bool, Field(description="Only show the plan; change nothing.")]


class InstanceArguments(Record):
    """Which instance, and whether for real."""

    instance_id: InstanceId
    dry_run: DryRun = False


class StartArguments(InstanceArguments):
    """Which instance to start, and for how long."""

    lease_hours: LeaseHours | None = None


class PlanArguments(Record):
    """Which plan."""

    plan_id: Annotated[str, Field(min_length=1, max_length=100, description="From an approval_required result.")]


Planner = Callable[[Any, Context[App]], Any]


def spending_tools() -> tuple[FlatTool, ...]:
    """Every tool of the default toolset that spends or destroys."""
    return (
        acting_tool(
            "create_gpu_instance",
            "Create GPU instance",
            "Rent a GPU instance. Costs money until stopped. Plans it (price, guardrails, what runs), asks a person, "
            "then creates exactly one. Use search_gpu_products first. dryRun shows the plan for free. "
            "Never repeat a call whose result was unknown or lost: look at list_gpu_instances.",
            CreateArguments,
            lambda args: CreateInstance(arguments=args),
            ONCE,
        ),
        _apply_tool(),
        acting_tool(
            "start_gpu_instance",
            "Start instance",
            "Start a stopped instance. Costs money again: plan, guardrails and approval as for a create.",
            StartArguments,
            lambda args: StartInstance(instance_id=args.instance_id, lease_hours=args.lease_hours),
            ONCE,
        ),
        acting_tool(
            "stop_gpu_instance",
            "Stop instance",
            "Stop a running instance: only its disk beyond the free quota still costs; data is kept for some days. "
            "Needs approval if it was not created here.",
            InstanceArguments,
            lambda args: StopInstance(instance_id=args.instance_id),
            REPEATABLE,
        ),
        acting_tool(
            "restart_gpu_instance",
            "Restart instance",
            "Restart a running instance; its processes end, its ports may change. Needs approval if not created here.",
            InstanceArguments,
            lambda args: RestartInstance(instance_id=args.instance_id),
            ONCE,
        ),
        acting_tool(
            "delete_gpu_instance",
            "Delete instance",
            "Delete an instance and everything on its disks for good; network volumes stay and keep costing. "
            "A person is asked first.",
            InstanceArguments,
            lambda args: DeleteInstance(instance_id=args.instance_id),
            REPEATABLE,
        ),
    )


def acting_tool(
    name: str,
    title: str,
    description: str,
    arguments: type[Record],
    to_action: Callable[[Any], Action],
    annotations: ToolAnnotations,
) -> FlatTool:
    async def plan(args: Record, ctx: Context[App]) -> OpenPlan:
        return await prepare(_app(ctx), to_action(args), taking_up=ctx.request_state is not None)

    async def ask(
        args: Record, held: Annotated[OpenPlan, Resolve(plan)], ctx: Context[App]
    ) -> Elicit[dialog.Approve] | Answer:
        if getattr(args, "dry_run", False):
            return no_answer("none", "a dry run asks nobody")
        return await _ask(ctx, held)

    async def act(
        args: Record,
        held: Annotated[OpenPlan, Resolve(plan)],
        said: Annotated[ElicitationResult[dialog.Approve], Resolve(ask)],
        ctx: Context[App],
    ) -> Annotated[CallToolResult, Outcome]:
        app, dry_run = _app(ctx), bool(getattr(args, "dry_run", False))
        outcome = await decide(app, held, _heard(app, held, said), dry_run=dry_run, confirming=False)
        return answer(outcome_text(outcome), outcome)

    return FlatTool.build(
        act,
        name=name,
        title=title,
        description=description,
        arguments=arguments,
        result=Outcome,
        annotations=annotations,
    )


def _apply_tool() -> FlatTool:
    async def plan(args: PlanArguments, ctx: Context[App]) -> OpenPlan:
        return _app(ctx).book.find(args.plan_id)

    async def ask(held: Annotated[OpenPlan, Resolve(plan)], ctx: Context[App]) -> Elicit[dialog.Approve] | Answer:
        return await _ask(ctx, held)

    async def apply_plan(
        args: PlanArguments,  # noqa: ARG001 - the resolvers read it
        held: Annotated[OpenPlan, Resolve(plan)],
        said: Annotated[ElicitationResult[dialog.Approve], Resolve(ask)],
        ctx: Context[App],
    ) -> Annotated[CallToolResult, Outcome]:
        app = _app(ctx)
        outcome = await decide(app, held, _heard(app, held, said), dry_run=False, confirming=True)
        return answer(outcome_text(outcome), outcome)

    return FlatTool.build(
        apply_plan,
        name="apply_plan",
        title="Apply an approved plan",
        description=(
            "Carry out an approved plan, or confirm it where the policy lets this call do so. "
            "Prices and limits are read again first; a plan works once, for ten minutes."
        ),
        arguments=PlanArguments,
        result=Outcome,
        annotations=ONCE,
    )


async def _ask(ctx: Context[App], held: OpenPlan) -> Elicit[dialog.Approve] | Answer:
    app = _app(ctx)
    if app.policy.approval != "human" or held.plan.denials or not held.action.needs_yes(app, held.plan):
        return no_answer("none", "nobody needs to be asked")
    held.asked_at = held.asked_at or app.clock.monotonic()
    return await dialog.ask(ctx, question(held.plan, held.plan_id), app.clock)


def _heard(app: App, held: OpenPlan, said: ElicitationResult[Any]) -> Answer:
    asked_at = app.clock.monotonic() if held.asked_at is None else held.asked_at
    return dialog.read(said, app.clock.monotonic() - asked_at)


def _app(ctx: Context[App]) -> App:
    return ctx.request_context.lifespan_context
