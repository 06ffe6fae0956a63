"""What each toolset publishes: closed, described, marked, and small."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.types import Tool

from novita_mcp.server import build_server, reading_tools
from novita_mcp.settings import TOOLSETS as NAMES
from novita_mcp.tools.sets import TOOLSETS, named_tools
from novita_mcp.tools.spending import spending_tools

pytestmark = pytest.mark.anyio

MOST_TOKENS = 2000
BYTES_PER_TOKEN = 4
LONGEST_NAME = 60
SERVER = "novita"
CORE = {tool.name for tool in (*reading_tools(), *spending_tools())}
EVERY_TOOL = tuple(tool for make in TOOLSETS.values() for tool in make())


@asynccontextmanager
async def nothing(_: Any) -> AsyncIterator[None]:
    """Listing tools opens nothing."""
    yield None


async def listed(*toolsets: str) -> list[Tool]:
    async with Client(build_server(nothing, toolsets)) as client:
        return (await client.list_tools()).tools


def tokens(tools: list[Tool]) -> float:
    texts = (tool.model_dump_json(by_alias=True, exclude_none=True) for tool in tools)
    return sum(len(text.encode()) for text in texts) / BYTES_PER_TOKEN


def test_the_table_has_the_names_that_settings_allow_in_their_order() -> None:
    assert ("core", *TOOLSETS, "all") == NAMES


@pytest.mark.parametrize("name", TOOLSETS)
async def test_a_set_adds_its_own_tools_and_fewer_than_two_thousand_tokens(name: str) -> None:
    tools = [tool for tool in await listed("core", name) if tool.name not in CORE]
    assert [tool.name for tool in tools] == [tool.name for tool in TOOLSETS[name]()]
    assert tokens(tools) < MOST_TOKENS


async def test_sets_are_off_unless_named_and_all_names_every_one() -> None:
    assert {tool.name for tool in await listed("core")} == CORE
    assert {tool.name for tool in await listed("all")} == CORE | {tool.name for tool in EVERY_TOOL}
    assert [tool.name for tool in named_tools(("billing", "storage"))][-1] == "get_bills"


@pytest.mark.parametrize("tool", EVERY_TOOL, ids=lambda tool: tool.name)
def test_each_tool_is_closed_described_and_marked(tool: Any) -> None:
    schema, text = tool.parameters, json.dumps(tool.parameters)
    assert schema["additionalProperties"] is False
    assert schema["type"] == "object"
    assert not any(word in text for word in ("$ref", "$defs", "anyOf", '"null"'))
    assert tool.title
    assert 20 < len(tool.description) < 2000
    assert len(SERVER) + len(tool.name) < LONGEST_NAME
    assert tool.fn_metadata.output_schema["type"] == "object"
    hints = tool.annotations
    assert None not in {hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint}


@pytest.mark.parametrize("tool", EVERY_TOOL, ids=lambda tool: tool.name)
def test_only_lists_and_gets_say_that_they_only_read(tool: Any) -> None:
    assert tool.annotations.read_only_hint is tool.name.startswith(("list_", "get_"))
