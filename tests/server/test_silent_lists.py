"""A list of instances that leaves their variables out must not turn a lost reply into a second bill."""

import json

import httpx
import pytest
from mcp import Client

from novita_mcp.ledger import EntryKind
from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import build_world
from novita_mcp.wiring import opened_app
from tests.server.support import ARGS, CREATE, KEY

pytestmark = pytest.mark.anyio


class SilentLists(SimulatorTransport):
    """Novita with lists that do not show environment variables; the details do."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if not request.url.path.endswith("/gpu/instances"):
            return response
        body = json.loads(await response.aread())
        if "instances" not in body:
            return httpx.Response(response.status_code, json=body)
        for instance in body["instances"]:
            del instance["envs"]
        return httpx.Response(response.status_code, json=body)


@pytest.mark.parametrize("fault", [None, "listing fails once the reply was lost"])
async def test_the_created_instance_is_found_in_its_details(tmp_path, fault):
    clock = TurnedClock()
    world = build_world(clock)
    world.add_foreign_instance(name="somebody-elses")
    world.faults.add(Fault(method="POST", path_ends_with=CREATE, kind="drop_after"))
    if fault:
        world.faults.add(
            Fault(method="GET", path_ends_with="/gpu/instances", kind="status", status=500, times=60, after=2)
        )
    env = {"NOVITA_API_KEY": KEY, "NOVITA_MCP_STATE_DIR": str(tmp_path), "NOVITA_MCP_APPROVAL": "none"}
    settings = load_settings(env, config_dir=tmp_path)
    async with opened_app(settings, env, clock, transport=SilentLists(world)) as app:
        async with Client(build_server(holding(app))) as client:
            first = (await client.call_tool("create_gpu_instance", dict(ARGS))).structured_content
            world.faults.clear()
            await client.call_tool("create_gpu_instance", {**ARGS, "name": "second"})
        settled = app.ledger.entries(plan_id=first["planId"], kinds={EntryKind.DONE, EntryKind.SETTLED})
    assert first["status"] == ("unknown" if fault else "created")
    assert settled[-1].instance_id
    assert world.created_count() == 2
