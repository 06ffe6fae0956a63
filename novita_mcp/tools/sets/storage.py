"""Toolset `storage`: network volumes."""

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, brief, third_party, usd
from novita_mcp.domain.models import HOURS_PER_MONTH, NetworkStorage
from novita_mcp.domain.pricing import volume_hourly
from novita_mcp.provisioning.acts.storing import CreateStorage, DeleteStorage, GrowStorage
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool
from novita_mcp.tools.sets.building import DryRun, Id, Query
from novita_mcp.tools.spending import ONCE, REPEATABLE, acting_tool

SMALLEST_GB = 10
StorageName = Annotated[str, Field(min_length=1, max_length=255)]
SizeGb = Annotated[int, Field(strict=True, ge=SMALLEST_GB, description="GB.")]


class ListArguments(Record):
    """Which volumes."""

    query: Annotated[Query, Field(description="Part of the id or name.")] = ""
    cluster_id: Annotated[str, Field(max_length=255)] = ""


class VolumeRow(Record):
    """One network volume and its estimated price."""

    storage_id: str
    storage_name: str
    storage_size: int
    cluster_id: str
    monthly_usd: Usd


class VolumeList(Record):
    """The volumes asked for; the price is an estimate for 730 hours."""

    volumes: tuple[VolumeRow, ...]
    total_monthly_usd: Usd


class CreateArguments(Record):
    """A new volume."""

    cluster_id: Annotated[Id, Field(description="One with networkStorage in list_resources kind clusters.")]
    storage_name: StorageName
    storage_size: SizeGb
    dry_run: DryRun = False


class GrowArguments(Record):
    """A volume's new size, and its new name if it is to have one."""

    storage_id: Id
    storage_size: Annotated[int, Field(strict=True, ge=SMALLEST_GB, description="New size in GB.")]
    storage_name: StorageName | None = None
    dry_run: DryRun = False


class DeleteArguments(Record):
    """Which volume."""

    storage_id: Id
    dry_run: DryRun = False


async def list_network_storages(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, VolumeList]:
    """List network volumes with size, cluster and price per month; they cost while they exist, mounted or not. Free."""
    volumes = await ctx.request_context.lifespan_context.client.network_storages()
    rows = tuple(_row(volume) for volume in volumes if _wanted(volume, args))
    total = sum((row.monthly_usd for row in rows), start=HOURS_PER_MONTH * 0)
    note = f"{len(rows)} volumes, about {usd(total, 2)} per month together."
    return answer("\n".join((*map(_line, rows), note)), VolumeList(volumes=rows, total_monthly_usd=total))


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        plain_tool(list_network_storages, "List network volumes", ListArguments, VolumeList, READS),
        acting_tool(
            "create_network_storage",
            "Create network volume",
            "Create a network volume. It costs until it is deleted: shows the price per month and asks a person.",
            CreateArguments,
            lambda args: CreateStorage(
                cluster_id=args.cluster_id, storage_name=args.storage_name, size_gb=args.storage_size
            ),
            ONCE,
        ),
        acting_tool(
            "grow_network_storage",
            "Grow network volume",
            "Enlarge a network volume, or rename it. It never shrinks and costs more from then on. Asks a person.",
            GrowArguments,
            lambda args: GrowStorage(
                storage_id=args.storage_id, size_gb=args.storage_size, storage_name=args.storage_name
            ),
            REPEATABLE,
        ),
        acting_tool(
            "delete_network_storage",
            "Delete network volume",
            "Delete a network volume and everything on it for good. Asks a person.",
            DeleteArguments,
            lambda args: DeleteStorage(storage_id=args.storage_id),
            REPEATABLE,
        ),
    )


def _wanted(volume: NetworkStorage, args: ListArguments) -> bool:
    named = args.query.casefold() in f"{volume.storage_id} {volume.name}".casefold()
    return named and args.cluster_id in {"", volume.cluster_id}


def _row(volume: NetworkStorage) -> VolumeRow:
    return VolumeRow(
        storage_id=volume.storage_id,
        storage_name=brief(volume.name),
        storage_size=volume.size_gb,
        cluster_id=volume.cluster_id,
        monthly_usd=volume_hourly(volume) * HOURS_PER_MONTH,
    )


def _line(row: VolumeRow) -> str:
    what = f"{third_party(row.storage_name, 60)} {row.storage_size} GB in {row.cluster_id}"
    return f"{row.storage_id}: {what}, about {usd(row.monthly_usd, 2)} per month"
