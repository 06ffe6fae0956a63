"""An httpx transport that talks to the simulator without leaving the process."""

import anyio
import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from novita_mcp.simulator.app import build_app
from novita_mcp.simulator.responses import DROP, HANG
from novita_mcp.simulator.world import World


class _Dropped(Exception):
    """The app closed the connection."""


class _Hung(Exception):
    """The app will not answer."""


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Runs a world's app in process; dropped connections and time-outs are httpx's own errors.

    A time-out waits on the world's clock, so that with a turned clock it takes no time.
    """

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._transport = httpx.ASGITransport(_interruptible(build_app(world)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._transport.handle_async_request(request)
        except _Dropped:
            raise httpx.ReadError("the simulator closed the connection", request=request) from None
        except _Hung:
            await self._wait_out(request)
            raise httpx.ReadTimeout("the simulator did not answer", request=request) from None

    async def _wait_out(self, request: httpx.Request) -> None:
        seconds: float | None = request.extensions.get("timeout", {}).get("read")
        if seconds is None:
            await anyio.sleep_forever()
            return
        await self._clock.sleep(seconds)


def _interruptible(app: ASGIApp) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {DROP: _drop, HANG: _hang}}, receive, send)

    return run


async def _drop() -> None:
    raise _Dropped


async def _hang() -> None:
    raise _Hung
