"""Everything that an instance can be given, and what can be done to it beside running."""

import pytest

pytestmark = pytest.mark.anyio

VOLUME = "3d2c1b0a-1111-4222-8333-444455556666"
NETWORK = "vpc-550e8400-e29b-41d4-a716-446655440000"
TEMPLATE = {
    "name": "mine",
    "type": "instance",
    "channel": "private",
    "image": "pytorch/pytorch:latest",
    "rootfsSize": 60,
}


@pytest.fixture
async def running(api, clock) -> str:
    instance_id = await api.create(networkStorages=[{"Id": VOLUME}], networkId=NETWORK, imageAuthId="8c1c7b0e")
    clock.advance(40)
    return instance_id


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"clusterId": "us-ca-6"}, {"4090.16c62g", "A100-80GB.14c240g", "H100-SXM-80GB.26c220g"}),
        ({"clusterId": "us-ca-6", "billingMethod": "spot"}, {"4090.16c62g", "H100-SXM-80GB.26c220g"}),
        ({"billingMethod": "monthly"}, {"4090.16c62g", "A100-80GB.14c240g"}),
        ({"productName": "4090"}, {"4090.16c62g", "26", "4090.16c96g.v2"}),
        ({"minMemoryPerGpu": 200}, {"A100-80GB.14c240g", "H100-SXM-80GB.26c220g"}),
        ({"minCpuPerGpu": 22}, {"H100-SXM-80GB.26c220g", "L40S.22c125g"}),
        ({"minRootFSSize": 3500}, {"4090.16c62g", "H100-SXM-80GB.26c220g"}),
        ({"gpuNum": 8, "productName": "3090"}, set()),
    ],
)
async def test_products_are_filtered(api, query, ids):
    assert {product["id"] for product in (await api.get("/products", **query)).json()["data"]} == ids


async def test_a_region_of_a_product_is_the_name_of_a_cluster(api):
    names = {cluster["name"] for cluster in (await api.get("/clusters")).json()["data"]}
    product = (await api.get("/products", productName="5090")).json()["data"][0]
    assert set(product["regions"]) <= names
    assert len(names) == 5


async def test_a_volume_is_created_grown_and_deleted(api):
    wish = {"clusterId": "us-ca-6", "storageName": "data", "storageSize": 10}
    volume_id = (await api.post("/networkstorage/create", wish)).json()
    assert isinstance(volume_id, str)
    shrink = await api.post("/networkstorage/update", {"storageId": VOLUME, "storageSize": 50})
    assert shrink.json()["reason"] == "VALIDATOR_PARAM"
    await api.post("/networkstorage/update", {"storageId": volume_id, "storageSize": 20})
    listed = (await api.get("/networkstorages/list", storageId=volume_id)).json()
    assert [volume["storageSize"] for volume in listed["data"]] == [20]
    assert (await api.post("/networkstorage/delete", {"storageId": volume_id})).content == b""
    assert (await api.get("/networkstorages/list")).json()["total"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clusterId": "nowhere"}, "RESOURCE_NOT_FOUND"),
        ({"clusterId": "as-in-1"}, "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT"),
        ({"storageSize": 9}, "VALIDATOR_PARAM"),
        ({"storageSize": 10_001}, "NETWORK_STORAGE_TOO_LARGE"),
    ],
)
async def test_a_volume_that_cannot_be_is_refused(api, changes, reason):
    wish = {"clusterId": "us-ca-6", "storageName": "data", "storageSize": 10} | changes
    assert (await api.post("/networkstorage/create", wish)).json()["reason"] == reason


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/networkstorage/delete", {"storageId": VOLUME}, "NETWORK_STORAGE_IN_USE"),
        ("/network/delete", {"networkId": NETWORK}, "NETWORK_IN_USE"),
        ("/repository/auth/delete", {"id": "8c1c7b0e"}, "IMAGE_AUTH_IN_USE"),
    ],
)
async def test_what_is_in_use_stays(api, clock, running, path, body, reason):
    assert (await api.post(path, body)).json()["reason"] == reason
    await api.act("delete", running)
    clock.advance(36)
    assert (await api.post(path, body)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/networkstorage/delete", {"storageId": "x"}, "NETWORK_STORAGE_NOT_FOUND"),
        ("/network/delete", {"networkId": "x"}, "NETWORK_NOT_FOUND"),
        ("/repository/auth/delete", {"id": "x"}, "RESOURCE_NOT_FOUND"),
        ("/template/delete", {"templateId": "x"}, "TEMPLATE_NOT_FOUND"),
        ("/template/delete", {"templateId": "100001"}, "TEMPLATE_NOT_FOUND"),
        ("/job/break", {"jobId": "x"}, "JOB_NOT_FOUND"),
        ("/image/prewarm/edit", {"id": "x", "note": ""}, "RESOURCE_NOT_FOUND"),
    ],
)
async def test_what_does_not_exist_is_refused(api, path, body, reason):
    response = await api.post(path, body)
    assert (response.status_code, response.json()["reason"]) == (400, reason)


