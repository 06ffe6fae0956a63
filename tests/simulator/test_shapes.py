"""The shapes of our answers are those of the reference's examples, key by key and type by type."""

import json
from pathlib import Path
from typing import Any

import pytest

from novita_mcp.simulator.faults import Fault

pytestmark = pytest.mark.anyio

FIXTURES = Path(__file__).parent.parent / "fixtures"
VOLUME = "3d2c1b0a-1111-4222-8333-444455556666"
NETWORK = "vpc-550e8400-e29b-41d4-a716-446655440000"
TEMPLATE = {"name": "t", "type": "instance", "channel": "private", "image": "i", "rootfsSize": 60}
BILL = "/openapi/v1/billing/bill"

READS = [
    ("list-clusters", "/clusters", {}),
    ("list-products", "/products", {"gpuNum": 1, "billingMethod": "onDemand"}),
    ("list-products-empty", "/products", {"productName": "B200"}),
    ("list-cpu-products", "/cpu/products", {}),
    ("list-instances", "/gpu/instances", {"pageSize": 100, "pageNum": 1}),
    ("list-instances-empty", "/gpu/instances", {"name": "nobody"}),
    ("get-instance-running", "/gpu/instance", {"instanceId": "RUNNING"}),
    ("get-instance-running-jupyter", "/gpu/instance", {"instanceId": "RUNNING"}),
    ("get-instance-pulling", "/gpu/instance", {"instanceId": "PULLING"}),
    ("get-instance-failed", "/gpu/instance", {"instanceId": "PULLING"}),
    ("get-instance-exited", "/gpu/instance", {"instanceId": "EXITED"}),
    ("get-instance-spot-notified", "/gpu/instance", {"instanceId": "SPOT"}),
    ("get-instance-spot-terminated", "/gpu/instance", {"instanceId": "SPOT"}),
    ("get-instance-monthly", "/gpu/instance", {"instanceId": "MONTHLY"}),
    ("get-instance-not-found", "/gpu/instance", {"instanceId": "deadbeefdeadbeef"}),
    ("list-jobs", "/jobs", {"pageSize": 20, "pageNum": 1, "type": "saveImage"}),
    ("list-templates", "/templates", {"channel": "private", "isMyCommunity": True}),
    ("get-template", "/template", {"templateId": "107672"}),
    ("get-template-not-found", "/template", {"templateId": "0"}),
    ("list-registry-auths", "/repository/auths", {}),
    ("list-network-storages", "/networkstorages/list", {"pageNo": 1, "pageSize": 20}),
    ("list-vpc-networks", "/networks", {"pageSize": 20, "pageNum": 1}),
    ("get-vpc-network", "/network", {"networkId": NETWORK}),
    ("get-image-prewarm-quota", "/image/prewarm/quota", {}),
    ("list-image-prewarm", "/image/prewarm", {"page": 1, "pageSize": 10}),
    ("get-balance", "/openapi/v1/billing/balance/detail", {}),
    ("query-monthly-bill", "/openapi/v1/billing/monthly/bill", {"page": 1, "pageSize": 10}),
    ("query-usage-bill", f"{BILL}/list", {"cycleType": "Hour", "productCategory": "gpu"}),
    ("query-fixed-term-bill", f"{BILL}/monthly/list", {"category": "gpu"}),
    ("get-metrics", "/openapi/v1/metrics/gpu/instance", {"instanceId": "RUNNING", "interval": 15}),
]

WRITES = [
    ("start-instance", "/gpu/instance/start", {"instanceId": "EXITED"}),
    ("stop-instance", "/gpu/instance/stop", {"instanceId": "RUNNING"}),
    ("restart-instance", "/gpu/instance/restart", {"instanceId": "RUNNING"}),
    ("edit-instance", "/gpu/instance/edit", {"instanceId": "RUNNING", "expandRootDisk": 40}),
    ("upgrade-instance", "/gpu/instance/upgrade", {"instanceId": "RUNNING", "imageUrl": "ubuntu"}),
    ("migrate-instance", "/gpu/instance/migrate", {"instanceId": "RUNNING"}),
    ("renew-instance", "/gpu/instance/renewInstance", {"instanceId": "MONTHLY", "month": 1}),
    ("convert-to-monthly", "/gpu/instance/transToMonthlyInstance", {"instanceId": "RUNNING", "month": 1}),
    (
        "set-auto-renew",
        "/gpu/instance/setAutoRenew",
        {"instanceIds": ["MONTHLY"], "autoRenew": True, "autoRenewMonth": 1},
    ),
    (
        "set-auto-migrate",
        "/gpu/instance/setAutoMigrate",
        {"instanceId": "RUNNING", "autoMigrateOpen": True, "autoMigrateSystemDisk": True},
    ),
    ("save-image", "/job/save/image", {"instanceId": "EXITED", "image": "registry.example.com/a:b"}),
    ("break-job", "/job/break", {"jobId": "JOB"}),
    ("create-template", "/template/create", {"template": TEMPLATE}),
    ("update-template", "/template/update", {"template": TEMPLATE | {"Id": "107672"}}),
    ("delete-template", "/template/delete", {"templateId": "107672"}),
    (
        "create-network-storage",
        "/networkstorage/create",
        {"clusterId": "us-ca-6", "storageName": "s", "storageSize": 10},
    ),
    ("update-network-storage", "/networkstorage/update", {"storageId": VOLUME, "storageSize": 200}),
    ("create-vpc-network", "/network/create", {"clusterId": "us-ca-6", "name": "n"}),
    ("update-vpc-network", "/network/update", {"networkId": NETWORK, "name": "n"}),
    (
        "create-image-prewarm",
        "/image/prewarm",
        {"imageUrl": "i", "clusterId": "us-ca-6", "productIds": ["4090.16c62g"]},
    ),
    ("edit-image-prewarm", "/image/prewarm/edit", {"id": "PREWARM", "note": "n"}),
    ("delete-image-prewarm", "/image/prewarm/delete", {"ids": ["PREWARM"]}),
    ("error-invalid-state-change", "/gpu/instance/start", {"instanceId": "RUNNING"}),
    ("error-monthly-not-deletable", "/gpu/instance/delete", {"instanceId": "MONTHLY"}),
    ("error-validator-param", "/gpu/instance/create", {}),
]


