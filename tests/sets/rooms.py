"""A server with every toolset over a simulated Novita that holds one running instance of ours."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcp import Client

from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world
from novita_mcp.wiring import opened_app
from tests.world import CREATE, KEY, Opened, Person, no, yes

SUBSCRIPTIONS = {"NOVITA_MCP_ALLOWED_BILLING": "onDemand,spot,monthly", "NOVITA_MCP_ALLOW_AUTO_RENEW": "true"}
UNTIL_RUNNING_SECONDS = 60
RICH_USD = 5000


@dataclass(frozen=True)
class Room(Opened):
    """An opened server, the person who answers, and the instance that was created through it."""

    person: Person
    instance_id: str

    @property
    def written(self) -> list[str]:
        """The last parts of the paths written to since the room was ready."""
        return [path.removeprefix("/gpu-instance/openapi/v1") for path in self.writes[1:]]

    @property
    def last_body(self) -> Any:
        """The body of the latest write."""
        return [request.body for request in self.world.received if request.method != "GET"][-1]

    def text_of(self, result: Any) -> str:
        """All text of a result."""
        return "\n".join(part.text for part in result.content)


@asynccontextmanager
async def room(
    state_dir: Path,
    *,
    environ: Mapping[str, str] | None = None,
    mode: Literal["legacy", "auto"] = "auto",
    says: str = "yes",
    create: Mapping[str, Any] | None = None,
    world: World | None = None,
) -> AsyncIterator[Room]:
    """Open a room; `says` is the person's answer once the instance is there: yes, no, or nothing without a dialog."""
    clock = TurnedClock()
    world = world or build_world(clock)
    world.set_balance(RICH_USD)
    env = {"NOVITA_API_KEY": KEY, "NOVITA_MCP_STATE_DIR": str(state_dir), "NOVITA_MCP_TOOLSETS": "all"}
    settings = load_settings({**env, **(environ or {})}, config_dir=state_dir / "no-config")
    person = Person(yes(), clock)
    async with opened_app(settings, {**env, **(environ or {})}, clock, transport=SimulatorTransport(world)) as app:
        server = build_server(holding(app), settings.toolsets)
        async with Client(server, elicitation_callback=person) as first:
            instance_id = await _create(first, {**CREATE, **(create or {})})
        clock.advance(UNTIL_RUNNING_SECONDS)
        person.answer = no() if says == "no" else yes()
        person.asked.clear()
        dialog = None if says == "nothing" else person
        async with Client(server, mode=mode, elicitation_callback=dialog) as client:
            yield Room(app, world, clock, client, person, instance_id)


async def _create(client: Client, arguments: Mapping[str, Any]) -> str:
    made = (await client.call_tool("create_gpu_instance", dict(arguments))).structured_content
    assert made is not None
    if made["status"] == "approval_required":
        made = (await client.call_tool("apply_plan", {"planId": made["planId"]})).structured_content
        assert made is not None
    return str(made["instance"]["instanceId"])
