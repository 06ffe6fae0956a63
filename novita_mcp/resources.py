"""What a host can show to a person: the policy, the instances, the ledger and the request's schema."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from novita_mcp.app import App
from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.schema import input_schema
from novita_mcp.domain.validation import parse
from novita_mcp.errors import InvalidArguments, NotFound, NovitaMcpError
from novita_mcp.ledger import Entry
from novita_mcp.tools.instances import GetArguments, details_of, every_instance

T = TypeVar("T")
JSON = "application/json"
INSTANCE = "novita://instances/{instanceId}"
MOST_ENTRIES = 50


def add_resources(server: MCPServer[App], running: Callable[[], App]) -> None:
    """Register every resource; `running` gives the app, since static resources are given no context."""

    async def policy() -> str:
        return _json(running().policy.model_dump(mode="json"))

    async def instances() -> str:
        return _json((await _readable(every_instance(running()))).model_dump(mode="json"))

    async def ledger() -> str:
        entries = await _readable(_latest_entries(running()))
        return _json([entry.model_dump(mode="json") for entry in entries])

    async def schema() -> str:
        return _json(input_schema(CreateArguments))

    for uri, title, description, read in (
        ("novita://policy", "Policy in force", "The owner's limits.", policy),
        ("novita://instances", "Instances", "Everything on the account.", instances),
        ("novita://ledger", "Ledger", "The latest lines, newest first.", ledger),
        ("novita://schemas/create-gpu-instance", "Create request", "Every limit of the request.", schema),
    ):
        name = uri.removeprefix("novita://").replace("/", "-")
        server.resource(uri, name=name, title=title, description=description, mime_type=JSON)(read)
    about = "One instance with its ways in; no passwords."
    server.resource(INSTANCE, name="instance", title="Instance", description=about, mime_type=JSON)(_instance)


async def _latest_entries(app: App) -> tuple[Entry, ...]:
    return app.ledger.entries(limit=MOST_ENTRIES, newest_first=True)


async def _readable(read: Awaitable[T]) -> T:
    """What is read; an error of ours reaches the host with its text."""
    try:
        return await read
    except NovitaMcpError as error:
        raise ResourceError(str(error)) from error


async def _instance(instanceId: str, ctx: Context) -> str:  # noqa: N803 - the name in the URI
    try:
        details = await details_of(_app(ctx), parse(GetArguments, {"instanceId": instanceId}))
    except (NotFound, InvalidArguments) as error:
        raise ResourceNotFoundError(str(error)) from error
    except NovitaMcpError as error:
        raise ResourceError(str(error)) from error
    return _json(details.model_dump(mode="json"))


def _app(ctx: Context) -> App:
    app = ctx.request_context.lifespan_context
    assert isinstance(app, App)
    return app


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)