@pytest.fixture
async def ids(api, world, clock) -> dict[str, str]:
    """A little of everything: an instance in each state, a job, a prewarm task."""
    world.set_balance(world.account.available_usd + 10_000)
    named = {
        "PULLING": await api.create(imageUrl="does-not-exist", ports="8888/http"),
        "EXITED": await api.create(),
        "SPOT": await api.create(billingMode="spot", ports="8888/http"),
        "MONTHLY": await api.create(month=1, ports="8888/http"),
        "RUNNING": await api.create(
            ports="8888/http, 6006/tcp",
            envs=[{"key": "HF_HOME", "value": "/workspace/hf"}],
            networkStorages=[{"Id": VOLUME}],
            networkId=NETWORK,
        ),
    }
    clock.advance(3700)
    await api.act("stop", named["EXITED"])
    world.notify_reclaim(named["SPOT"])
    save = {"instanceId": named["RUNNING"], "image": "registry.example.com/a:b"}
    clock.advance(60)
    named["JOB"] = (await api.post("/job/save/image", save)).json()["jobId"]
    prewarm = {"imageUrl": "a/b:c", "clusterId": "us-ca-6", "productIds": ["4090.16c62g"]}
    named["PREWARM"] = (await api.post("/image/prewarm", prewarm)).json()["id"]
    return named


@pytest.mark.parametrize(("fixture", "path", "query"), READS)
async def test_a_read_answers_in_the_documented_shape(api, ids, fixture, path, query):
    response = await api.get(path, **_filled(query, ids))
    _same_shape(fixture, response.status_code, response.json())


@pytest.mark.parametrize(("fixture", "path", "body"), WRITES)
async def test_a_write_answers_in_the_documented_shape(api, ids, fixture, path, body):
    response = await api.post(path, _filled(body, ids))
    _same_shape(fixture, response.status_code, response.json())


@pytest.mark.parametrize("fixture", ["create-instance", "create-cpu-instance"])
async def test_a_documented_create_body_is_taken(api, fixture):
    document = json.loads((FIXTURES / f"{fixture}.json").read_text())
    response = await api.post("/gpu/instance/create", document["request"]["body"])
    _same_shape(fixture, response.status_code, response.json())


@pytest.mark.parametrize(
    ("fixture", "path", "body"),
    [
        ("delete-instance", "/gpu/instance/delete", {"instanceId": "RUNNING"}),
        (
            "create-registry-auth",
            "/repository/auth/save",
            {"name": "n", "username": "u", "password": "p"},
        ),
        ("delete-registry-auth", "/repository/auth/delete", {"id": "8c1c7b0e"}),
    ],
)
async def test_what_has_nothing_to_say_says_nothing(api, ids, fixture, path, body):
    response = await api.post(path, _filled(body, ids))
    assert json.loads((FIXTURES / f"{fixture}.json").read_text())["response"] == {}
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("fixture", "status"), [("error-unauthorized", 401), ("error-forbidden", 403), ("error-rate-limited", 429)]
)
async def test_a_fault_answers_in_the_documented_envelope(api, world, fixture, status):
    world.faults.add(Fault(kind="status", status=status))
    response = await api.get("/clusters")
    assert response.json()["reason"] == json.loads((FIXTURES / f"{fixture}.json").read_text())["response"]["reason"]
    _same_shape(fixture, response.status_code, response.json())


def _same_shape(fixture: str, status: int, answer: Any) -> None:
    document = json.loads((FIXTURES / f"{fixture}.json").read_text())
    assert status == document["status"], answer
    assert list(_differences(document["response"], answer, "$")) == []


def _differences(expected: Any, actual: Any, path: str) -> Any:
    if type(expected) is not type(actual):
        yield f"{path}: {type(expected).__name__} expected, {type(actual).__name__} found"
    elif isinstance(expected, dict):
        yield from (f"{path}.{key}: in only one of them" for key in expected.keys() ^ actual.keys())
        for key in expected.keys() & actual.keys():
            yield from _differences(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and expected and actual:
        yield from _differences(expected[0], actual[0], f"{path}[0]")


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value
