"""Instances from their first moment to their last, on a turned clock."""

import pytest

from novita_mcp.simulator.tempo import Tempo
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import build_world

pytestmark = pytest.mark.anyio


async def statuses(api, clock, instance_id: str, seconds: int) -> list[str]:
    """The different statuses that a look every second would see."""
    seen: list[str] = []
    for _ in range(seconds):
        status = await api.status(instance_id)
        if seen[-1:] != [status]:
            seen.append(status)
        clock.advance(1)
    return seen


@pytest.fixture
async def running(api, clock) -> str:
    instance_id = await api.create(ports="8888/http, 22/tcp")
    clock.advance(40)
    return instance_id


async def test_a_new_instance_comes_to_run(api, clock):
    seen = await statuses(api, clock, await api.create(), 41)
    assert seen == ["toCreate", "creating", "pulling", "running"]


async def test_an_instance_stops_and_starts_again(api, clock, running):
    assert (await api.act("stop", running)).json() == {"instanceId": running, "state": "stopping"}
    assert await statuses(api, clock, running, 10) == ["toStop", "stopping", "exited"]
    assert (await api.act("start", running)).json() == {"instanceId": running, "state": "starting"}
    assert await statuses(api, clock, running, 12) == ["toStart", "starting", "running"]


async def test_a_restart_passes_through_its_states(api, clock, running):
    await api.act("restart", running)
    assert await statuses(api, clock, running, 12) == ["toRestart", "restarting", "running"]


async def test_a_deleted_instance_vanishes(api, clock, running):
    response = await api.act("delete", running)
    assert (response.status_code, response.content) == (200, b"")
    assert await statuses(api, clock, running, 36) == ["toRemove", "removing", "removed"]
    gone = await api.get("/gpu/instance", instanceId=running)
    assert (gone.status_code, gone.json()["reason"]) == (404, "RESOURCE_NOT_FOUND")
    assert (await api.get("/gpu/instances")).json() == {"instances": [], "total": 0}
    assert (await api.act("delete", running)).status_code == 400


async def test_deleting_twice_changes_nothing(api, clock, running):
    await api.act("delete", running)
    clock.advance(3)
    assert (await api.act("delete", running)).status_code == 200
    assert await api.status(running) == "removing"


@pytest.mark.parametrize("action", ["start", "stop", "restart"])
async def test_a_state_that_does_not_allow_an_action_is_a_conflict(api, action):
    response = await api.act(action, await api.create())
    assert response.status_code == 400
    assert response.json() | {"metadata": {}} == {
        "code": 400,
        "reason": "CONFLICT",
        "message": "invalid state change",
        "metadata": {},
    }


async def test_starting_what_runs_is_a_conflict(api, running):
    assert (await api.act("start", running)).json()["message"] == "invalid state change"


@pytest.mark.parametrize("action", ["start", "stop", "restart", "delete", "migrate"])
async def test_an_unknown_instance_is_refused(api, action):
    response = await api.act(action, "deadbeefdeadbeef")
    assert (response.status_code, response.json()["reason"]) == (400, "RESOURCE_NOT_FOUND")


async def test_the_way_in_is_empty_until_it_runs(api, clock):
    instance_id = await api.create(ports="8888/http")
    clock.advance(10)
    pulling = await api.instance(instance_id)
    assert pulling["connectComponentSSH"] == {"sshCommand": "", "password": "", "isRunning": False}
    assert pulling["portMappings"] == [{"port": 8888, "endpoint": "", "type": "http"}]
    clock.advance(30)
    running = await api.instance(instance_id)
    assert running["connectComponentSSH"]["isRunning"]
    assert running["portMappings"][0]["endpoint"].startswith(f"https://{instance_id}-8888.us-ca-6.")


async def test_host_port_and_password_change_at_every_start(api, clock, running):
    before = await api.instance(running)
    await api.act("stop", running)
    clock.advance(6)
    await api.act("start", running)
    clock.advance(10)
    after = await api.instance(running)
    first, second = before["connectComponentSSH"], after["connectComponentSSH"]
    assert first["password"] != second["password"]
    assert first["sshCommand"].split()[2] != second["sshCommand"].split()[2]
    assert first["sshCommand"].split("@")[1] != second["sshCommand"].split("@")[1]
    assert before["portMappings"][1]["endpoint"] != after["portMappings"][1]["endpoint"]


