"""Several calls and several servers at once: the last dollar is spent once, and nobody's vanishing loses anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp.types import CallToolResult

from tests.server.support import Desk, desk, failure, structured

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def two_desks(state_dir: Path, era: str, **limits: str) -> AsyncIterator[tuple[Desk, Desk]]:
    async with (
        desk(state_dir, era=era, **limits) as first,
        desk(state_dir, era=era, world=first.world, **limits) as second,
    ):
        yield first, second


async def created_at_once(*desks: Desk) -> list[CallToolResult]:
    results: list[CallToolResult] = []

    async def create(d: Desk) -> None:
        results.append(await d.create())

    async with anyio.create_task_group() as group:
        for d in desks:
            group.start_soon(create, d)
    return results


LAST_DOLLARS = [
    {"max_instances": "1"},
    {"max_total_hourly_usd": "0.5"},
    {"monthly_budget_usd": "300"},
]


@pytest.mark.parametrize("limit", LAST_DOLLARS)
async def test_two_servers_cannot_both_spend_the_last_dollar(limit: dict[str, str], tmp_path: Path, era: str) -> None:
    async with two_desks(tmp_path, era, approval="none", **limit) as (first, second):
        results = await created_at_once(first, second)
        assert first.world.created_count() == 1
    assert sorted(structured(result)["status"] for result in results) == ["created", "denied"]


async def test_two_calls_at_once_on_one_server_cannot_either(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, approval="none", max_instances="1") as d:
        results = await created_at_once(d, d)
    assert sorted(structured(result)["status"] for result in results) == ["created", "denied"]
    assert d.world.created_count() == 1


async def test_two_yeses_at_once_make_two_instances_where_both_fit(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        results = await created_at_once(d, d)
        listed = structured(await d.call("list_gpu_instances"))["instances"]
    ids = {structured(result)["instance"]["instanceId"] for result in results}
    assert len(ids) == 2
    assert [row["ours"] for row in listed] == [True, True]
    assert len(d.creates) == 2


async def test_what_one_server_created_is_ours_to_the_other(tmp_path: Path, era: str) -> None:
    async with two_desks(tmp_path, era) as (first, second):
        instance_id = await first.created()
        await second.until("running", instance_id)
        outcome = structured(await second.call("stop_gpu_instance", instanceId=instance_id))
    assert outcome["status"] == "stopped"
    assert second.person.questions == []


async def test_a_plan_of_one_server_is_not_carried_out_by_another(tmp_path: Path) -> None:
    async with two_desks(tmp_path, "auto", approval="confirm") as (first, second):
        plan_id = structured(await first.create())["planId"]
        assert "another server made it" in failure(await second.call("apply_plan", planId=plan_id))
        assert first.posts == []


async def test_a_create_left_open_by_one_server_is_settled_by_the_other_before_it_spends(
    tmp_path: Path, era: str
) -> None:
    async with two_desks(tmp_path, era, approval="none", max_instances="1") as (first, second):
        first.fault("drop_after")
        first.fault("status", "/gpu/instances", "GET", status=500, times=999, after=2)
        assert structured(await first.create())["status"] == "unknown"
        first.world.faults.clear()
        assert structured(await second.create())["status"] == "denied"
        assert first.world.created_count() == 1


@pytest.mark.parametrize("fault", [None, "drop_after", "html"])
async def test_a_call_cancelled_while_its_request_is_on_the_way_is_recorded_and_not_repeated(
    fault: str | None, tmp_path: Path, era: str
) -> None:
    async with desk(tmp_path, era=era, approval="none") as d:
        if fault is not None:
            d.fault(fault, commits=True)
        d.gate.shut = True
        async with anyio.create_task_group() as group:
            group.start_soon(d.create)
            await d.gate.reached.wait()
            group.cancel_scope.cancel()
            d.gate.opened.set()
        await _recorded(d, "done")
        listed = structured(await d.call("list_gpu_instances"))["instances"]
    assert [row["ours"] for row in listed] == [True]
    assert len(d.creates) == 1
    assert d.kinds.count("sending") == d.kinds.count("done") == 1


async def test_a_call_cancelled_before_its_request_leaves_sends_nothing(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        with anyio.CancelScope() as scope:
            d.person.while_reading = scope.cancel
            await d.create()
        await anyio.wait_all_tasks_blocked()
        assert d.posts == []
        d.person.while_reading = bool
        d.clock.advance(601)
        await d.created()
    assert len(d.creates) == 1


async def _recorded(d: Desk, kind: str) -> None:
    with anyio.fail_after(5):
        while kind not in d.kinds:
            await anyio.wait_all_tasks_blocked()
