"""The same server over HTTP on loopback, for tools that test servers but speak no stdio; prints its address."""

import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import uvicorn
from mcp.server import MCPServer

from novita_mcp.app import App
from novita_mcp.clock import SystemClock
from novita_mcp.server import build_server
from novita_mcp.settings import load_settings
from novita_mcp.wiring import simulated_app
from tests.clients.story import server_environment


def main() -> None:
    """Serve until stopped."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        environ = server_environment(Path(folder))

        @asynccontextmanager
        async def lifespan(_: MCPServer[App]) -> AsyncIterator[App]:
            async with simulated_app(load_settings(environ, simulate=True), environ, SystemClock()) as app:
                yield app

        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp\n")
        sys.stdout.flush()
        config = uvicorn.Config(build_server(lifespan).streamable_http_app(), log_level="error")
        anyio.run(lambda: uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
