"""The official Python client over stdio, in the era that is asked for."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import ElicitResult

from tests.clients.story import ORDER, READING_SECONDS, SEARCH, SERVER, Told, server_environment

Era = Literal["legacy", "auto"]


async def tell(folder: Path, era: Era) -> tuple[str, list[Told]]:
    """The protocol that was agreed on, and what came of every step."""
    approve = ElicitResult(action="accept", content={"approve": True})
    async with _session(folder, era, approve) as client:
        told = [Told("list", [tool.name for tool in (await client.list_tools()).tools])]
        told.append(Told("search", await _call(client, "search_gpu_products", SEARCH)))
        told.append(Told("preview", await _call(client, "create_gpu_instance", {**ORDER, "dryRun": True})))
        told.append(Told("approved", await _call(client, "create_gpu_instance", ORDER)))
    async with _session(folder, era, ElicitResult(action="decline")) as client:
        told.append(Told("declined", await _call(client, "create_gpu_instance", ORDER)))
        return str(client.protocol_version), told


@asynccontextmanager
async def _session(folder: Path, era: Era, answer: ElicitResult) -> AsyncIterator[Client]:
    async def person(context: Any, params: Any) -> ElicitResult:
        await anyio.sleep(READING_SECONDS)
        return answer

    command, *given = SERVER
    server = StdioServerParameters(command=command, args=given, env=server_environment(folder))
    with (folder / "stderr").open("a", encoding="utf-8") as errors:
        async with Client(stdio_client(server, errlog=errors), mode=era, elicitation_callback=person) as client:
            yield client


async def _call(client: Client, tool: str, given: Mapping[str, Any]) -> Any:
    return (await client.call_tool(tool, dict(given))).structured_content
