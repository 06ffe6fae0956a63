"""Toolset `templates`: saved sets of create values."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain import api_limits
from novita_mcp.domain.base import Record, brief, third_party
from novita_mcp.domain.models import Template
from novita_mcp.errors import Problem
from novita_mcp.provisioning.acts.making import TemplateValues, change_template, make_template
from novita_mcp.provisioning.acts.removing import Remove
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool
from novita_mcp.tools.sets.building import ADDS, REPLACES, DryRun, Envs, Id, Ports, Query, opened_ports, port_problems
from novita_mcp.tools.spending import REPEATABLE, acting_tool

if TYPE_CHECKING:
    from novita_mcp.api.resources import TemplateChannel

SHOWN = 50
ImageUrl = Annotated[str, Field(min_length=1, max_length=api_limits.IMAGE_URL_LENGTH.high)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
RootfsGb = Annotated[int, Field(strict=True, ge=1, le=api_limits.ROOTFS_GB.high, description="GB.")]


class ListArguments(Record):
    """Which templates: one with everything, or those of a channel."""

    template_id: Annotated[str, Field(max_length=255, description="Only this one, with all its values.")] = ""
    channel: Literal["private", "official", "community"] | None = None
    query: Annotated[Query, Field(description="Part of the id or name.")] = ""


class TemplateRow(Record):
    """One template, under the names of create_gpu_instance; values of variables are never shown."""

    template_id: str
    name: str
    channel: str
    image_url: str
    image_auth_id: str
    rootfs_size: int
    ports: str
    env_names: tuple[str, ...]
    tools: tuple[str, ...]
    command: str
    entrypoint: str
    min_cuda_version: str


class TemplateList(Record):
    """The templates asked for."""

    templates: tuple[TemplateRow, ...]
    total: int


class Values(Record):
    """The values that every write of a template may have."""

    image_auth_id: str | None = None
    ports: Ports | None = None
    envs: Annotated[Envs, Field(description='A value may be "$NAME".')] | None = None
    command: Annotated[str, Field(max_length=api_limits.COMMAND_LENGTH.high)] | None = None
    entrypoint: Annotated[str, Field(max_length=api_limits.ENTRYPOINT_LENGTH.high)] | None = None
    min_cuda_version: Annotated[str, Field(max_length=api_limits.MIN_CUDA_VERSION_LENGTH.high)] | None = None
    readme: Annotated[str, Field(max_length=102400)] | None = None

    def problems(self) -> Iterator[Problem]:
        """Yield every broken rule about ports."""
        yield from port_problems(self.ports)


class CreateArguments(Values):
    """A new template."""

    name: Name
    image_url: ImageUrl
    rootfs_size: RootfsGb = api_limits.ROOTFS_GB.low


class UpdateArguments(Values):
    """A template and what changes of it."""

    template_id: Id
    name: Name | None = None
    image_url: ImageUrl | None = None
    rootfs_size: RootfsGb | None = None


class DeleteArguments(Record):
    """Which template."""

    template_id: Id
    dry_run: DryRun = False


class Saved(Record):
    """The template that was written."""

    template_id: str


async def list_templates(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, TemplateList]:
    """List templates, or show one: image, disk, ports, names of variables, command. Values of variables are never
    shown. Free.
    """
    app = ctx.request_context.lifespan_context
    found = (await app.client.template(args.template_id),) if args.template_id else await _listed(app, args)
    rows = tuple(_row(template) for template in found[:SHOWN])
    more = f"{len(found) - SHOWN} more; narrow it by channel or query." if len(found) > SHOWN else ""
    text = "\n".join(filter(None, (*map(_line, rows), more))) or "No templates."
    return answer(text, TemplateList(templates=rows, total=len(found)))


async def create_template(args: CreateArguments, ctx: Context[App]) -> Annotated[CallToolResult, Saved]:
    """Save a private template for create_gpu_instance. Costs nothing and runs nothing, so nobody is asked."""
    template_id = await make_template(ctx.request_context.lifespan_context, _values(args))
    return answer(f"Created: template {template_id}.", Saved(template_id=template_id))


async def update_template(args: UpdateArguments, ctx: Context[App]) -> Annotated[CallToolResult, Saved]:
    """Change a private template: what is given replaces what was there, the rest stays (but resend the readme).
    Costs nothing, so nobody is asked.
    """
    await change_template(ctx.request_context.lifespan_context, args.template_id, _values(args))
    return answer(f"Changed: template {args.template_id}.", Saved(template_id=args.template_id))


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        plain_tool(list_templates, "List templates", ListArguments, TemplateList, READS),
        plain_tool(create_template, "Create template", CreateArguments, Saved, ADDS),
        plain_tool(update_template, "Update template", UpdateArguments, Saved, REPLACES),
        acting_tool(
            "delete_template",
            "Delete template",
            "Delete a private template for good. Asks a person.",
            DeleteArguments,
            lambda args: Remove(name="delete_template", thing_id=args.template_id),
            REPEATABLE,
        ),
    )


async def _listed(app: App, args: ListArguments) -> tuple[Template, ...]:
    channels: tuple[TemplateChannel, ...] = (args.channel,) if args.channel else ("private", "official", "community")
    reads = tuple(Read(partial(app.client.templates, channel)) for channel in channels)
    await read_all(*reads)
    found = {template.template_id: template for read in reads for template in read.value}
    wanted = args.query.casefold()
    return tuple(one for one in found.values() if wanted in f"{one.template_id} {one.name}".casefold())


def _values(args: CreateArguments | UpdateArguments) -> TemplateValues:
    return TemplateValues(
        name=args.name,
        image_url=args.image_url,
        image_auth_id=args.image_auth_id,
        rootfs_gb=args.rootfs_size,
        ports=None if args.ports is None else opened_ports(args.ports),
        envs=args.envs,
        command=args.command,
        entrypoint=args.entrypoint,
        min_cuda_version=args.min_cuda_version,
        readme=args.readme,
    )


def _row(template: Template) -> TemplateRow:
    return TemplateRow(
        template_id=template.template_id,
        name=brief(template.name),
        channel=brief(template.channel, 40),
        image_url=brief(template.image_url, 500),
        image_auth_id=brief(template.image_auth_id),
        rootfs_size=template.rootfs_gb,
        ports=", ".join(f"{port}/{group.type}" for group in template.ports for port in group.ports),
        env_names=tuple(brief(env.key, 60) for env in template.envs),
        tools=tuple(f"{tool.name} {tool.port}/{tool.type}" for tool in template.tools),
        command=brief(template.command, 500),
        entrypoint=brief(template.entrypoint, 500),
        min_cuda_version=brief(template.min_cuda_version, 40),
    )


def _line(row: TemplateRow) -> str:
    parts = (row.channel, third_party(row.image_url), f"{row.rootfs_size} GB", row.ports and f"ports {row.ports}")
    return f"{row.template_id}: {third_party(row.name, 60)} " + ", ".join(filter(None, parts))
