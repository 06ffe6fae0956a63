"""Toolset `prewarm`: images pulled ahead, so that instances start sooner."""

from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.api_limits import IMAGE_URL_LENGTH
from novita_mcp.domain.base import Record, brief, third_party
from novita_mcp.domain.models import Prewarm
from novita_mcp.provisioning.acts.making import make_prewarm
from novita_mcp.provisioning.acts.removing import Remove
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool
from novita_mcp.tools.sets.building import ADDS, DryRun, Id
from novita_mcp.tools.spending import REPEATABLE, acting_tool

BYTES_PER_GB = 1_000_000_000


class ListArguments(Record):
    """Which tasks."""

    state: Literal["Pending", "Running", "Succeeded", "Failed"] | None = None
    cluster_id: Annotated[str, Field(max_length=255)] = ""


class PrewarmRow(Record):
    """One prewarm task."""

    id: str
    image_url: str
    cluster_id: str
    product_ids: tuple[str, ...]
    state: str
    note: str
    reasons: tuple[str, ...]
    image_gb: float | None


class PrewarmList(Record):
    """The tasks asked for, and how many more there may be."""

    prewarms: tuple[PrewarmRow, ...]
    used: int | None
    limit: int | None
    max_image_gb: int | None


class CreateArguments(Record):
    """An image, and where it is wanted soon."""

    image_url: Annotated[str, Field(min_length=1, max_length=IMAGE_URL_LENGTH.high)]
    cluster_id: Id
    product_ids: Annotated[tuple[Id, ...], Field(min_length=1, description="From search_gpu_products.")]
    image_auth_id: str | None = None
    note: Annotated[str, Field(max_length=255)] = ""


class DeleteArguments(Record):
    """Which task."""

    id: Id
    dry_run: DryRun = False


class Begun(Record):
    """The task that was begun."""

    id: str


async def list_prewarms(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, PrewarmList]:
    """List image prewarm tasks with their state, and the quota: how many there may be, how large an image. Free."""
    client = ctx.request_context.lifespan_context.client
    tasks = Read(lambda: client.prewarms(state=args.state, cluster_id=args.cluster_id or None))
    quota = Read(client.prewarm_quota)
    await read_all(tasks, quota)
    rows, allowed = tuple(map(_row, tasks.value)), quota.or_none
    result = PrewarmList(
        prewarms=rows,
        used=allowed.used if allowed else None,
        limit=allowed.limit if allowed else None,
        max_image_gb=allowed.max_image_gb if allowed else None,
    )
    return answer("\n".join((*map(_line, rows), _quota_line(result))), result)


async def create_prewarm(args: CreateArguments, ctx: Context[App]) -> Annotated[CallToolResult, Begun]:
    """Have an image pulled ahead onto machines of a cluster, so that instances with it start sooner. Novita states no
    price for it, so nobody is asked; it uses up the quota.
    """
    login = {"repositoryAuth": args.image_auth_id} if args.image_auth_id else {}
    body: dict[str, Any] = {
        "imageUrl": args.image_url,
        "clusterId": args.cluster_id,
        "productIds": list(args.product_ids),
        "note": args.note,
        **login,
    }
    prewarm_id = await make_prewarm(ctx.request_context.lifespan_context, body)
    return answer(f"Begun: prewarm task {prewarm_id}; list_prewarms shows its state.", Begun(id=prewarm_id))


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        plain_tool(list_prewarms, "List prewarm tasks", ListArguments, PrewarmList, READS),
        plain_tool(create_prewarm, "Prewarm image", CreateArguments, Begun, ADDS),
        acting_tool(
            "delete_prewarm",
            "Delete prewarm task",
            "Delete an image prewarm task. Asks a person.",
            DeleteArguments,
            lambda args: Remove(name="delete_prewarm", thing_id=args.id),
            REPEATABLE,
        ),
    )


def _row(prewarm: Prewarm) -> PrewarmRow:
    return PrewarmRow(
        id=prewarm.prewarm_id,
        image_url=brief(prewarm.image_url, 500),
        cluster_id=prewarm.cluster_id,
        product_ids=prewarm.product_ids,
        state=brief(prewarm.state, 40),
        note=brief(prewarm.note),
        reasons=tuple(map(brief, prewarm.reasons)),
        image_gb=round(prewarm.image_bytes / BYTES_PER_GB, 1) if prewarm.image_bytes else None,
    )


def _line(row: PrewarmRow) -> str:
    why = f", {third_party('; '.join(row.reasons))}" if row.reasons else ""
    return f"{row.id}: {third_party(row.image_url)} in {row.cluster_id}, {row.state}{why}"


def _quota_line(result: PrewarmList) -> str:
    if result.limit is None:
        return "The quota could not be read."
    return f"{result.used} of {result.limit} tasks used, at most {result.max_image_gb} GB an image."
