"""The end of a lease stops its machine; what cannot be stopped is told of, again and again."""

import anyio
import pytest

from novita_mcp.domain.history.folds import owned_instances
from novita_mcp.domain.models import MARKER_ENV
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.observing import observe
from novita_mcp.provisioning.reaping import reap
from novita_mcp.provisioning.tending import tend
from novita_mcp.simulator.faults import Fault
from tests.leases.conftest import UP_AFTER_SECONDS, served
from tests.world import CREATE

pytestmark = pytest.mark.anyio
HOUR = 3600
STOP = "/gpu/instance/stop"


def status(server, instance_id):
    return server.world.instances[instance_id].status(server.clock.now())


def kinds(server):
    return [entry.kind for entry in server.app.ledger.entries()]


def results(reaped):
    return [result.result for result in reaped]


async def texts(server):
    """What every tool's result says beside its own text."""
    found = await server.call("search_gpu_products")
    return "\n".join(part.text for part in found.content[1:] if part.type == "text")


async def test_a_lease_that_runs_lets_its_instance_run(server, leased):
    server.clock.advance(HOUR - 2 * UP_AFTER_SECONDS)
    assert await reap(server.app) == ()
    assert status(server, leased) == "running"


async def test_a_lease_that_is_over_stops_its_instance_once(server, leased):
    server.clock.advance(HOUR)
    assert results(await reap(server.app)) == ["stopped"]
    assert status(server, leased) == "exited"
    assert await reap(server.app) == ()
    assert server.writes.count(f"/gpu-instance/openapi/v1{STOP}") == 1


async def test_another_server_on_the_folder_enforces_the_lease_as_well(server, leased, tmp_path):
    server.clock.advance(HOUR)
    async with served(tmp_path / "state", world=server.world, clock=server.clock) as other:
        assert results(await reap(other.app)) == ["stopped"]


async def test_servers_that_stop_at_once_do_not_complain_of_each_other(server, leased, tmp_path):
    server.clock.advance(HOUR)
    beside = {"world": server.world, "clock": server.clock}
    async with served(tmp_path / "state", **beside) as other, anyio.create_task_group() as group:
        group.start_soon(reap, server.app)
        group.start_soon(reap, other.app)
    assert kinds(server).count(EntryKind.REAPED) == 1
    assert EntryKind.REAP_FAILED not in kinds(server)


async def test_what_somebody_else_started_is_never_stopped(server, leased):
    foreign = server.world.add_foreign_instance()
    server.clock.advance(48 * HOUR)
    await tend(server.app, observing=True)
    assert status(server, foreign.id) == "running"


async def test_an_instance_that_lost_its_marker_is_left_alone_and_told_of(server, leased):
    instance = server.world.instances[leased]
    kept = tuple((key, value) for key, value in instance.envs if key != MARKER_ENV)
    server.world.keep(type(instance)(**{**vars(instance), "envs": kept}))
    server.clock.advance(HOUR)
    assert results(await reap(server.app)) == ["failed"]
    assert status(server, leased) == "running"
    assert "does not carry the marker" in await texts(server)


async def test_somebody_else_s_instance_with_our_marker_copied_is_not_touched(server, leased):
    marker = dict(server.world.instances[leased].envs)[MARKER_ENV]
    foreign = server.world.add_foreign_instance(name="copied")
    server.world.keep(type(foreign)(**{**vars(foreign), "envs": ((MARKER_ENV, marker),)}))
    server.clock.advance(HOUR)
    await tend(server.app, observing=True)
    assert (status(server, leased), status(server, foreign.id)) == ("exited", "running")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(kind="status", status=500, path_ends_with=STOP), "HTTP 500"),
        (Fault(kind="status", status=403, path_ends_with=STOP), "FORBIDDEN"),
        (Fault(kind="drop_before", path_ends_with=STOP), "broke off"),
    ],
    ids=["5xx", "forbidden", "reset"],
)
async def test_a_stop_that_fails_is_tried_again_and_meanwhile_told_by_every_tool(server, leased, fault, says):
    server.world.faults.add(fault)
    server.clock.advance(HOUR)
    assert results(await reap(server.app)) == ["failed"]
    told = await texts(server)
    assert "LEASE OVER" in told
    assert "FAILED" in told
    assert says in told
    assert leased in told
    assert kinds(server).count(EntryKind.REAP_FAILED) == 1
    assert results(await reap(server.app)) == ["stopped"]
    assert "LEASE OVER" not in await texts(server)


