"""Toolset `network`: VPC networks."""

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief, third_party
from novita_mcp.domain.models import Network
from novita_mcp.provisioning.acts.making import make_network
from novita_mcp.provisioning.acts.removing import Remove
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool
from novita_mcp.tools.sets.building import ADDS, REPLACES, DryRun, Id, Query
from novita_mcp.tools.spending import REPEATABLE, acting_tool

NetworkName = Annotated[str, Field(min_length=1, max_length=30)]


class ListArguments(Record):
    """Which networks."""

    network_id: Annotated[str, Field(max_length=255, description="Only this one.")] = ""
    query: Annotated[Query, Field(description="Part of the id or name.")] = ""


class NetworkRow(Record):
    """One VPC network."""

    network_id: str
    name: str
    cluster_id: str
    segment: str
    state: str


class NetworkList(Record):
    """The networks asked for."""

    networks: tuple[NetworkRow, ...]


class CreateArguments(Record):
    """A new network."""

    cluster_id: Annotated[Id, Field(description="One with network in list_resources kind clusters.")]
    name: NetworkName


class RenameArguments(Record):
    """A network and its new name."""

    network_id: Id
    name: NetworkName


class DeleteArguments(Record):
    """Which network."""

    network_id: Id
    dry_run: DryRun = False


class Written(Record):
    """The network that was written; the id is empty where Novita does not show it yet."""

    network_id: str


async def list_networks(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, NetworkList]:
    """List VPC networks (networkId of a create), or show one, with cluster, segment and state. Free."""
    client = ctx.request_context.lifespan_context.client
    networks = (await client.network(args.network_id),) if args.network_id else await client.networks()
    wanted = args.query.casefold()
    rows = tuple(_row(one) for one in networks if wanted in f"{one.network_id} {one.name}".casefold())
    return answer("\n".join(map(_line, rows)) or "No VPC networks.", NetworkList(networks=rows))


async def create_network(args: CreateArguments, ctx: Context[App]) -> Annotated[CallToolResult, Written]:
    """Create a VPC network. Costs nothing by itself, so nobody is asked."""
    network_id = await make_network(ctx.request_context.lifespan_context, args.cluster_id, args.name)
    shown = f"VPC network {network_id}" if network_id else "the VPC network; list_networks will show its id"
    return answer(f"Created: {shown}.", Written(network_id=network_id))


async def rename_network(args: RenameArguments, ctx: Context[App]) -> Annotated[CallToolResult, Written]:
    """Rename a VPC network. Costs nothing, so nobody is asked."""
    await ctx.request_context.lifespan_context.client.update_network(args.network_id, args.name)
    return answer(f"Renamed: VPC network {args.network_id}.", Written(network_id=args.network_id))


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        plain_tool(list_networks, "List VPC networks", ListArguments, NetworkList, READS),
        plain_tool(create_network, "Create VPC network", CreateArguments, Written, ADDS),
        plain_tool(rename_network, "Rename VPC network", RenameArguments, Written, REPLACES),
        acting_tool(
            "delete_network",
            "Delete VPC network",
            "Delete an empty VPC network for good. Asks a person.",
            DeleteArguments,
            lambda args: Remove(name="delete_network", thing_id=args.network_id),
            REPEATABLE,
        ),
    )


def _row(network: Network) -> NetworkRow:
    return NetworkRow(
        network_id=network.network_id,
        name=brief(network.name),
        cluster_id=network.cluster_id,
        segment=brief(network.segment, 60),
        state=brief(network.state, 40),
    )


def _line(row: NetworkRow) -> str:
    return f"{row.network_id}: {third_party(row.name, 60)} in {row.cluster_id}, {row.segment}, {row.state}"
