"""The client's dialog of the older era, whose end is the server's to bound."""

from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import ElicitResult

from novita_mcp.approval import dialog
from novita_mcp.approval.answers import Answer
from novita_mcp.clock import SystemClock

pytestmark = pytest.mark.anyio


async def test_a_dialog_that_hangs_is_given_up_and_counts_as_unread():
    heard: list[Any] = []

    async def ask(ctx: Context[Any]) -> str:
        heard.append(await dialog.ask(ctx, "Yes?", SystemClock(), longest_seconds=0.05))
        return "asked"

    async def hangs(context: Any, params: Any) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    server = MCPServer("dialogs")
    server.add_tool(ask)
    async with Client(server, mode="legacy", elicitation_callback=hangs) as client:
        with anyio.fail_after(10):
            await client.call_tool("ask", {})
    (answer,) = heard
    assert isinstance(answer, Answer)
    assert answer.kind == "unread"
