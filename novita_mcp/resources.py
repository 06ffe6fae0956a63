"""What a host can show to a person: the policy, the instances, the ledger and the request's schema."""

import json
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from novita_mcp.app import App
from novita_mcp.domain.request import CreateArguments
from novita_mcp.errors import NotFound, NovitaMcpError
from novita_mcp.schema import input_schema
from novita_mcp.tools.instances import GetArguments, details_of, every_instance

JSON = "application/json"
MOST_ENTRIES = 50


def add_resources(server: MCPServer[App]) -> None:
    """Register every resource and resource template."""
    server.resource(
        "novita://policy", name="policy", title="Policy in force", description="The owner's limits.", mime_type=JSON
    )(_policy)
    server.resource(
        "novita://instances", name="instances", title="Instances", description="All instances.", mime_type=JSON
    )(_instances)
    server.resource(
        "novita://instances/{instanceId}",
        name="instance",
        title="One instance",
        description="An instance with its ways in; no passwords.",
        mime_type=JSON,
    )(_instance)
    server.resource(
        "novita://ledger", name="ledger", title="Ledger", description="The latest lines, newest first.", mime_type=JSON
    )(_ledger)
    server.resource(
        "novita://schemas/create-gpu-instance",
        name="create-gpu-instance-schema",
        title="Schema of a create request",
        description="Every limit of the request.",
        mime_type=JSON,
    )(_schema)


async def _policy(ctx: Context) -> str:
    return _json(_app(ctx).policy.model_dump(mode="json"))


async def _instances(ctx: Context) -> str:
    try:
        return _json((await every_instance(_app(ctx))).model_dump(mode="json"))
    except NovitaMcpError as error:
        raise ResourceError(str(error)) from error


async def _instance(instanceId: str, ctx: Context) -> str:  # noqa: N803 - the name in the URI
    try:
        details = await details_of(_app(ctx), GetArguments(instance_id=instanceId))
    except NotFound as error:
        raise ResourceNotFoundError(str(error)) from error
    except NovitaMcpError as error:
        raise ResourceError(str(error)) from error
    return _json(details.model_dump(mode="json"))


async def _ledger(ctx: Context) -> str:
    try:
        entries = _app(ctx).ledger.entries(limit=MOST_ENTRIES, newest_first=True)
    except NovitaMcpError as error:
        raise ResourceError(str(error)) from error
    return _json([entry.model_dump(mode="json") for entry in entries])


async def _schema() -> str:
    return _json(input_schema(CreateArguments))


def _app(ctx: Context) -> App:
    app = ctx.request_context.lifespan_context
    assert isinstance(app, App)
    return app


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)
