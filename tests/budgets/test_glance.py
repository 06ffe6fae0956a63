"""Spending at a glance: who costs what, who agreed to it, and what looks forgotten."""

import os
import sys

import anyio
import pytest

from novita_mcp.domain.history.glance import recorded_spenders
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.world import CREATE, Person, opened, yes

pytestmark = pytest.mark.anyio
HOUR = 3600
UNATTENDED = {"NOVITA_MCP_APPROVAL": "none"}
ROOMY = {**UNATTENDED, "NOVITA_MCP_MAX_TOTAL_HOURLY_USD": "100"}
METRICS = "/metrics/gpu/instance"


def gpu(percent):
    items = [{"timestamp": "1785780000", "value": percent}]
    return {"gpuUtilization": {"avg": items, "gpuIds": [{"gpuId": "0", "items": items}]}}


def text(result):
    return "\n".join(part.text for part in result.content if part.type == "text")


async def test_each_instance_has_its_cost_its_lease_and_its_yes(tmp_path):
    clock = TurnedClock()
    async with opened(tmp_path / "state", clock=clock, person=Person(yes(), clock)) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 4})
        clock.advance(2 * HOUR)
        shown = await s.outcome("get_spending")
    (row,) = shown["instances"]
    assert row["costSoFar"] == pytest.approx(0.70, abs=0.01)
    assert row["hourlyNow"] == 0.35
    assert row["leaseHoursLeft"] == pytest.approx(2, abs=0.01)
    assert row["approvedBy"] == "a person in the client's dialog"
    assert row["notice"] == ""
    assert shown["runwayHours"] == pytest.approx(shown["balance"] / 0.35)


async def test_a_stopped_instance_costs_what_it_ran_and_no_more(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        created = await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 4})
        s.clock.advance(HOUR)
        await s.outcome("stop_gpu_instance", {"instanceId": created["instance"]["instanceId"]})
        s.clock.advance(5 * HOUR)
        (row,) = (await s.outcome("get_spending"))["instances"]
    assert (row["status"], row["hourlyNow"]) == ("exited", 0)
    assert row["costSoFar"] == pytest.approx(0.35, abs=0.01)


async def test_the_forgotten_and_the_idle_come_first(tmp_path):
    async with opened(tmp_path / "state", environ=ROOMY) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 9, "name": "fine", "gpuNum": 4})
        await s.outcome("create_gpu_instance", {**CREATE, "name": "forgotten", "gpuNum": 3})
        foreign = s.world.add_foreign_instance(name="foreign")
        s.clock.advance(3 * HOUR + 60)
        result = await s.call("get_spending")
    rows = result.structured_content["instances"]
    assert [row["name"] for row in rows] == ["forgotten", "foreign", "fine"]
    assert rows[0]["notice"] == "has run for 3 h without a lease"
    assert rows[0]["approvedBy"] == "nobody: the guardrails alone"
    assert rows[1]["approvedBy"] == "unknown: not created here"
    assert f"{foreign.id} «foreign» running" in text(result)
    assert "LOOK: has run for 3 h without a lease." in text(result)


@pytest.mark.parametrize(("percent", "idle"), [(0.0, True), (4.9, True), (5.0, False), (87.0, False)])
async def test_a_gpu_that_did_nothing_lately_is_called_idle(tmp_path, percent, idle):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 9})
        s.clock.advance(HOUR)
        s.world.faults.add(Fault(kind="status", status=200, body=gpu(percent), path_ends_with=METRICS))
        (row,) = (await s.outcome("get_spending"))["instances"]
    assert ("idle" in row["notice"]) is idle


async def test_meters_that_cannot_be_read_keep_nothing_else_back(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 9})
        s.clock.advance(HOUR)
        s.world.faults.add(Fault(kind="status", status=404, path_ends_with=METRICS, times=99))
        (row,) = (await s.outcome("get_spending"))["instances"]
    assert row["notice"] == ""


async def test_at_most_five_meters_are_asked(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        for _ in range(8):
            s.world.add_foreign_instance()
        await s.call("get_spending")
        asked = [request for request in s.world.received if request.path.endswith(METRICS)]
    assert len(asked) == 5


async def test_a_lease_that_ended_nothing_is_said_with_the_instance(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
        s.clock.advance(3 * HOUR)
        (row,) = (await s.outcome("get_spending"))["instances"]
    assert "its lease ended 2 h ago and it still runs" in row["notice"]
    assert row["leaseHoursLeft"] == 0


async def test_the_ledger_alone_tells_the_same(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 4})
        s.clock.advance(2 * HOUR)
        (asked,) = (await s.outcome("get_spending"))["instances"]
        (recorded,) = recorded_spenders(s.app.ledger.entries(), s.clock.now())
    assert recorded.instance_id == asked["instanceId"]
    assert float(recorded.cost_so_far or 0) == pytest.approx(asked["costSoFar"])
    assert float(recorded.lease_hours_left or 0) == pytest.approx(asked["leaseHoursLeft"])
    assert recorded.approved_by == asked["approvedBy"]


async def test_the_ledger_command_ends_with_the_totals(tmp_path):
    async with opened(tmp_path / "state", environ=UNATTENDED) as s:
        created = await s.outcome("create_gpu_instance", CREATE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    environ = {**kept, "NOVITA_MCP_STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200"}
    command = [sys.executable, "-m", "novita_mcp", "ledger"]
    said = (await anyio.run_process(command, env=environ)).stdout.decode()
    assert created["instance"]["instanceId"] in said
    assert "nobody: the guardrails alone" in said
    assert "By this ledger alone: $0.35/h now" in said
