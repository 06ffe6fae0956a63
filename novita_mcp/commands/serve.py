"""`novita-mcp serve`: the MCP server on stdio."""

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from mcp.server import MCPServer

from novita_mcp.app import App
from novita_mcp.approval.page.browser import open_in_browser
from novita_mcp.clock import SystemClock
from novita_mcp.errors import LedgerError
from novita_mcp.provisioning.tending import tend_for_ever
from novita_mcp.server import Lifespan, build_server
from novita_mcp.settings import Settings
from novita_mcp.wiring import opened_app, simulated_app


def run(settings: Settings, *, simulate: bool) -> int:
    """Serve until the client closes stdin; stdout carries the protocol only."""
    logging.basicConfig(level="WARNING", stream=sys.stderr, format="novita-mcp %(levelname)s %(name)s: %(message)s")
    build_server(_lifespan(settings, simulate=simulate), settings.toolsets).run("stdio")
    return 0


def _lifespan(settings: Settings, *, simulate: bool) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncIterator[App]:
        opened = simulated_app if simulate else opened_app
        app_opened = opened(settings, os.environ, SystemClock(), open_browser=open_in_browser)
        async with app_opened as app, anyio.create_task_group() as group:
            group.start_soon(_tend, app)
            yield app
            group.cancel_scope.cancel()

    return lifespan


async def _tend(app: App) -> None:
    """Settle what an earlier server left open and enforce leases for as long as this one lives."""
    if app.settings.api_key is not None and not isinstance(app.opened, LedgerError):
        await tend_for_ever(app)
