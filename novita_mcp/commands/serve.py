"""`novita-mcp serve`: the MCP server on stdio."""

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from mcp.server import MCPServer

from novita_mcp.app import App
from novita_mcp.clock import SystemClock
from novita_mcp.errors import LedgerError, NovitaMcpError
from novita_mcp.lock import spending_lock
from novita_mcp.provisioning.reaping import reap_for_ever
from novita_mcp.provisioning.settling import settle_open
from novita_mcp.server import build_server
from novita_mcp.settings import Settings, load_settings
from novita_mcp.wiring import opened_app, simulated_app

SETTLE_LOCK_SECONDS = 5.0

logger = logging.getLogger(__name__)


def run(*, simulate: bool) -> int:
    """Serve until the client closes stdin; stdout carries the protocol only."""
    logging.basicConfig(level="WARNING", stream=sys.stderr, format="novita-mcp %(levelname)s %(name)s: %(message)s")
    settings = load_settings(os.environ, simulate=simulate)
    build_server(_lifespan(settings, simulate=simulate), settings.toolsets).run("stdio")
    return 0


def _lifespan(settings: Settings, *, simulate: bool):  # type: ignore[no-untyped-def]  # noqa: ANN202
    @asynccontextmanager
    async def lifespan(_: MCPServer[App]) -> AsyncIterator[App]:
        opened = simulated_app if simulate else opened_app
        async with opened(settings, os.environ, SystemClock()) as app, anyio.create_task_group() as group:
            group.start_soon(_tend, app)
            yield app
            group.cancel_scope.cancel()

    return lifespan


async def _tend(app: App) -> None:
    """Settle what an earlier server left open, then stop what runs past its lease for as long as this one lives."""
    if app.settings.api_key is None or isinstance(app.opened, LedgerError):
        return
    await _settle_from_before(app)
    await reap_for_ever(app)


async def _settle_from_before(app: App) -> None:
    """A call that spends does the same again if this fails."""
    try:
        async with spending_lock(app.settings.state_dir, timeout_seconds=SETTLE_LOCK_SECONDS, clock=app.clock):
            await settle_open(app)
    except NovitaMcpError as error:
        logger.warning("could not settle what is open: %s", error)
