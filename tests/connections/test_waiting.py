"""Waiting for an instance through the tool, as an agent sees it."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client

from novita_mcp.server import build_server, holding
from novita_mcp.settings import load_settings
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.wiring import opened_app
from tests.world import CREATE, ERAS, Opened, Person, opened, yes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", ERAS)
async def test_progress_tells_the_phase_the_time_and_the_cost(mode: Any, tmp_path: Path) -> None:
    told: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    clock = TurnedClock()
    async with opened(tmp_path, mode=mode, clock=clock, person=Person(yes(), clock)) as server:
        wait = {"instanceId": await _created(server), "waitFor": "running", "timeoutSeconds": 120}
        result = await server.client.call_tool("get_gpu_instance", wait, progress_callback=hear)
    assert result.structured_content is not None
    assert result.structured_content["reached"] is True
    assert any(message.startswith("being placed on a machine, not billed yet: ") for message in told)
    assert any(
        re.match(r"pulling the image for \d+ s, up to \$0\.00\d+ so far: .* is pulling$", message) for message in told
    )


async def test_a_running_instance_says_how_to_connect_and_where_the_password_is(tmp_path: Path) -> None:
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock, person=Person(yes(), clock)) as server:
        instance_id = await _created(server)
        result = await server.call(
            "get_gpu_instance", {"instanceId": instance_id, "waitFor": "running", "timeoutSeconds": 120}
        )
    (text,) = [part.text for part in result.content]
    ways = result.structured_content["connections"]
    assert f"SSH: ssh -p {ways['sshPort']} {ways['sshUser']}@{ways['sshHost']}" in text
    assert f"`novita-mcp ssh {instance_id}`" in text
    assert "does not mean that sshd" in text


async def test_what_it_costs_is_told_as_of_the_end_of_the_wait(tmp_path: Path) -> None:
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock, person=Person(yes(), clock)) as server:
        instance_id = await _created(server)
        await server.outcome("get_gpu_instance", {"instanceId": instance_id, "waitFor": "running"})
        await server.outcome("stop_gpu_instance", {"instanceId": instance_id})
        stopped = await server.outcome("get_gpu_instance", {"instanceId": instance_id, "waitFor": "exited"})
    assert (stopped["status"], stopped["hourlyNow"]) == ("exited", 0)


async def test_an_instance_that_was_forgotten_is_pointed_out_in_the_list(tmp_path: Path) -> None:
    async with opened(tmp_path) as server:
        server.world.add_foreign_instance()
        server.clock.advance(25 * 3600)
        listed = await server.outcome("list_gpu_instances")
    assert listed["instances"][0]["notice"] == "has run for 25 h without a lease: forgotten?"


@pytest.mark.parametrize(("silent_reads", "seconds"), [(3, 6), (99, 20)])
async def test_ssh_is_given_a_moment_to_come_up_but_not_for_ever(
    silent_reads: int, seconds: float, tmp_path: Path
) -> None:
    clock, novita = TurnedClock(), _LateSsh(silent_reads)
    settings = load_settings(
        {"NOVITA_API_KEY": "sk_test_key", "NOVITA_MCP_STATE_DIR": str(tmp_path)}, config_dir=tmp_path
    )
    async with (
        opened_app(settings, {}, clock, transport=httpx.MockTransport(novita)) as app,
        Client(build_server(holding(app))) as client,
    ):
        await client.call_tool("get_gpu_instance", {"instanceId": "a" * 16, "waitFor": "running"})
    assert clock.monotonic() == seconds


class _LateSsh:
    """A Novita whose only instance runs, and names its SSH address after some reads."""

    def __init__(self, silent_reads: int) -> None:
        self._silent_reads = silent_reads

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/gpu/instance"):
            return httpx.Response(200, json={"data": [], "instances": [], "total": 0})
        self._silent_reads -= 1
        command = "" if self._silent_reads >= 0 else "ssh -p 22001 root@203.0.113.7"
        return httpx.Response(
            200, json={"id": "a" * 16, "status": "running", "connectComponentSSH": {"sshCommand": command}}
        )


async def _created(server: Opened) -> str:
    outcome = await server.outcome("create_gpu_instance", CREATE)
    assert outcome["status"] == "created", outcome
    return str(outcome["instance"]["instanceId"])