async def test_an_image_that_does_not_exist_is_pulled_for_ever(api, clock):
    instance_id = await api.create(imageUrl="registry.example.com/does-not-exist:1")
    clock.advance(3600)
    instance = await api.instance(instance_id)
    assert instance["status"] == "pulling"
    assert instance["statusError"] == {"state": "ImagePullFailed", "message": "failed to pull image"}


async def test_the_same_body_twice_makes_two_instances(api, world):
    assert await api.create(name="twin") != await api.create(name="twin")
    assert world.created_count() == 2


async def test_the_list_is_paged_from_one_and_filtered(api):
    for number in range(12):
        await api.create(name=f"worker-{number}")
    listed = (await api.get("/gpu/instances")).json()
    assert (len(listed["instances"]), listed["total"]) == (10, 12)
    second = (await api.get("/gpu/instances", pageSize=5, pageNum=3)).json()
    assert [instance["name"] for instance in second["instances"]] == ["worker-1", "worker-0"]
    named = (await api.get("/gpu/instances", name="worker-7", status="toCreate")).json()
    assert [instance["name"] for instance in named["instances"]] == ["worker-7"]
    assert (await api.get("/gpu/instances", productName="A100")).json()["total"] == 0


async def test_pages_can_be_counted_from_zero(api, world):
    world.page_base = 0
    await api.create()
    assert (await api.get("/gpu/instances", pageNum=1)).json() == {"instances": [], "total": 1}
    assert len((await api.get("/gpu/instances", pageNum=0)).json()["instances"]) == 1


async def test_out_of_stock_refuses_create_and_start(api, world, clock, running, new_order):
    await api.act("stop", running)
    clock.advance(6)
    world.set_stock("4090.16c62g", "none")
    assert (await api.act("start", running)).json()["reason"] == "INSUFFICIENT_RESOURCE"
    created = await api.post("/gpu/instance/create", new_order())
    assert created.json()["reason"] == "INSUFFICIENT_RESOURCE"


async def test_a_spot_instance_is_protected_then_told_then_taken(api, world, clock):
    instance_id = await api.create(billingMode="spot")
    clock.advance(40)
    assert (await api.instance(instance_id))["spotStatus"] == "running"
    with pytest.raises(ValueError, match="protected"):
        world.notify_reclaim(instance_id)
    clock.advance(3600)
    world.notify_reclaim(instance_id)
    told = await api.instance(instance_id)
    assert (told["status"], told["spotStatus"]) == ("running", "notified")
    assert told["spotReclaimTime"] == str(int(clock.now().timestamp()) + 3600)
    clock.advance(3601)
    assert (await api.instance(instance_id))["spotStatus"] == "reclaiming"
    clock.advance(5)
    taken = await api.instance(instance_id)
    assert (taken["status"], taken["spotStatus"]) == ("exited", "terminated")


async def test_a_reclaimed_instance_is_revived_by_migrating(api, world, clock):
    instance_id = await api.create(billingMode="spot")
    clock.advance(40)
    world.reclaim(instance_id)
    clock.advance(6)
    assert (await api.act("migrate", instance_id)).status_code == 200
    clock.advance(60)
    revived = await api.instance(instance_id)
    assert (revived["status"], revived["spotStatus"], revived["spotReclaimTime"]) == ("running", "running", "0")


async def test_a_brisk_instance_runs_after_about_three_seconds(clock):
    assert build_world(clock, tempo=Tempo.brisk()).tempo.pulling == 2
    brisk = Tempo.brisk()
    assert brisk.to_create + brisk.creating + brisk.pulling == pytest.approx(3)


async def test_waiting_on_a_turned_clock_turns_it():
    clock = TurnedClock()
    before = clock.now()
    await clock.sleep(90)
    assert clock.monotonic() == (clock.now() - before).total_seconds() == 90


async def test_a_foreign_instance_runs_but_was_not_created_here(api, world):
    foreign = world.add_foreign_instance(name="theirs")
    assert await api.status(foreign.id) == "running"
    assert world.created_count() == 0
