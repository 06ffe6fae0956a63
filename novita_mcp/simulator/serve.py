"""The simulator as an HTTP server, on loopback only."""

import asyncio
import socket
import sys
from decimal import Decimal
from ipaddress import IPv6Address, ip_address
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from novita_mcp.clock import SystemClock
from novita_mcp.simulator.app import build_app
from novita_mcp.simulator.responses import DROP
from novita_mcp.simulator.tempo import Tempo
from novita_mcp.simulator.world import DEFAULT_BALANCE_USD, World, build_world


async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tempo: Tempo | None = None,
    balance_usd: Decimal = DEFAULT_BALANCE_USD,
    keys: frozenset[str] | None = None,
    world: World | None = None,
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled or told to stop by a signal; port 0 picks a free one.

    A `world` of the caller's own takes the place of the three settings before it. Prints
    the address as one line to stdout. Raises ValueError for a host beyond loopback
    and OSError for a port that is taken.
    """
    family = _loopback_family(host)
    world = world or build_world(SystemClock(), tempo=tempo, balance_usd=balance_usd, keys=keys)
    with socket.create_server((host, port), family=family) as listener:
        url = _url(listener)
        sys.stdout.write(f"simulator listening on {url}\n")
        sys.stdout.flush()
        task_status.started(url)
        await _run(_server(world), listener)


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except asyncio.CancelledError:
        if server.started:
            with anyio.CancelScope(shield=True):
                await server.shutdown(sockets=[listener])
        raise


def _server(world: World) -> uvicorn.Server:
    config = uvicorn.Config(
        build_app(world),
        http=ClosableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class ClosableProtocol(H11Protocol):
    """HTTP over a connection that the app can close without an answer."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _closing(self.app, transport)


def _closing(app: Any, transport: asyncio.Transport) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def drop() -> None:
            transport.close()
            while (await receive())["type"] != "http.disconnect":
                pass

        await app({**scope, "extensions": {DROP: drop}}, receive, send)

    return run


def _loopback_family(host: str) -> socket.AddressFamily:
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError(f"the simulator serves a loopback address only, not {host}") from None
    if not address.is_loopback:
        raise ValueError(f"the simulator serves a loopback address only, not {host}")
    return socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
