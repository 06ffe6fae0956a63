"""What goes wrong on demand, in process and over a real socket, and whether the call took effect."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial

import anyio
import httpx
import pytest

from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.serve import serve

pytestmark = pytest.mark.anyio

CREATE = "/gpu/instance/create"
PATH = "/gpu-instance/openapi/v1/gpu/instance/create"

ANSWERED = [
    ({"kind": "status"}, 500, 0),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, 429, 0),
    ({"kind": "status", "status": 500, "commits": True}, 500, 1),
    ({"kind": "html"}, 502, 0),
    ({"kind": "html", "status": 504, "commits": True}, 504, 1),
    ({"kind": "truncated"}, 200, 1),
    ({"kind": "garbage"}, 200, 1),
    ({"kind": "empty"}, 200, 1),
    ({"kind": "late_commit", "status": 500}, 500, 0),
]
UNANSWERED = [
    ({"kind": "half_body"}, (httpx.ReadError, httpx.RemoteProtocolError), 1),
    ({"kind": "drop_before"}, (httpx.ReadError, httpx.RemoteProtocolError), 0),
    ({"kind": "drop_after"}, (httpx.ReadError, httpx.RemoteProtocolError), 1),
    ({"kind": "hang"}, httpx.ReadTimeout, 0),
    ({"kind": "hang", "commits": True}, httpx.ReadTimeout, 1),
    ({"kind": "late_commit", "delay_seconds": 60}, httpx.ReadTimeout, 0),
]


@pytest.fixture(params=["in process", "over a socket"])
async def http(request, api, world) -> AsyncIterator[httpx.AsyncClient]:
    if request.param == "in process":
        yield api.http
        return
    async with anyio.create_task_group() as tasks:
        url = await tasks.start(partial(serve, world=world))
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer sk_test"}, timeout=0.3) as http:
            yield http
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("fault", "status", "created"), ANSWERED)
async def test_a_bad_answer(http, world, new_order, fault, status, created):
    world.faults.add(Fault(path_ends_with=CREATE, **fault))
    response = await http.post(PATH, json=new_order())
    assert response.status_code == status
    assert response.headers.get("retry-after") == fault.get("headers", {}).get("Retry-After")
    assert world.created_count() == created


@pytest.mark.parametrize(("fault", "error", "created"), UNANSWERED)
async def test_no_answer(http, world, new_order, fault, error, created):
    world.faults.add(Fault(path_ends_with=CREATE, **fault))
    with pytest.raises(error):
        await http.post(PATH, json=new_order())
    assert world.created_count() == created


async def test_the_next_call_is_answered_again(http, world, new_order):
    world.faults.add(Fault(kind="drop_before"))
    with pytest.raises(httpx.TransportError):
        await http.post(PATH, json=new_order())
    assert (await http.post(PATH, json=new_order())).status_code == 200


@pytest.mark.parametrize("kind", ["truncated", "garbage", "empty"])
async def test_a_spoilt_answer_is_no_json(api, world, new_order, kind):
    world.faults.add(Fault(kind=kind))
    response = await api.post(CREATE, new_order())
    with pytest.raises(ValueError):  # noqa: PT011 - httpx names no class of its own
        response.json()


async def test_a_late_commit_takes_effect_when_it_is_due(api, world, clock, new_order):
    world.faults.add(Fault(kind="late_commit", status=504, delay_seconds=60))
    await api.post(CREATE, new_order(name="late"))
    clock.advance(59)
    assert world.existing() == []
    clock.advance(1)
    assert [instance.name for instance in world.existing()] == ["late"]


async def test_a_hang_lasts_as_long_as_the_request_may_take(api, world, clock):
    world.faults.add(Fault(kind="hang"))
    with pytest.raises(httpx.ReadTimeout):
        await api.http.get("/openapi/v1/billing/balance/detail", timeout=30)
    assert clock.monotonic() == 30


async def test_a_fault_waits_for_its_call_and_its_turn(api, world):
    world.faults.add(Fault(method="GET", path_ends_with="/clusters", kind="status", after=1, times=2))
    assert (await api.get("/products")).status_code == 200
    seen = [(await api.get("/clusters")).status_code for _ in range(4)]
    assert seen == [200, 500, 500, 200]


async def test_a_chosen_body_is_sent_as_it_is(api, world):
    world.faults.add(
        Fault(kind="status", status=400, body={"code": 400, "reason": "CREATE_INSTANCE_LIMIT"}),
        Fault(kind="status", status=503, body="upstream connect error"),
        Fault(kind="status", status=401),
    )
    assert (await api.get("/clusters")).json()["reason"] == "CREATE_INSTANCE_LIMIT"
    assert (await api.get("/clusters")).text == "upstream connect error"
    assert (await api.get("/clusters")).json()["reason"] == "UNAUTHORIZED"


async def test_the_control_namespace_turns_every_knob(http, world):
    assert (await http.post("/simulator/v1/balance", json={"usd": "3.50"})).status_code == 200
    await http.post("/simulator/v1/price", json={"productId": "4090.16c62g", "priceRaw": 40000})
    await http.post("/simulator/v1/stock", json={"productId": "4090.16c62g", "inventory": "low"})
    await http.post("/simulator/v1/instances", json={"name": "theirs"})
    await http.post("/simulator/v1/faults", json={"faults": [{"kind": "hang", "pathEndsWith": "/nowhere", "after": 2}]})
    await http.post("/simulator/v1/clock", json={"advanceSeconds": 3600})
    state = (await http.get("/simulator/v1/state")).json()
    assert float(state["availableUsd"]) == pytest.approx(3.5 - 0.4 - 0.2 / 24)
    assert [instance["name"] for instance in state["instances"]] == ["theirs"]
    assert (state["createdCount"], state["faultsWaiting"]) == (0, ["hang"])
    assert (world.gpu_products["4090.16c62g"].inventory) == "low"
    assert (await http.request("DELETE", "/simulator/v1/faults")).status_code == 200
    assert world.faults.waiting() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"faults": [{"kind": "explode"}]}),
        ("faults", {"faults": [{"kind": "hang", "paths": "/x"}]}),
        ("faults", {"faults": [{"kind": "status", "headers": {"Retry-After": 7}}]}),
        ("clock", {"advanceSeconds": -1}),
        ("balance", {"usd": "much"}),
        ("balance", {"usd": "NaN"}),
        ("stock", {"productId": "none", "inventory": "low"}),
        ("reclaims", {"instanceId": "deadbeef"}),
    ],
)
async def test_a_wrong_turn_of_a_knob_is_refused(api, path, body):
    assert (await api.post(f"/simulator/v1/{path}", body)).status_code == 400


async def test_a_spot_instance_is_reclaimed_over_http(api, clock):
    instance_id = await api.create(billingMode="spot")
    clock.advance(40)
    early = await api.post("/simulator/v1/reclaims", {"instanceId": instance_id, "notice": True})
    assert early.status_code == 400
    assert (await api.post("/simulator/v1/reclaims", {"instanceId": instance_id})).status_code == 200
    clock.advance(6)
    assert await api.status(instance_id) == "exited"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
async def test_only_loopback_is_served(host):
    with pytest.raises(ValueError, match="loopback"):
        await serve(host)


def test_the_server_prints_its_address_and_stops_when_told_to():
    program = "import anyio; from novita_mcp.simulator.serve import serve; anyio.run(serve)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = line.removeprefix("simulator listening on ").strip()
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/simulator/v1/state").json()["createdCount"] == 0
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(10) in {0, -signal.SIGTERM}
