"""A whole server over a simulated Novita, with a client in memory and a clock that only the test turns."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcp import Client
from mcp.types import CallToolResult, ElicitResult

from novita_mcp.app import App
from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world
from novita_mcp.wiring import opened_app

KEY = "sk_simulated"
ERAS: tuple[Literal["legacy", "auto"], ...] = ("legacy", "auto")
"""The client's modes: the handshake era, and 2026-07-28."""
CREATE: dict[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "pytorch/pytorch:2.4.0",
    "name": "train",
    "clusterId": "us-ca-6",
}
"""Arguments of a create that costs $0.35 per hour."""

Callback = Callable[[Any, Any], Awaitable[Any]]


class Person:
    """Answers the client's dialog, after so many turned seconds, and remembers what was asked."""

    def __init__(self, answer: ElicitResult, clock: TurnedClock, *, after_seconds: float = 5) -> None:
        self.answer = answer
        self.clock = clock
        self.after_seconds = after_seconds
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        self.clock.advance(self.after_seconds)
        return self.answer


def yes() -> ElicitResult:
    """The box ticked and sent."""
    return ElicitResult(action="accept", content={"approve": True})


def no() -> ElicitResult:
    """The question declined."""
    return ElicitResult(action="decline")


@dataclass(frozen=True)
class Opened:
    """A running server and everything around it."""

    app: App
    world: World
    clock: TurnedClock
    client: Client

    async def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> CallToolResult:
        """Call a tool."""
        return await self.client.call_tool(tool, dict(arguments or {}))

    async def outcome(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a tool that must not fail, and return its structured result."""
        result = await self.call(tool, arguments)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return result.structured_content

    @property
    def writes(self) -> list[str]:
        """The paths of all requests that would change something at Novita."""
        return [request.path for request in self.world.received if request.method != "GET"]


@asynccontextmanager
async def opened(
    state_dir: Path,
    *,
    environ: Mapping[str, str] | None = None,
    mode: Literal["legacy", "auto"] = "auto",
    clock: TurnedClock | None = None,
    world: World | None = None,
    person: Callback | None = None,
    **wiring: Any,
) -> AsyncIterator[Opened]:
    """Open a server on a state folder; without a `person` the client has no dialog.

    `environ` adds settings; `clock` and `world` may be shared by several servers; `wiring` goes to `opened_app`.
    """
    clock = clock or TurnedClock()
    world = world or build_world(clock)
    env = {"NOVITA_API_KEY": KEY, "NOVITA_MCP_STATE_DIR": str(state_dir), **(environ or {})}
    settings = load_settings(env, config_dir=state_dir / "no-config")
    async with (
        opened_app(settings, env, clock, transport=SimulatorTransport(world), **wiring) as app,
        Client(build_server(holding(app)), mode=mode, elicitation_callback=person) as client,
    ):
        yield Opened(app, world, clock, client)
