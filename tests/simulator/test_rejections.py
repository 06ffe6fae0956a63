"""Every limit of the create page, refused one step beyond it and taken right at it."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

VOLUME = "3d2c1b0a-1111-4222-8333-444455556666"
NETWORK = "vpc-550e8400-e29b-41d4-a716-446655440000"
ENV = {"key": "A", "value": "b"}
TOOL = {"name": "Jupyter", "port": "8888", "type": "http"}
FIFTEEN_PORTS = ", ".join(f"{port}/http" for port in range(8000, 8015))

INVALID: list[tuple[dict[str, Any], str]] = [
    ({"productId": ...}, "productId"),
    ({"productId": ""}, "productId"),
    ({"productId": "p" * 256}, "productId"),
    ({"productId": 26}, "productId"),
    ({"gpuNum": ...}, "gpuNum"),
    ({"gpuNum": 0}, "gpuNum"),
    ({"gpuNum": 9}, "gpuNum"),
    ({"gpuNum": "1"}, "gpuNum"),
    ({"gpuNum": 1.0}, "gpuNum"),
    ({"gpuNum": True}, "gpuNum"),
    ({"gpuNum": None}, "gpuNum"),
    ({"rootfsSize": ...}, "rootfsSize"),
    ({"rootfsSize": -1}, "rootfsSize"),
    ({"rootfsSize": 6145}, "rootfsSize"),
    ({"productId": "A100-80GB.14c240g", "rootfsSize": 3001}, "rootfsSize"),
    ({"rootfsSize": "60"}, "rootfsSize"),
    ({"imageUrl": ...}, "imageUrl"),
    ({"imageUrl": ""}, "imageUrl"),
    ({"imageUrl": "i" * 501}, "imageUrl"),
    ({"kind": ...}, "kind"),
    ({"kind": "tpu"}, "kind"),
    ({"name": "n" * 256}, "name"),
    ({"name": None}, "name"),
    ({"imageAuth": "a" * 10240}, "imageAuth"),
    ({"ports": [8888]}, "ports"),
    ({"ports": "8888"}, "ports"),
    ({"ports": "8888:http"}, "ports"),
    ({"ports": "8888/udp"}, "ports"),
    ({"ports": "0/tcp"}, "ports"),
    ({"ports": "65536/tcp"}, "ports"),
    ({"ports": "80/http,"}, "ports"),
    ({"ports": "80/http, 80/tcp"}, "ports"),
    *[({"ports": f"{port}/tcp"}, "ports") for port in (2222, 2223, 2224)],
    ({"ports": FIFTEEN_PORTS + ", 9000/tcp"}, "ports"),
    ({"ports": FIFTEEN_PORTS, "tools": [TOOL]}, "ports"),
    ({"envs": [ENV] * 101}, "envs"),
    ({"envs": [{"key": "k" * 512, "value": ""}]}, "envs[0].key"),
    ({"envs": [ENV, {"key": "k", "value": "v" * 4096}]}, "envs[1].value"),
    ({"envs": [{"name": "k"}]}, "envs[0].name"),
    ({"envs": {"A": "b"}}, "envs"),
    ({"tools": [TOOL | {"name": "VSCode"}]}, "tools[0].name"),
    ({"tools": [TOOL | {"port": 8888}]}, "tools[0].port"),
    ({"tools": [TOOL | {"port": "2223"}]}, "tools[0].port"),
    ({"tools": [TOOL | {"port": "0"}]}, "tools[0].port"),
    ({"tools": [TOOL | {"port": "http"}]}, "tools[0].port"),
    ({"tools": [TOOL | {"type": "udp"}]}, "tools[0].type"),
    ({"command": "c" * 2048}, "command"),
    ({"entrypoint": "e" * 2048}, "entrypoint"),
    ({"networkStorages": [{"Id": VOLUME}] * 31}, "networkStorages"),
    ({"networkStorages": [{"id": VOLUME}]}, "networkStorages[0].Id"),
    ({"networkStorages": [{"Id": VOLUME, "mountPoint": ""}]}, "networkStorages[0].mountPoint"),
    ({"networkStorages": [{"Id": VOLUME, "mountPoint": "/" * 4096}]}, "networkStorages[0].mountPoint"),
    ({"month": -1}, "month"),
    ({"billingMode": "monthly"}, "month"),
    ({"billingMode": "prepaid"}, "billingMode"),
    ({"autoRenew": "true"}, "autoRenew"),
    ({"autoRenewMonth": 0}, "autoRenewMonth"),
    ({"autoRenewMonth": 13}, "autoRenewMonth"),
    ({"minCudaVersion": "1" * 256}, "minCudaVersion"),
    ({"minCudaVersion": "twelve"}, "minCudaVersion"),
    ({"env": []}, "env"),
    ({"gpu_num": 1}, "gpu_num"),
    ({"dryRun": True}, "dryRun"),
    ({"templateId": "107672"}, "templateId"),
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"productId": "no-such-product"}, "RESOURCE_NOT_FOUND"),
    ({"clusterId": "US-CA-06 (California)"}, "RESOURCE_NOT_FOUND"),
    ({"clusterId": "as-in-1"}, "INSUFFICIENT_RESOURCE"),
    ({"productId": "26"}, "INSUFFICIENT_RESOURCE"),
    ({"productId": "3090.16c92g", "gpuNum": 5}, "INSUFFICIENT_RESOURCE"),
    ({"productId": "A100-80GB.14c240g", "billingMode": "spot"}, "UNSUPPORTED_BILLING_MODE"),
    ({"networkStorages": [{"Id": "no-such-volume"}]}, "NETWORK_STORAGE_NOT_FOUND"),
    (
        {"productId": "5090.16c120g", "networkStorages": [{"Id": VOLUME}]},
        "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT",
    ),
    ({"imageAuthId": "no-such-auth"}, "RESOURCE_NOT_FOUND"),
    ({"networkId": "no-such-network"}, "NETWORK_NOT_FOUND"),
    ({"productId": "5090.16c120g", "networkId": NETWORK}, "DEPENDENT_RESOURCE_STATE"),
    ({"month": 1}, "BALANCE_NOT_ENOUGH"),
    ({"productId": "26", "month": 1}, "UNSUPPORTED_BILLING_MODE"),
]

TAKEN: list[dict[str, Any]] = [
    {},
    {"name": "", "imageAuth": "", "imageAuthId": "", "ports": "", "clusterId": "", "networkId": ""},
    {"name": "n" * 255, "imageUrl": "i" * 500, "imageAuth": "a" * 10239},
    {"gpuNum": 8, "rootfsSize": 6144},
    {"ports": FIFTEEN_PORTS},
    {"ports": "1/tcp,65535/http,2221/tcp,2225/tcp"},
    {"ports": "8888/http", "tools": [TOOL]},
    {"envs": [ENV] * 100},
    {"envs": [{"key": "k" * 511, "value": "v" * 4095}, {"key": "", "value": ""}]},
    {"command": "c" * 2047, "entrypoint": "e" * 2047},
    {"networkStorages": [{"Id": VOLUME, "mountPoint": "/" * 4095}] * 30},
    {"networkStorages": [{"Id": VOLUME}]},
    {"imageAuthId": "8c1c7b0e", "networkId": NETWORK, "clusterId": "us-ca-6"},
    {"month": 0, "billingMode": "spot", "autoRenew": False, "autoRenewMonth": 12},
    {"minCudaVersion": "12.4"},
    {"kind": "cpu", "productId": "cpu.8c16g", "gpuNum": ..., "rootfsSize": ...},
    {"kind": "cpu", "productId": "cpu.8c16g", "gpuNum": ..., "rootfsSize": ..., "localStorageMountPoint": "/w"},
]


@pytest.mark.parametrize(("changes", "field"), INVALID)
async def test_a_broken_limit_is_refused_with_the_field_named(api, world, new_order, changes, field):
    response = await api.post("/gpu/instance/create", new_order(**changes))
    assert response.status_code == 400
    assert response.json()["reason"] == "VALIDATOR_PARAM"
    assert response.json()["message"].startswith(f"invalid {field}: ")
    assert world.created_count() == 0


@pytest.mark.parametrize(("changes", "reason"), REFUSED)
async def test_what_the_world_does_not_have_is_refused_with_its_reason(api, world, new_order, changes, reason):
    response = await api.post("/gpu/instance/create", new_order(**changes))
    assert (response.status_code, response.json()["reason"]) == (400, reason)
    assert world.created_count() == 0


@pytest.mark.parametrize("changes", TAKEN)
async def test_what_the_page_allows_is_taken(api, world, new_order, changes):
    response = await api.post("/gpu/instance/create", new_order(**changes))
    assert response.status_code == 200, response.text
    assert world.created_count() == 1


async def test_an_hour_has_to_be_paid_for(api, world, new_order):
    world.set_balance(world.account.available_usd * 0)
    response = await api.post("/gpu/instance/create", new_order())
    assert response.json()["reason"] == "BALANCE_NOT_ENOUGH"


async def test_a_root_disk_below_ten_becomes_ten(api):
    assert (await api.instance(await api.create(rootfsSize=5)))["rootfsSize"] == 10


@pytest.mark.parametrize("body", [[], "text", None, 3])
async def test_a_body_that_is_no_object_is_refused(api, body):
    response = await api.http.post("/gpu-instance/openapi/v1/gpu/instance/create", json=body)
    assert (response.status_code, response.json()["reason"]) == (400, "VALIDATOR_PARAM")


async def test_a_body_that_is_no_json_or_does_not_say_so_is_refused(api):
    path = "/gpu-instance/openapi/v1/gpu/instance/stop"
    unparsable = await api.http.post(path, content=b"{", headers={"Content-Type": "application/json"})
    untyped = await api.http.post(path, content=b"{}")
    assert [unparsable.status_code, untyped.status_code] == [400, 400]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/gpu/instances", {"pageNumber": 1}),
        ("/gpu/instances", {"pageSize": "ten"}),
        ("/gpu/instances", {"status": "active"}),
        ("/gpu/instance", {}),
        ("/products", {"gpuNum": 9}),
        ("/products", {"billingMode": "spot"}),
        ("/templates", {"channel": "private"}),
        ("/clusters", {"x": 1}),
    ],
)
async def test_an_undocumented_query_is_refused(api, path, query):
    response = await api.get(path, **query)
    assert (response.status_code, response.json()["reason"]) == (400, "VALIDATOR_PARAM")


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer key", "sk_test", "Basic sk_test"])
async def test_a_call_without_an_accepted_key_is_unauthorized(api, header):
    response = await api.http.get("/openapi/v1/billing/balance/detail", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json() == {"code": 401, "reason": "UNAUTHORIZED", "message": "unauthorized", "metadata": {}}


async def test_only_the_keys_that_were_named_are_accepted(api, world):
    world.keys = frozenset({"sk_named"})
    assert (await api.get("/clusters")).status_code == 401
    api.http.headers["Authorization"] = "Bearer sk_named"
    assert (await api.get("/clusters")).status_code == 200


async def test_an_unknown_path_or_method_is_not_found(api):
    for response in (await api.get("/gpu/instance/list"), await api.post("/clusters", {})):
        assert (response.status_code, response.json()["code"]) == (404, 404)
