"""The tools that show what exists, how to reach it and what it costs."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, brief, third_party, usd
from novita_mcp.domain.connections import Connections, connections
from novita_mcp.domain.fleet import Fleet, FleetMember
from novita_mcp.domain.models import Instance
from novita_mcp.domain.noticing import forgotten, notices
from novita_mcp.domain.startup import standing
from novita_mcp.ledger import Entry
from novita_mcp.provisioning.reading import FactReads, Read, fleet_of, read_all, recorded
from novita_mcp.provisioning.waiting import awaited
from novita_mcp.tools.flat import answer

DEFAULT_WAIT_SECONDS = 45


class ListArguments(Record):
    """Which instances."""

    status: Annotated[str, Field(max_length=40, description='Like "running" or "exited".')] = ""
    name: Annotated[str, Field(max_length=255, description="Part of the name.")] = ""


class InstanceRow(Record):
    """One instance in a list; `hourlyNow` is what it costs at this moment, null where unknown."""

    instance_id: str
    name: str
    status: str
    product_name: str
    gpu_num: int
    cluster_id: str
    hourly_now: Usd | None
    billing_mode: str
    ours: bool
    lease_until: Annotated[datetime | None, Field(exclude_if=lambda until: until is None)] = None
    notice: Annotated[str, Field(exclude_if=lambda notice: not notice)] = ""


class InstanceList(Record):
    """What exists on the account, whoever started it."""

    instances: tuple[InstanceRow, ...]
    total: int
    total_hourly: Usd
    note: str


async def list_gpu_instances(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, InstanceList]:
    """List the account's instances, whoever started them, with status, cost per hour now, lease and the total.
    Look here before creating another one and after any result that was lost or unknown. Free.
    """
    app = ctx.request_context.lifespan_context
    result = await every_instance(app, args)
    return answer("\n".join((*map(_line, result.instances), result.note)), result)


async def every_instance(app: App, args: ListArguments | None = None) -> InstanceList:
    """Everything on the account that is asked for."""
    wanted = args or ListArguments()
    entries, doubt = recorded(app)
    fleet = await _fleet(app, entries)
    shown = tuple(member for member in fleet.members if _wanted(member.instance, wanted))
    rows = tuple(_row(member, app.clock.now()) for member in shown)
    note = " ".join(filter(None, (_note(fleet, len(rows)), doubt)))
    return InstanceList(instances=rows, total=len(rows), total_hourly=fleet.burn_usd, note=note)


async def _fleet(app: App, entries: tuple[Entry, ...]) -> Fleet:
    reads = FactReads(app)
    await read_all(reads.instances, reads.products)
    return fleet_of(reads.instances.value, reads.products.or_none or (), entries, app.clock.now())


def _wanted(instance: Instance, args: ListArguments) -> bool:
    right_status = not args.status or instance.status.casefold() == args.status.casefold()
    return right_status and args.name.casefold() in instance.name.casefold()


def _cost_now(member: FleetMember, instance: Instance) -> Decimal | None:
    """USD per hour at the moment at which the instance was read."""
    return member.hourly_usd if instance.runs else member.stopped_hourly_usd


def _row(member: FleetMember, now: datetime) -> InstanceRow:
    instance = member.instance
    return InstanceRow(
        instance_id=instance.instance_id,
        name=brief(instance.name, 80),
        status=instance.status,
        product_name=brief(instance.product_name, 60),
        gpu_num=instance.gpu_num,
        cluster_id=instance.cluster_id,
        hourly_now=_cost_now(member, instance),
        billing_mode=instance.billing_mode,
        ours=member.ours,
        lease_until=member.lease_until,
        notice="; ".join((*notices(instance, now), *forgotten(member, now))),
    )


def _line(row: InstanceRow) -> str:
    owner = "" if row.ours else ", NOT created here"
    lease = f", lease until {row.lease_until:%Y-%m-%d %H:%M} UTC" if row.lease_until else ""
    notice = f", {row.notice}" if row.notice else ""
    what = f"{row.gpu_num} × {third_party(row.product_name, 60)}, {usd(row.hourly_now)}/h"
    return f"{row.instance_id} {third_party(row.name, 80)} {row.status}, {what}{lease}{owner}{notice}"


def _note(fleet: Fleet, shown: int) -> str:
    unknown = f", and {len(fleet.unpriced)} at an unknown price" if fleet.unpriced else ""
    pending = f" {len(fleet.pending)} create(s) on the way." if fleet.pending else ""
    total = f"everything together costs {usd(fleet.burn_usd)}/h now{unknown}"
    return f"{shown} shown of {len(fleet.members)}; {total}.{pending}"


class GetArguments(Record):
    """Which instance, and what to wait for."""

    instance_id: Annotated[str, Field(min_length=1, max_length=255, description="From list_gpu_instances.")]
    wait_for: Annotated[Literal["running", "exited"] | None, Field(description="Wait for this status.")] = None
    timeout_seconds: Annotated[int, Field(strict=True, ge=1, le=600, description="Longest wait of this call.")] = (
        DEFAULT_WAIT_SECONDS
    )


class Hardware(Record):
    """What the instance is made of, and where."""

    product_id: str
    product_name: str
    gpu_num: int
    rootfs_gb: int
    cluster_id: str


class InstanceDetails(Record):
    """One instance and how to reach it; `reached` says whether what was waited for is so."""

    instance_id: str
    name: str
    status: str
    reached: bool | None
    hardware: Hardware
    image_url: str
    billing_mode: str
    hourly_now: Usd | None
    ours: bool
    lease_until: datetime | None
    connections: Connections
    notice: str
    note: str


async def get_gpu_instance(args: GetArguments, ctx: Context[App]) -> Annotated[CallToolResult, InstanceDetails]:
    """Show one instance: status, cost now, how to connect (SSH, Jupyter, HTTP and TCP endpoints).
    waitFor waits up to timeoutSeconds, then says how things stand; call again to wait on. Free.
    """
    app = ctx.request_context.lifespan_context
    details = await details_of(app, args, ctx)
    return answer(_details_text(details), details)


async def details_of(app: App, args: GetArguments, ctx: Context[App] | None = None) -> InstanceDetails:
    """One instance as it stands after the wait that is asked for.

    Raises:
        NotFound: It is gone, or never was.
    """
    entries, _ = recorded(app)
    reading, fleet = Read(lambda: app.client.instance(args.instance_id)), Read(lambda: _fleet(app, entries))
    await read_all(reading, fleet)
    instance, member = reading.value, _member(fleet.or_none, args.instance_id)
    if args.wait_for is not None:
        tell, hourly = None if ctx is None else ctx.report_progress, member.hourly_usd if member else None
        instance = await awaited(app, instance, args.wait_for, args.timeout_seconds, hourly, tell)
    return _details(instance, member, args, app.clock.now())


def _member(fleet: Fleet | None, instance_id: str) -> FleetMember | None:
    members = fleet.members if fleet else ()
    return next((member for member in members if member.instance.instance_id == instance_id), None)


def _details(instance: Instance, member: FleetMember | None, args: GetArguments, now: datetime) -> InstanceDetails:
    idle = forgotten(member, now) if member else ()
    hourly = _cost_now(member, instance) if member else None
    return InstanceDetails(
        instance_id=instance.instance_id,
        name=brief(instance.name),
        status=instance.status,
        reached=None if args.wait_for is None else instance.status == args.wait_for,
        hardware=_hardware(instance),
        image_url=brief(instance.image_url, 500),
        billing_mode=instance.billing_mode,
        hourly_now=hourly,
        ours=member.ours if member else False,
        lease_until=member.lease_until if member else None,
        connections=connections(instance),
        notice="; ".join((*notices(instance, now), *idle)),
        note=" ".join(standing(instance, args.wait_for, args.timeout_seconds, hourly, now)),
    )


def _hardware(instance: Instance) -> Hardware:
    return Hardware(
        product_id=instance.product_id,
        product_name=brief(instance.product_name, 60),
        gpu_num=instance.gpu_num,
        rootfs_gb=instance.rootfs_gb,
        cluster_id=instance.cluster_id,
    )


def _details_text(details: InstanceDetails) -> str:
    lines = [
        f"{details.instance_id} {third_party(details.name, 80)}: {details.status}, {usd(details.hourly_now)}/h now."
    ]
    found = details.connections
    ways = (("SSH", found.ssh_command), ("Jupyter", found.jupyter_url), ("Web terminal", found.web_terminal_url))
    lines += [f"{label}: {value}" for label, value in ways if value]
    lines += [f"Port {port.port}/{port.type}: {port.endpoint or 'not up yet'}" for port in found.ports]
    if found.ssh_command or found.web_terminal_url:
        lines.append(
            f"Passwords are for the owner's eyes, never for a model: `novita-mcp ssh {details.instance_id}` in a "
            "terminal shows them. They, hosts and ports change with every start."
        )
    return "\n".join(filter(None, (*lines, details.notice, details.note)))
