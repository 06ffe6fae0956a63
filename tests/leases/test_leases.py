"""Which lease an instance gets, how it is kept, lengthened and announced."""

from decimal import Decimal

import pytest
from mcp import Client

from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.history.folds import owned_instances
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.acts.create import CreateInstance
from novita_mcp.provisioning.acts.extending import ExtendLease
from novita_mcp.provisioning.reaping import reap
from novita_mcp.provisioning.road import Yes, apply, prepare
from novita_mcp.provisioning.tending import tend
from novita_mcp.server import build_server, holding
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import build_world
from tests.leases.conftest import UNATTENDED, UP_AFTER_SECONDS, served
from tests.stress.machinery import Fate, dying, fateful_app, fill_disk, kill
from tests.world import CREATE, Person, yes

pytestmark = pytest.mark.anyio
HOUR = 3600
CREATE_PATH = "/gpu/instance/create"


def lease_of(server, instance_id):
    return owned_instances(server.app.ledger.entries())[instance_id].lease


def verdict(outcome, rule):
    return next((row for row in outcome["plan"]["guardrails"] if row["rule"] == rule), None)


async def reminded(server):
    result = await server.call("list_resources", {"kind": "clusters"})
    return "\n".join(part.text for part in result.content[1:] if part.type == "text")


@pytest.mark.parametrize(
    ("policy", "asked", "hours"),
    [
        ({}, None, None),
        ({}, 2, Decimal(2)),
        ({"DEFAULT_LEASE_HOURS": "3"}, None, Decimal(3)),
        ({"DEFAULT_LEASE_HOURS": "3"}, 2, Decimal(2)),
        ({"MAX_LEASE_HOURS": "4"}, None, Decimal(4)),
        ({"DEFAULT_LEASE_HOURS": "3", "MAX_LEASE_HOURS": "4"}, None, Decimal(3)),
    ],
)
async def test_the_lease_is_the_one_asked_for_else_the_default_else_the_longest(tmp_path, policy, asked, hours):
    environ = {**UNATTENDED, **{f"NOVITA_MCP_{name}": value for name, value in policy.items()}}
    async with served(tmp_path / "state", environ=environ) as server:
        arguments = CREATE if asked is None else {**CREATE, "leaseHours": asked}
        outcome = await server.outcome("create_gpu_instance", arguments)
        lease = lease_of(server, outcome["instance"]["instanceId"])
        assert (lease and lease.hours) == hours


@pytest.mark.parametrize(
    ("policy", "asked", "rule"),
    [
        ({"MAX_LEASE_HOURS": "4"}, 5, "max_lease_hours"),
        ({"REQUIRE_LEASE": "true"}, None, "require_lease"),
    ],
)
async def test_a_lease_beyond_the_policy_or_none_where_one_is_needed_is_denied(tmp_path, policy, asked, rule):
    environ = {**UNATTENDED, **{f"NOVITA_MCP_{name}": value for name, value in policy.items()}}
    async with served(tmp_path / "state", environ=environ) as server:
        arguments = CREATE if asked is None else {**CREATE, "leaseHours": asked}
        outcome = await server.outcome("create_gpu_instance", arguments)
        assert (outcome["status"], verdict(outcome, rule)["verdict"]) == ("denied", "deny")
        assert server.writes == []


async def test_a_start_gets_a_lease_of_its_own(server, leased):
    await server.outcome("stop_gpu_instance", {"instanceId": leased})
    server.clock.advance(HOUR)
    await server.outcome("start_gpu_instance", {"instanceId": leased, "leaseHours": 2})
    assert (lease_of(server, leased).until - server.clock.now()).total_seconds() == pytest.approx(2 * HOUR, abs=60)