async def test_a_network_is_found_by_name_and_becomes_ready(api, clock):
    assert (await api.post("/network/create", {"clusterId": "us-ca-6", "name": "mine"})).json() == {}
    listed = (await api.get("/networks", name="mine")).json()
    assert listed["total"] == "1"
    network = listed["networks"][0]
    assert network["state"]["state"] == "creating"
    clock.advance(5)
    await api.post("/network/update", {"networkId": network["Id"], "name": "ours"})
    renamed = (await api.get("/network", networkId=network["Id"])).json()["network"]
    assert (renamed["name"], renamed["state"]["state"]) == ("ours", "ready")


async def test_a_template_is_kept_changed_and_deleted(api):
    template_id = (await api.post("/template/create", {"template": TEMPLATE})).json()["templateId"]
    await api.post("/template/update", {"template": TEMPLATE | {"Id": template_id, "name": "ours"}})
    assert (await api.get("/template", templateId=template_id)).json()["template"]["name"] == "ours"
    private = (await api.get("/templates", channel="private", isMyCommunity=True)).json()
    assert [template["Id"] for template in private["template"]] == ["107672", template_id]
    assert (await api.post("/template/delete", {"templateId": template_id})).json() == {"templateId": template_id}
    gone = await api.get("/template", templateId=template_id)
    assert (gone.status_code, gone.json()["message"]) == (400, "template not found")


async def test_an_edit_replaces_ports_and_adds_disk(api, running):
    ports = [{"port": 6006, "type": "tcp"}]
    assert (await api.act("edit", running, ports=ports, expandRootDisk=40)).status_code == 200
    edited = await api.instance(running)
    assert [mapping["port"] for mapping in edited["portMappings"]] == [6006]
    assert edited["rootfsSize"] == 100


@pytest.mark.parametrize(
    "body",
    [
        {"ports": "8888/http"},
        {"ports": [{"port": 2222, "type": "tcp"}]},
        {"ports": [{"port": 80, "type": "tcp"}] * 2},
        {"ports": [{"port": port, "type": "tcp"} for port in range(1, 17)]},
        {"expandRootDisk": -1},
        {"expandRootDisk": 6144},
    ],
)
async def test_an_edit_out_of_bounds_is_refused(api, running, body):
    assert (await api.act("edit", running, **body)).json()["reason"] == "VALIDATOR_PARAM"


async def test_an_upgrade_resets_and_forgets_what_is_not_sent_again(api, clock, running):
    assert (await api.act("upgrade", running, imageUrl="ubuntu:24.04")).status_code == 200
    assert await api.status(running) == "toReset"
    clock.advance(31)
    upgraded = await api.instance(running)
    assert (upgraded["status"], upgraded["imageUrl"], upgraded["volumeMounts"]) == ("running", "ubuntu:24.04", [])


