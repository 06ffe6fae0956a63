"""Toolset `registry`: stored logins of container registries, never with a password."""

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief, third_party
from novita_mcp.provisioning.acts.making import make_registry_auth
from novita_mcp.provisioning.acts.removing import Remove
from novita_mcp.tools.flat import READS, FlatTool, answer, plain_tool
from novita_mcp.tools.sets.building import ADDS, DryRun, Id, Query
from novita_mcp.tools.spending import REPEATABLE, acting_tool

REFERENCE = r"^\$[A-Za-z_][A-Za-z0-9_]*$"
Part = Annotated[str, Field(min_length=1, max_length=255)]


class ListArguments(Record):
    """Which credentials."""

    query: Annotated[Query, Field(description="Part of the id, registry or user.")] = ""


class AuthRow(Record):
    """One stored login."""

    image_auth_id: str
    name: str
    username: str


class AuthList(Record):
    """The logins asked for."""

    auths: tuple[AuthRow, ...]


class SaveArguments(Record):
    """A login whose password the server holds."""

    name: Annotated[Part, Field(description="Registry, like docker.io.")]
    username: Part
    password: Annotated[
        str,
        Field(
            pattern=REFERENCE,
            max_length=200,
            description='"$NAME": a variable of the server that NOVITA_MCP_SECRET_ENVS lists. Never a password itself.',
            examples=["$REGISTRY_PASSWORD"],
        ),
    ]


class DeleteArguments(Record):
    """Which login."""

    image_auth_id: Id
    dry_run: DryRun = False


class SavedAuth(Record):
    """The login that was stored; the id is empty where Novita does not show it yet."""

    image_auth_id: str


async def list_registry_auths(args: ListArguments, ctx: Context[App]) -> Annotated[CallToolResult, AuthList]:
    """List stored registry logins (imageAuthId of a create), without passwords. Free."""
    auths = await ctx.request_context.lifespan_context.client.registry_auths()
    rows = (AuthRow(image_auth_id=one.auth_id, name=brief(one.name), username=brief(one.username)) for one in auths)
    wanted = args.query.casefold()
    shown = tuple(row for row in rows if wanted in f"{row.image_auth_id} {row.name} {row.username}".casefold())
    return answer("\n".join(map(_line, shown)) or "No registry logins.", AuthList(auths=shown))


async def save_registry_auth(args: SaveArguments, ctx: Context[App]) -> Annotated[CallToolResult, SavedAuth]:
    """Store a registry login at Novita. The password is filled in by the server and never passes through you; if its
    owner has not set one up, ask them to. Costs nothing, so nobody is asked.
    """
    app = ctx.request_context.lifespan_context
    auth_id = await make_registry_auth(app, args.name, args.username, args.password)
    shown = f"registry login {auth_id}" if auth_id else "the registry login; list_registry_auths will show its id"
    return answer(f"Stored: {shown}.", SavedAuth(image_auth_id=auth_id))


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (
        plain_tool(list_registry_auths, "List registry logins", ListArguments, AuthList, READS),
        plain_tool(save_registry_auth, "Save registry login", SaveArguments, SavedAuth, ADDS),
        acting_tool(
            "delete_registry_auth",
            "Delete registry login",
            "Delete a stored registry login for good; instances that pull with it fail. Asks a person.",
            DeleteArguments,
            lambda args: Remove(name="delete_registry_auth", thing_id=args.image_auth_id),
            REPEATABLE,
        ),
    )


def _line(row: AuthRow) -> str:
    return f"{row.image_auth_id}: {third_party(row.name, 60)} as {third_party(row.username, 60)}"