@pytest.mark.parametrize("fault", ["drop_after", "hang"])
async def test_the_lease_of_a_create_that_crashed_right_after_sending_is_enforced_by_the_next_server(tmp_path, fault):
    world = build_world(clock := TurnedClock())
    world.faults.add(Fault(kind=fault, commits=True, path_ends_with=CREATE_PATH, method="POST"))
    fate = Fate(6, True, kill)
    with dying():
        async with fateful_app(tmp_path / "state", world, fate, UNATTENDED) as app:
            await _create(app)
    async with served(tmp_path / "state", world=world, clock=clock) as server:
        (instance,) = world.existing()
        await tend(server.app, observing=False)
        assert lease_of(server, instance.id).hours == 1
        assert "FOUND" in await reminded(server)
        clock.advance(HOUR)
        assert [result.result for result in await reap(server.app)] == ["stopped"]


async def _create(app):
    action = CreateInstance(arguments=CreateArguments(**CREATE, leaseHours=1))
    await apply(app, await prepare(app, action, taking_up=False), Yes("policy"))


async def test_an_instance_that_arrives_long_after_it_was_judged_absent_is_taken_over_with_its_lease(server):
    late = Fault(kind="late_commit", path_ends_with=CREATE_PATH, method="POST", delay_seconds=2000)
    server.world.faults.add(late)
    result = await server.call("create_gpu_instance", {**CREATE, "leaseHours": 1})
    assert result.is_error
    assert "did not happen" in result.content[0].text
    server.clock.advance(2500)
    await tend(server.app, observing=True)
    (instance,) = server.world.existing()
    assert lease_of(server, instance.id).hours == 1
    assert "FOUND: the create of plan-" in await reminded(server)
    server.clock.advance(HOUR)
    assert [result.result for result in await reap(server.app)] == ["stopped"]


async def test_what_is_open_is_settled_before_anything_new_is_sent(server):
    server.world.faults.add(
        Fault(kind="drop_after", path_ends_with=CREATE_PATH, method="POST"),
        Fault(kind="status", status=503, path_ends_with="/gpu/instances", method="GET", after=2, times=100),
    )
    first = await server.outcome("create_gpu_instance", CREATE)
    assert first["status"] == "unknown"
    server.world.faults.clear()
    second = await server.outcome("create_gpu_instance", CREATE)
    assert second["status"] == "created"
    kinds = [entry.kind for entry in server.app.ledger.entries()]
    assert kinds.index(EntryKind.SETTLED) < len(kinds) - 1 - kinds[::-1].index(EntryKind.SENDING)
    assert len(owned_instances(server.app.ledger.entries())) == 2


async def test_a_full_disk_after_the_request_leaves_it_open_tells_the_agent_and_is_settled_later(tmp_path):
    world = build_world(clock := TurnedClock())
    result = await _created_on_a_disk_that_fills(tmp_path / "state", world, after_writes=2)
    (instance,) = world.existing()
    said = result.content[0].text
    assert not result.is_error
    assert instance.id in said
    assert "could not be recorded" in said
    assert "disk is full" in said
    async with served(tmp_path / "state", world=world, clock=clock) as server:
        await tend(server.app, observing=False)
        assert instance.id in owned_instances(server.app.ledger.entries())


async def _created_on_a_disk_that_fills(state_dir, world, *, after_writes):
    fate = Fate(2 * after_writes or 1, True, fill_disk(100))
    async with fateful_app(state_dir, world, fate, UNATTENDED) as app, Client(build_server(holding(app))) as client:
        return await client.call_tool("create_gpu_instance", dict(CREATE))


async def test_a_full_disk_before_the_request_sends_nothing_and_says_so(server, tmp_path):
    result = await _created_on_a_disk_that_fills(tmp_path / "other", server.world, after_writes=0)
    assert result.is_error
    assert "Nothing was sent to Novita" in result.content[0].text
    assert server.world.created_count() == 0


