"""The FastMCP client over stdio; runs where `fastmcp` is installed, and knows nothing of this package.

Usage: python fastmcp_client.py '<story as JSON>'. Prints one JSON line for each step.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport

STORY = json.loads(sys.argv[1])
CREATE = "create_gpu_instance"


@asynccontextmanager
async def session(answer: Any) -> AsyncIterator[Client]:
    async def person(message: str, response_type: Any, params: Any, context: Any) -> Any:
        await asyncio.sleep(STORY["readingSeconds"])
        return answer

    command, *given = STORY["server"]
    transport = StdioTransport(command=command, args=given, env=dict(os.environ), keep_alive=False)
    async with Client(transport, init_timeout=60, elicitation_handler=person) as client:
        yield client


async def call(client: Client, tool: str, given: dict[str, Any]) -> Any:
    return (await client.call_tool(tool, given, raise_on_error=False)).structured_content


def tell(step: str, result: Any) -> None:
    sys.stdout.write(json.dumps({"step": step, "result": result}, separators=(",", ":")) + "\n")


async def main() -> None:
    async with session({"approve": True}) as client:
        tell("list", [tool.name for tool in await client.list_tools()])
        tell("search", await call(client, "search_gpu_products", STORY["search"]))
        tell("preview", await call(client, CREATE, {**STORY["order"], "dryRun": True}))
        tell("approved", await call(client, CREATE, STORY["order"]))
    async with session(ElicitResult(action="decline")) as client:
        tell("declined", await call(client, CREATE, STORY["order"]))


asyncio.run(main())
