"""What the tools cost an agent to have, and their results to read; a token is counted as four bytes."""

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp.types import CallToolResult, TextContent, Tool
from rich.table import Table

from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import build_world
from tests.world import CREATE, Opened, Person, opened, yes

BYTES_PER_TOKEN = 4
MANY = 50


async def tool_table() -> Table:
    """Tokens of each tool of the default toolset in the list of tools."""
    async with _server() as server:
        tools = (await server.client.list_tools()).tools
    table = _table("tool", ("description", "arguments", "result", "whole"), "Tokens per tool")
    for tool in tools:
        parts = (tool.description, tool.input_schema, tool.output_schema, _plain(tool))
        table.add_row(tool.name, *(str(_tokens(part)) for part in parts))
    table.add_section()
    table.add_row("the whole list", "", "", "", str(_tokens({"tools": [_plain(tool) for tool in tools]})))
    return table


async def result_table() -> Table:
    """Tokens of typical results: the text for the model, and the structured form beside it."""
    table = _table("result", ("text", "structured"), "Tokens per result")
    async with _server() as server:
        created = await server.outcome("create_gpu_instance", CREATE)
        instance = {"instanceId": created["instance"]["instanceId"]}
        calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("search, all products", "search_gpu_products", {}),
            ("preview", "create_gpu_instance", {**CREATE, "dryRun": True}),
            (
                "denied by a guardrail",
                "create_gpu_instance",
                {**CREATE, "productId": "H100-SXM-80GB.26c220g", "gpuNum": 8},
            ),
            ("bad arguments", "create_gpu_instance", {**CREATE, "gpuNum": 9, "ports": "2222/tcp"}),
            ("wait until it runs", "get_gpu_instance", {**instance, "waitFor": "running"}),
            ("stop", "stop_gpu_instance", instance),
            ("spending", "get_spending", {}),
            ("clusters", "list_resources", {"kind": "clusters"}),
        )
        for label, tool, arguments in calls:
            _add(table, label, await server.call(tool, arguments))
        for _ in range(MANY - 1):
            server.world.add_foreign_instance()
        _add(table, f"list of {MANY} instances", await server.call("list_gpu_instances"))
    return table


@asynccontextmanager
async def _server() -> AsyncIterator[Opened]:
    clock = TurnedClock()
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), clock=clock, world=build_world(clock), person=Person(yes(), clock)) as server:
            yield server


def _table(first: str, columns: tuple[str, ...], title: str) -> Table:
    table = Table(first, title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _add(table: Table, label: str, result: CallToolResult) -> None:
    text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    structured = "" if result.structured_content is None else str(_tokens(result.structured_content))
    table.add_row(label, str(_tokens(text)), structured)


def _plain(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


def _tokens(part: Any) -> int:
    text = part if isinstance(part, str) else json.dumps(part, separators=(",", ":"), ensure_ascii=False)
    return round(len(text.encode()) / BYTES_PER_TOKEN)
