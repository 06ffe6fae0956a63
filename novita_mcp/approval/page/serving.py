"""The page's own small HTTP server: loopback only, silent, and gone when it is told to."""

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp

MOST_CONNECTIONS = 32
SHUTDOWN_SECONDS = 1


class QuietServer(uvicorn.Server):
    """A server inside another program, which keeps its signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_while(app: ASGIApp, listener: socket.socket, wanted: Callable[[], Awaitable[None]]) -> None:
    """Serve until `wanted` returns or is cancelled, and then close every connection."""
    server = QuietServer(_config(app))
    async with anyio.create_task_group() as group:
        group.start_soon(_serve, server, listener)
        try:
            await wanted()
        finally:
            server.should_exit = True


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Shielded, so that a cancelled server still closes what it opened."""
    with anyio.CancelScope(shield=True):
        await server.serve(sockets=[listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    """No log configuration: uvicorn's own writes to stdout."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