async def test_extending_a_lease_needs_a_person_and_passes_the_guardrails(tmp_path):
    environ = {"NOVITA_MCP_TOOLSETS": "core,lifecycle", "NOVITA_MCP_MAX_LEASE_HOURS": "5"}
    clock = TurnedClock()
    person = Person(yes(), clock)
    async with served(tmp_path / "state", environ=environ, clock=clock, person=person) as server:
        created = await server.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
        instance_id = created["instance"]["instanceId"]
        clock.advance(UP_AFTER_SECONDS)
        denied = await server.outcome("extend_lease", {"instanceId": instance_id, "leaseHours": 6})
        assert (denied["status"], verdict(denied, "max_lease_hours")["verdict"]) == ("denied", "deny")
        extended = await server.outcome("extend_lease", {"instanceId": instance_id, "leaseHours": 4})
        assert extended["status"] == "extended"
        assert "run, and cost, for longer" in person.asked[-1]
        assert (lease_of(server, instance_id).until - clock.now()).total_seconds() == pytest.approx(4 * HOUR, abs=60)
        clock.advance(2 * HOUR)
        assert await reap(server.app) == ()


async def test_a_sold_out_product_does_not_stand_in_the_way_of_a_longer_lease(server, leased):
    server.world.set_stock(CREATE["productId"], "none")
    extended = await server.outcome("extend_lease", {"instanceId": leased, "leaseHours": 4})
    assert extended["status"] == "extended"


async def test_what_was_not_created_here_has_no_lease_to_extend(server):
    foreign = server.world.add_foreign_instance()
    result = await server.call("extend_lease", {"instanceId": foreign.id, "leaseHours": 4})
    assert result.is_error
    assert "was not created here" in result.content[0].text


async def test_a_longer_lease_counts_against_the_budget(tmp_path):
    environ = {**UNATTENDED, "NOVITA_MCP_DAILY_BUDGET_USD": "1"}
    async with served(tmp_path / "state", environ=environ) as server:
        created = await server.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
        server.clock.advance(UP_AFTER_SECONDS)
        instance_id = created["instance"]["instanceId"]
        outcome = await server.outcome("extend_lease", {"instanceId": instance_id, "leaseHours": 5})
        assert (outcome["status"], verdict(outcome, "daily_budget_usd")["verdict"]) == ("denied", "deny")


async def test_near_its_end_a_lease_is_announced_with_the_cost_so_far(server, leased):
    server.clock.advance(HOUR - UP_AFTER_SECONDS - 16 * 60)
    assert await reminded(server) == ""
    server.clock.advance(120)
    told = await reminded(server)
    assert f"Lease: {leased}" in told
    assert "is stopped in 14 min; $0.27 so far" in told


async def test_a_start_that_arrives_late_is_taken_over_with_its_lease(server, leased):
    await server.outcome("stop_gpu_instance", {"instanceId": leased})
    server.clock.advance(60)
    late = Fault(kind="late_commit", path_ends_with="/gpu/instance/start", method="POST", delay_seconds=120)
    server.world.faults.add(late)
    result = await server.call("start_gpu_instance", {"instanceId": leased, "leaseHours": 2})
    assert result.is_error
    assert not owned_instances(server.app.ledger.entries())[leased].running
    server.clock.advance(300)
    await tend(server.app, observing=False)
    assert owned_instances(server.app.ledger.entries())[leased].running
    assert lease_of(server, leased).hours == 2


async def test_a_longer_lease_that_was_never_written_is_settled_as_such(server, leased):
    fate = Fate(4, True, kill)
    clock, world = server.clock, server.world
    state_dir = server.app.settings.state_dir
    with dying():
        async with fateful_app(state_dir, world, fate, UNATTENDED) as app:
            await _extend(app, leased)
    await tend(server.app, observing=False)
    settled = [entry for entry in server.app.ledger.entries() if entry.kind is EntryKind.SETTLED]
    assert [entry.facts["happened"] for entry in settled] == ["no"]
    assert lease_of(server, leased).until < clock.now().replace(hour=23)


async def _extend(app, instance_id):
    action = ExtendLease(instance_id=instance_id, lease_hours=Decimal(9))
    await apply(app, await prepare(app, action, taking_up=False), Yes("policy"))
