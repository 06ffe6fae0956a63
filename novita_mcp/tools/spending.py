"""The tools that spend or destroy: one shape, plan → guardrails → a person's yes → apply."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.approval import dialog
from novita_mcp.approval.answers import Answer
from novita_mcp.domain.api_limits import LeaseHours
from novita_mcp.domain.base import Record
from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.outcome import Outcome
from novita_mcp.provisioning.actions import Action
from novita_mcp.provisioning.acts.create import CreateInstance
from novita_mcp.provisioning.acts.lifecycle import DeleteInstance, RestartInstance, StartInstance, StopInstance
from novita_mcp.provisioning.asking import Call, Case, ask_dialog, found_case, open_case
from novita_mcp.provisioning.deciding import decide
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
    async def plan(args: Record, ctx: Context[App]) -> Case:
        return await open_case(_app(ctx), to_action(args), _call(ctx, dry_run=_is_dry(args)))

    async def ask(case: Annotated[Case, Resolve(plan)], ctx: Context[App]) -> Elicit[dialog.Approve] | Answer:
        return await ask_dialog(_app(ctx), ctx, case)

    async def act(
        args: Record,
        case: Annotated[Case, Resolve(plan)],
        said: Annotated[ElicitationResult[dialog.Approve], Resolve(ask)],
        ctx: Context[App],
    ) -> Annotated[CallToolResult, Outcome]:
        call = _call(ctx, dry_run=_is_dry(args))
        outcome = await decide(_app(ctx), case, _heard(_app(ctx), case, said), call)
        await _tell_watchers(ctx, outcome)
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
    async def plan(args: PlanArguments, ctx: Context[App]) -> Case:
        return await found_case(_app(ctx), args.plan_id, _call(ctx, confirming=True))

    async def ask(case: Annotated[Case, Resolve(plan)], ctx: Context[App]) -> Elicit[dialog.Approve] | Answer:
        return await ask_dialog(_app(ctx), ctx, case)

    async def apply_plan(
        args: PlanArguments,  # noqa: ARG001 - the resolvers read it
        case: Annotated[Case, Resolve(plan)],
        said: Annotated[ElicitationResult[dialog.Approve], Resolve(ask)],
        ctx: Context[App],
    ) -> Annotated[CallToolResult, Outcome]:
        call = _call(ctx, confirming=True)
        outcome = await decide(_app(ctx), case, _heard(_app(ctx), case, said), call)
        await _tell_watchers(ctx, outcome)
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


def _call(ctx: Context[App], *, dry_run: bool = False, confirming: bool = False) -> Call:
    return Call(
        tell=ctx.report_progress,
        can_ask=dialog.can_ask(ctx),
        by_return=dialog.asks_by_return(ctx),
        resumed=ctx.request_state is not None,
        dry_run=dry_run,
        confirming=confirming,
    )


def _is_dry(args: Record) -> bool:
    return bool(getattr(args, "dry_run", False))


def _heard(app: App, case: Case, said: ElicitationResult[Any]) -> Answer:
    asked_at = app.clock.monotonic() if case.held.asked_at is None else case.held.asked_at
    return dialog.read(said, app.clock.monotonic() - asked_at)


async def _tell_watchers(ctx: Context[App], outcome: Outcome) -> None:
    """Let clients that watch resources read anew what this call has changed."""
    if outcome.instance is None:
        return
    for uri in (f"novita://instances/{outcome.instance.instance_id}", "novita://instances", "novita://ledger"):
        await ctx.notify_resource_updated(uri)


def _app(ctx: Context[App]) -> App:
    return ctx.request_context.lifespan_context
