"""A server that nobody has to approve anything on, and an instance with a lease."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from novita_mcp.server import build_server, holding
from tests.world import CREATE, Opened, opened

UNATTENDED = {"NOVITA_MCP_APPROVAL": "none", "NOVITA_MCP_TOOLSETS": "core,lifecycle"}
UP_AFTER_SECONDS = 45


@asynccontextmanager
async def served(state_dir: Path, environ: Mapping[str, str] = UNATTENDED, **more: Any) -> AsyncIterator[Opened]:
    """A server with the toolsets that its settings name."""
    async with opened(state_dir, environ=environ, **more) as plain:
        server = build_server(holding(plain.app), plain.app.settings.toolsets)
        async with Client(server, elicitation_callback=more.get("person")) as client:
            yield replace(plain, client=client)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Opened]:
    async with served(tmp_path / "state") as server:
        yield server


@pytest.fixture
async def leased(server: Opened) -> str:
    """The id of an instance that runs, with a lease of one hour."""
    outcome = await server.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
    server.clock.advance(UP_AFTER_SECONDS)
    return str(outcome["instance"]["instanceId"])