async def test_a_stop_whose_reply_is_lost_counts_by_what_the_instance_shows(server, leased):
    server.world.faults.add(Fault(kind="drop_after", path_ends_with=STOP))
    server.clock.advance(HOUR)
    assert results(await reap(server.app)) == ["stopped"]


async def test_the_same_failure_fills_the_ledger_only_slowly(server, leased):
    server.world.faults.add(Fault(kind="status", status=403, path_ends_with=STOP, times=1000))
    server.clock.advance(HOUR)
    for _ in range(40):
        await reap(server.app)
        server.clock.advance(30)
    assert kinds(server).count(EntryKind.REAP_FAILED) == 2


async def test_an_instance_that_still_pulls_cannot_be_stopped_which_is_told_until_it_runs(server):
    await server.outcome("create_gpu_instance", {**CREATE, "imageUrl": "example/does-not-exist:1", "leaseHours": 0.01})
    server.clock.advance(UP_AFTER_SECONDS)
    assert results(await reap(server.app)) == ["failed"]
    told = await texts(server)
    assert "it is pulling" in told
    assert "delete it to end the cost" in told


@pytest.mark.parametrize("how", ["stopped", "deleted"])
async def test_what_was_ended_in_novita_s_console_ends_its_lease_here(server, leased, how):
    instance = server.world.instances[leased]
    action = {"stopped": "stop", "deleted": "delete"}[how]
    await server.app.client._post(f"/gpu/instance/{action}", {"instanceId": leased})
    server.clock.advance(HOUR)
    assert results(await reap(server.app)) == [{"stopped": "already stopped", "deleted": "gone"}[how]]
    assert instance.id not in {
        one.instance_id for one in owned_instances(server.app.ledger.entries()).values() if one.lease
    }


async def test_nothing_is_stopped_while_novita_cannot_be_asked_and_everything_once_it_can(server, leased):
    server.world.faults.add(Fault(kind="status", status=503, times=200))
    server.clock.advance(HOUR)
    await tend(server.app, observing=True)
    assert EntryKind.REAPED not in kinds(server)
    server.world.faults.clear()
    await tend(server.app, observing=False)
    assert status(server, leased) == "exited"


async def test_all_that_is_due_is_stopped_side_by_side(server, leased):
    await server.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
    server.clock.advance(HOUR + UP_AFTER_SECONDS)
    assert results(await reap(server.app)) == ["stopped", "stopped"]


async def test_a_machine_started_again_in_the_console_is_noticed_and_counted(server, leased):
    await server.outcome("stop_gpu_instance", {"instanceId": leased})
    server.clock.advance(60)
    await server.app.client.start_instance(leased)
    server.clock.advance(60)
    await observe(server.app)
    assert owned_instances(server.app.ledger.entries())[leased].running


async def test_a_young_instance_that_a_list_lacks_is_not_taken_for_gone(server, leased):
    empty = {"instances": [], "total": 0}
    server.world.faults.add(Fault(kind="status", status=200, body=empty, path_ends_with="/gpu/instances", times=9))
    await observe(server.app)
    assert leased in owned_instances(server.app.ledger.entries())


async def test_an_old_instance_that_only_a_list_lacks_is_not_taken_for_gone(server, leased):
    server.clock.advance(HOUR / 2)
    empty = {"instances": [], "total": 0}
    server.world.faults.add(Fault(kind="status", status=200, body=empty, path_ends_with="/gpu/instances", times=9))
    await observe(server.app)
    assert leased in owned_instances(server.app.ledger.entries())
