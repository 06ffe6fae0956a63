"""One server on one simulated account, with a client that speaks either era and a person who answers."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
from mcp import Client
from mcp.types import CallToolResult, ElicitResult

from novita_mcp.app import App
from novita_mcp.ledger import Entry, Ledger
from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import Received, World, build_world
from novita_mcp.wiring import opened_app

ERAS = ("legacy", "auto")
"""Protocol 2025-11-25 with its handshake, and 2026-07-28 without one."""
ARGS: Mapping[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "pytorch/pytorch:2.8.0",
    "name": "train",
    "clusterId": "us-ca-6",
}
CREATE = "/gpu/instance/create"
KEY = "sk_test_Zq81xT0pSecret"
Said = Literal["accept", "decline", "cancel"]


def nothing() -> None:
    """What usually happens while a person reads."""


@dataclass
class Person:
    """Answers every question the same way, after so many seconds of reading."""

    clock: TurnedClock
    says: Said = "accept"
    ticks: object = True
    seconds: float = 5
    while_reading: Callable[[], object] = nothing
    questions: list[str] = field(default_factory=list)

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.questions.append(params.message)
        self.while_reading()
        self.clock.advance(self.seconds)
        return ElicitResult.model_construct(action=self.says, content=self._content())

    def _content(self) -> dict[str, Any] | None:
        return {"approve": self.ticks} if self.says == "accept" and self.ticks is not None else None


class Gate(httpx.AsyncBaseTransport):
    """Lets everything through, but can hold a POST back, or do something once it is carried out."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.shut = False
        self.reached, self.opened = anyio.Event(), anyio.Event()
        self.after_sending: Callable[[], object] = nothing

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return await self._inner.handle_async_request(request)
        if self.shut:
            self.reached.set()
            await self.opened.wait()
        response = await self._inner.handle_async_request(request)
        self.after_sending()
        return response


@dataclass
class Desk:
    """A client at one server, and everything behind it."""

    world: World
    clock: TurnedClock
    app: App
    client: Client
    person: Person
    gate: Gate

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def create(self, **changes: Any) -> CallToolResult:
        return await self.call("create_gpu_instance", **{**ARGS, **changes})

    async def created(self, **changes: Any) -> str:
        """The id of a fresh instance."""
        result = await self.create(**changes)
        assert structured(result)["status"] == "created", text(result)
        return str(structured(result)["instance"]["instanceId"])

    async def until(self, status: str, instance_id: str) -> None:
        result = await self.call("get_gpu_instance", instanceId=instance_id, waitFor=status, timeoutSeconds=600)
        assert structured(result)["status"] == status

    def fault(self, kind: Any, path: str = CREATE, method: str = "POST", **more: Any) -> None:
        self.world.faults.add(Fault(kind=kind, path_ends_with=path, method=method, **more))

    @property
    def posts(self) -> list[Received]:
        return [request for request in self.world.received if request.method != "GET"]

    @property
    def creates(self) -> list[Received]:
        return [request for request in self.posts if request.path.endswith(CREATE)]

    @property
    def entries(self) -> tuple[Entry, ...]:
        ledger = Ledger.open(self.app.settings.state_dir, self.clock)
        found = ledger.entries()
        ledger.close()
        return found

    @property
    def kinds(self) -> list[str]:
        return [entry.kind.value for entry in self.entries]


@asynccontextmanager
async def desk(
    state_dir: Path,
    *,
    era: str = "auto",
    world: World | None = None,
    environ: Mapping[str, str] | None = None,
    person: Literal["there", "away"] = "there",
    **settings: str,
) -> AsyncIterator[Desk]:
    """Open a server; `settings` are policy names in lower case, `away` a client without dialogs."""
    world = world or build_world(_started_clock())
    assert isinstance(world.clock, TurnedClock)
    variables = {f"NOVITA_MCP_{name.upper()}": value for name, value in settings.items()}
    given = {
        "NOVITA_API_KEY": KEY,
        "NOVITA_MCP_STATE_DIR": str(state_dir),
        "NOVITA_MCP_APPROVAL_CHANNELS": "dialog",
        **variables,
    }
    gate, owner = Gate(SimulatorTransport(world)), Person(world.clock)
    async with opened_app(
        load_settings(given, config_dir=state_dir), environ or {}, world.clock, transport=gate
    ) as app:
        asked = owner if person == "there" else None
        async with Client(build_server(holding(app)), mode=era, elicitation_callback=asked) as client:
            yield Desk(world, world.clock, app, client, owner, gate)


def _started_clock() -> TurnedClock:
    clock = TurnedClock()
    clock.advance(1)
    return clock


def text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if part.type == "text")


def structured(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return result.structured_content


def failure(result: CallToolResult) -> str:
    assert result.is_error, text(result)
    return text(result)


def everything(result: CallToolResult) -> str:
    return json.dumps(result.model_dump(mode="json", by_alias=True), ensure_ascii=False)