async def test_a_migration_is_a_job(api, world, clock, running):
    job_id = (await api.act("migrate", running)).json()["jobId"]
    assert (await api.instance(running))["jobs"] == [{"id": job_id, "type": "instanceMigrate"}]
    clock.advance(60)
    assert await api.status(running) == "running"
    world.set_stock("4090.16c62g", "none")
    assert (await api.act("migrate", running)).json()["reason"] == "MIGRATE_INSUFFICIENT_RESOURCE"


async def test_a_job_can_be_broken_until_it_is_done(api, clock, running):
    save = {"instanceId": running, "image": "registry.example.com/a:b"}
    first = (await api.post("/job/save/image", save)).json()["jobId"]
    assert (await api.post("/job/break", {"jobId": first})).json() == {"jobId": first}
    second = (await api.post("/job/save/image", save)).json()["jobId"]
    clock.advance(45)
    assert (await api.post("/job/break", {"jobId": second})).json()["reason"] == "CONFLICT"
    jobs = (await api.get("/jobs", type="saveImage")).json()["jobs"]
    assert [job["state"]["state"] for job in jobs] == ["success", "break"]


async def test_subscriptions_are_bought_and_renewed(api, world, clock, running):
    assert (await api.act("renewInstance", running, month=1)).json()["reason"] == "UNSUPPORTED_BILLING_MODE"
    assert (await api.act("transToMonthlyInstance", running, month=1)).json()["reason"] == "BALANCE_NOT_ENOUGH"
    world.set_balance(world.account.available_usd + 1000)
    assert (await api.act("transToMonthlyInstance", running, month=1)).status_code == 200
    once = int((await api.instance(running))["endTime"])
    assert (await api.act("renewInstance", running, month=2)).status_code == 200
    assert int((await api.instance(running))["endTime"]) == once + 62 * 86400
    bills = (await api.get("/openapi/v1/billing/bill/monthly/list", ownerId=running)).json()["bills"]
    assert [bill["tradeType"] for bill in bills] == ["monthly_new_buy", "monthly_re_buy"]
    assert [bill["payAmountDisplay"] for bill in bills] == ["230", "460"]


async def test_automatic_things_need_all_their_fields(api, running):
    renew = {"instanceIds": [running], "autoRenew": True, "autoRenewMonth": 1}
    refused = await api.post("/gpu/instance/setAutoRenew", renew)
    assert refused.json()["reason"] == "UNSUPPORTED_BILLING_MODE"
    assert (await api.act("setAutoMigrate", running, autoMigrateOpen=True)).status_code == 400
    whole = await api.act("setAutoMigrate", running, autoMigrateOpen=True, autoMigrateSystemDisk=False)
    assert whole.status_code == 200


async def test_prewarming_is_limited_and_takes_its_time(api, clock):
    wish = {"imageUrl": "a/b:c", "clusterId": "us-ca-6", "productIds": ["4090.16c62g"]}
    ids = [(await api.post("/image/prewarm", wish)).json()["id"] for _ in range(5)]
    assert (await api.post("/image/prewarm", wish)).json()["reason"] == "OPERATION_LIMIT"
    clock.advance(60)
    assert (await api.get("/image/prewarm", state="Succeeded")).json()["total"] == 5
    await api.post("/image/prewarm/edit", {"id": ids[0], "note": "new"})
    await api.post("/image/prewarm/delete", {"ids": ids[1:]})
    assert [task["note"] for task in (await api.get("/image/prewarm")).json()["data"]] == ["new"]
    assert (await api.get("/image/prewarm/quota")).json()["total"] == 1


async def test_meters_read_only_while_it_runs(api, clock, running):
    clock.advance(60)
    metrics = (await api.get("/openapi/v1/metrics/gpu/instance", instanceId=running)).json()
    assert len(metrics["cpuUtilization"]) == 5
    assert [gpu["gpuId"] for gpu in metrics["gpuUtilization"]["gpuIds"]] == ["0"]
    short = await api.get("/openapi/v1/metrics/gpu/instance", instanceId=running, interval=14)
    assert short.json()["reason"] == "VALIDATOR_PARAM"
