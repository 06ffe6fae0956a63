"""Whatever happens to the reply, one plan makes at most one instance, and the words are true."""

from pathlib import Path
from typing import Any

import pytest

from novita_mcp.api.http import POST_TIMEOUT_SECONDS
from novita_mcp.provisioning.settling import settle_open
from tests.server.support import desk, failure, structured, text

pytestmark = pytest.mark.anyio

CARRIED_OUT: list[dict[str, Any]] = [
    {"kind": "drop_after"},
    {"kind": "half_body"},
    {"kind": "truncated"},
    {"kind": "garbage"},
    {"kind": "empty"},
    {"kind": "hang", "commits": True},
    {"kind": "html", "commits": True},
    {"kind": "status", "status": 500, "commits": True},
    {"kind": "status", "status": 502, "commits": True},
    {"kind": "status", "status": 408, "commits": True},
    {"kind": "status", "status": 302, "commits": True, "headers": {"Location": "https://elsewhere.test/"}},
    {"kind": "status", "status": 200, "commits": True, "body": {}},
    {"kind": "status", "status": 200, "commits": True, "body": []},
    {"kind": "status", "status": 200, "commits": True, "body": "[" * 5000 + "]" * 5000},
    {"kind": "status", "status": 200, "commits": True, "body": '{"error":' + "[" * 400 + "]" * 400 + "}"},
    {"kind": "late_commit", "delay_seconds": 5},
    {"kind": "late_commit", "delay_seconds": 5, "status": 500},
    {"kind": "late_commit", "delay_seconds": 14, "status": 500},
]
NOT_CARRIED_OUT: list[dict[str, Any]] = [
    {"kind": "drop_before"},
    {"kind": "hang"},
    {"kind": "html"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
]
READS_BEFORE_SENDING = 2
"""How often an unattended create lists the instances before it is sent: for the plan, and once more under the lock."""


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value)[:20] for value in fault.values())


