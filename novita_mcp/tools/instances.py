"""The tools that show what exists, how to reach it and what it costs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.catalog import Instance, PortMapping
from novita_mcp.domain.display import brief, third_party, usd
from novita_mcp.domain.fleet import Fleet, FleetMember
from novita_mcp.domain.record import Record, Usd
from novita_mcp.provisioning.reading import FactReads, Read, fleet_of, read_all
from novita_mcp.tools.flat import answer

POLL_SECONDS = 2.0
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
    lease_until: datetime | None
    notice: str


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
    fleet = await _fleet(app)
    shown = tuple(member for member in fleet.members if _wanted(member.instance, wanted))
    rows = tuple(_row(member) for member in shown)
    return InstanceList(instances=rows, total=len(rows), total_hourly=fleet.burn_usd, note=_note(fleet, len(rows)))


async def _fleet(app: App) -> Fleet:
    reads = FactReads(app)
    await read_all(reads.instances, reads.products)
    return fleet_of(reads.instances.value, reads.products.or_none or (), app.ledger.entries(), app.clock.now())


def _wanted(instance: Instance, args: ListArguments) -> bool:
    right_status = not args.status or instance.status.casefold() == args.status.casefold()
    return right_status and args.name.casefold() in instance.name.casefold()


def cost_now(member: FleetMember) -> Any:
    """USD per hour at this moment."""
    return member.hourly_usd if member.instance.runs else member.stopped_hourly_usd


def _row(member: FleetMember) -> InstanceRow:
    instance = member.instance
    return InstanceRow(
        instance_id=instance.instance_id,
        name=brief(instance.name, 80),
        status=instance.status,
        product_name=brief(instance.product_name, 60),
        gpu_num=instance.gpu_num,
        cluster_id=instance.cluster_id,
        hourly_now=cost_now(member),
        billing_mode=instance.billing_mode,
        ours=member.ours,
        lease_until=member.lease_until,
        notice="; ".join(notices(instance)),
    )


def notices(instance: Instance) -> Iterator[str]:
    """What a person should know: a failed start, a spot reclaim, an ending subscription, arrears."""
    if instance.status_error:
        yield f"failed: {third_party(instance.status_error)}"
    if instance.spot_status in {"notified", "reclaiming"} and instance.spot_reclaim_at:
        yield f"spot is reclaimed at {instance.spot_reclaim_at:%Y-%m-%d %H:%M} UTC"
    elif instance.spot_reclaim_at and instance.status == "exited":
        yield "spot was reclaimed"
    if instance.billing_mode == "monthly" and instance.ends_at:
        yield f"subscription ends {instance.ends_at:%Y-%m-%d}"
    if instance.status == "freezing":
        yield "the account is in arrears; volumes are released after 3 days"


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


class PortRow(Record):
    """An open port and where it is reached."""

    port: int
    type: str
    endpoint: str


class Connections(Record):
    """The ways in; what is not up yet is empty, and passwords are not here."""

    ssh_command: str
    jupyter_url: str
    web_terminal_url: str
    ports: tuple[PortRow, ...]


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
    instance, fleet = await _awaited(app, ctx, args), Read(lambda: _fleet(app))
    await read_all(fleet)
    return _details(instance, fleet.or_none, args)


async def _awaited(app: App, ctx: Context[App] | None, args: GetArguments) -> Instance:
    """The instance, read until it is as wanted, has failed, or the time is up."""
    started = app.clock.monotonic()
    while True:
        instance = await app.client.instance(args.instance_id)
        waited = app.clock.monotonic() - started
        if args.wait_for is None or _settled(instance, args.wait_for) or waited >= args.timeout_seconds:
            return instance
        if ctx is not None:
            await ctx.report_progress(waited, args.timeout_seconds, f"{args.instance_id} is {instance.status}")
        await app.clock.sleep(min(POLL_SECONDS, args.timeout_seconds - waited))


def _settled(instance: Instance, wanted: str) -> bool:
    return instance.status == wanted or bool(instance.status_error) or not instance.exists


def _details(instance: Instance, fleet: Fleet | None, args: GetArguments) -> InstanceDetails:
    member = next((m for m in fleet.members if m.instance.instance_id == instance.instance_id), None) if fleet else None
    reached = None if args.wait_for is None else instance.status == args.wait_for
    return InstanceDetails(
        instance_id=instance.instance_id,
        name=brief(instance.name),
        status=instance.status,
        reached=reached,
        hardware=_hardware(instance),
        image_url=brief(instance.image_url, 500),
        billing_mode=instance.billing_mode,
        hourly_now=cost_now(member) if member else None,
        ours=member.ours if member else False,
        lease_until=member.lease_until if member else None,
        connections=_connections(instance),
        notice="; ".join(notices(instance)),
        note=_standing(instance, args, reached=reached),
    )


def _hardware(instance: Instance) -> Hardware:
    return Hardware(
        product_id=instance.product_id,
        product_name=brief(instance.product_name, 60),
        gpu_num=instance.gpu_num,
        rootfs_gb=instance.rootfs_gb,
        cluster_id=instance.cluster_id,
    )


def _connections(instance: Instance) -> Connections:
    return Connections(
        ssh_command=brief(instance.ssh.command) if instance.ssh else "",
        jupyter_url=brief(instance.jupyter.address) if instance.jupyter else "",
        web_terminal_url=brief(instance.web_terminal.address) if instance.web_terminal else "",
        ports=tuple(_port(mapping) for mapping in instance.ports),
    )


def _port(mapping: PortMapping) -> PortRow:
    return PortRow(port=mapping.port, type=mapping.type, endpoint=brief(mapping.endpoint))


def _standing(instance: Instance, args: GetArguments, *, reached: bool | None) -> str:
    if instance.status_error:
        return "The start failed; check the image and its credentials, then delete the instance: it may go on costing."
    if reached is False:
        return (
            f"Still {instance.status} after {args.timeout_seconds} s; billing runs from pulling on. Large images take "
            f"5 to 15 minutes. Call get_gpu_instance with waitFor again, or delete it."
        )
    if instance.status == "running":
        return "Running. A service may need a moment more; HTTP answers 502 until it listens."
    return f"Status {instance.status}."


def _details_text(details: InstanceDetails) -> str:
    lines = [
        f"{details.instance_id} {third_party(details.name, 80)}: {details.status}, {usd(details.hourly_now)}/h now."
    ]
    found = details.connections
    ways = (("SSH", found.ssh_command), ("Jupyter", found.jupyter_url), ("Web terminal", found.web_terminal_url))
    lines += [f"{label}: {value}" for label, value in ways if value]
    if found.ssh_command:
        lines.append("The SSH password is shown to the owner in Novita's console only, never to a model.")
    lines += [f"Port {port.port}/{port.type}: {port.endpoint or 'not up yet'}" for port in found.ports]
    return "\n".join(filter(None, (*lines, details.notice, details.note)))