@pytest.mark.parametrize("fault", CARRIED_OUT, ids=name_of)
async def test_a_create_that_happened_is_found_by_its_marker(fault: dict[str, Any], tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.fault(**fault)
        outcome = structured(await d.create())
        (instance,) = d.world.existing()
        listed = structured(await d.call("list_gpu_instances"))["instances"]
    assert outcome["status"] == "created"
    assert outcome["instance"]["instanceId"] == instance.id
    assert [row["ours"] for row in listed] == [True]
    assert d.kinds[-1] == "done"
    assert len(d.creates) == 1


@pytest.mark.parametrize("fault", NOT_CARRIED_OUT, ids=name_of)
async def test_a_create_that_did_not_happen_says_so_and_may_be_repeated(
    fault: dict[str, Any], tmp_path: Path, era: str
) -> None:
    async with desk(tmp_path, era=era) as d:
        d.fault(**fault)
        said = failure(await d.create())
        assert d.world.existing() == []
        assert "did not happen" in said
        assert "nothing was created" in said
        assert "Trying again is safe" in said
        assert d.kinds[-1] == "settled"
        await d.created()
    assert d.world.created_count() == 1
    assert len(d.creates) == 2


@pytest.mark.parametrize("commits", [True, False])
async def test_unknown_is_said_only_while_novita_cannot_be_asked(tmp_path: Path, era: str, *, commits: bool) -> None:
    async with desk(tmp_path, era=era, approval="none") as d:
        d.fault("hang", commits=commits)
        d.fault("status", "/gpu/instances", "GET", status=500, times=999, after=READS_BEFORE_SENDING)
        result = await d.create()
        assert structured(result)["status"] == "unknown"
        assert "Do not repeat it" in text(result)
        assert d.kinds[-1] == "unknown"
        d.clock.advance(30)
        blocked = structured(await d.create())
        assert len(d.creates) == 1
        d.world.faults.clear()
        second = structured(await d.create())
    assert blocked["status"] == "denied"
    assert second["status"] == "created"
    assert d.world.created_count() == (2 if commits else 1)
    assert len(d.creates) == 2
    assert "settled" in d.kinds


async def test_what_is_open_is_settled_by_the_next_start_of_any_server(tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none") as first:
        first.fault("drop_after")
        first.fault("status", "/gpu/instances", "GET", status=500, times=999, after=READS_BEFORE_SENDING)
        assert structured(await first.create())["status"] == "unknown"
        first.world.faults.clear()
    async with desk(tmp_path, world=first.world) as second:
        await settle_open(second.app)
        listed = structured(await second.call("list_gpu_instances"))["instances"]
    assert [row["ours"] for row in listed] == [True]
    assert second.kinds[-1] == "settled"
    assert second.world.created_count() == 1


async def test_an_open_create_counts_against_the_limits(tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none", max_instances="1") as d:
        d.fault("hang")
        d.fault("status", "/gpu/instances", "GET", status=500, times=999, after=READS_BEFORE_SENDING)
        assert structured(await d.create())["status"] == "unknown"
        d.world.faults.clear()
        outcome = structured(await d.create(dryRun=True))
    assert outcome["status"] == "denied"
    assert "2 instances at once; at most 1 passes" in outcome["message"]


async def test_a_create_that_arrives_after_it_was_judged_absent_is_ours_and_counted(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, max_instances="2") as d:
        d.fault("late_commit", delay_seconds=120, status=500)
        assert "did not happen" in failure(await d.create())
        d.clock.advance(180)
        await d.created()
        listed = structured(await d.call("list_gpu_instances"))["instances"]
        third = structured(await d.create())
    assert [row["ours"] for row in listed] == [True, True]
    assert third["status"] == "denied"
    assert d.world.created_count() == 2


async def test_a_lost_reply_is_looked_for_in_seconds_not_minutes(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        d.fault("hang")
        before = d.clock.monotonic()
        failure(await d.create())
    assert d.clock.monotonic() - before <= POST_TIMEOUT_SECONDS + 15 + d.person.seconds


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "hang"}, {"kind": "hang", "commits": True}],
    ids=name_of,
)
@pytest.mark.parametrize("tool", ["stop_gpu_instance", "delete_gpu_instance", "restart_gpu_instance"])
async def test_other_writes_with_a_lost_reply_tell_the_truth(tool: str, fault: dict[str, Any], tmp_path: Path) -> None:
    path = f"/gpu/instance/{tool.split('_', maxsplit=1)[0]}"
    async with desk(tmp_path) as d:
        instance_id = await d.created()
        await d.until("running", instance_id)
        d.fault(path=path, **fault)
        result = await d.call(tool, instanceId=instance_id)
    if fault["kind"] == "drop_after" or "commits" in fault:
        assert structured(result)["status"] in {"stopped", "deleted", "restarted"}
    else:
        assert "did not happen" in failure(result)
    assert len([request for request in d.posts if request.path.endswith(path)]) == 1


@pytest.mark.parametrize("commits", [True, False])
async def test_a_start_with_a_lost_reply_tells_the_truth(tmp_path: Path, *, commits: bool) -> None:
    async with desk(tmp_path) as d:
        instance_id = await d.created()
        await d.until("running", instance_id)
        await d.call("stop_gpu_instance", instanceId=instance_id)
        await d.until("exited", instance_id)
        d.fault("hang", "/gpu/instance/start", commits=commits)
        result = await d.call("start_gpu_instance", instanceId=instance_id)
    assert result.is_error is not commits
    if commits:
        assert structured(result)["status"] == "started"
    else:
        assert "did not happen" in text(result)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "half_body"},
        {"kind": "garbage"},
        {"kind": "empty"},
        {"kind": "drop_before"},
        {"kind": "hang"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    ],
    ids=name_of,
)
async def test_a_read_that_fails_once_is_simply_read_again(fault: dict[str, Any], tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.fault(path="/products", method="GET", **fault)
        result = await d.call("search_gpu_products")
    if fault["kind"] == "hang":
        assert "no complete answer" in failure(result)
    else:
        assert structured(result)["products"]
