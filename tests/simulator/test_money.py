"""What things cost, and that balance and bills agree about it."""

from decimal import Decimal

import pytest

pytestmark = pytest.mark.anyio

VOLUME_DAY = Decimal("0.2")
"""The sample volume: 100 GB at 0.002 USD a day."""


async def balance(api) -> int:
    response = await api.get("/openapi/v1/billing/balance/detail")
    return int(response.json()["availableBalance"])


@pytest.fixture
def no_volume(world) -> None:
    world.volumes.clear()


async def test_the_account_begins_with_25_34(api):
    assert await balance(api) == 253400


@pytest.mark.usefixtures("no_volume")
@pytest.mark.parametrize(
    ("changes", "hourly"),
    [
        ({}, "0.35"),
        ({"gpuNum": 2}, "0.70"),
        ({"billingMode": "spot"}, "0.175"),
        ({"productId": "A100-80GB.14c240g", "gpuNum": 2}, "3.20"),
        ({"rootfsSize": 300}, "0.40"),
        ({"kind": "cpu", "productId": "cpu.8c16g", "gpuNum": ..., "rootfsSize": ...}, "0.05"),
    ],
)
async def test_an_hour_of_running_costs_its_price(api, world, clock, changes, hourly):
    await api.create(**changes)
    clock.advance(40)
    before = world.available_usd()
    clock.advance(3600)
    assert before - world.available_usd() == pytest.approx(Decimal(hourly))


@pytest.mark.usefixtures("no_volume")
async def test_charging_begins_with_pulling(api, world, clock):
    await api.create()
    clock.advance(6)
    assert world.available_usd() == Decimal("25.34")
    clock.advance(34)
    assert Decimal("25.34") - world.available_usd() == pytest.approx(Decimal("0.35") * 34 / 3600)


@pytest.mark.usefixtures("no_volume")
async def test_a_stopped_instance_costs_only_its_disk_beyond_sixty(api, world, clock):
    instance_id = await api.create(rootfsSize=84)
    clock.advance(40)
    await api.act("stop", instance_id)
    clock.advance(6)
    before = world.available_usd()
    clock.advance(24 * 3600)
    assert before - world.available_usd() == pytest.approx(Decimal("0.12"))


@pytest.mark.usefixtures("no_volume")
async def test_a_deleted_instance_costs_nothing(api, world, clock):
    instance_id = await api.create(rootfsSize=500)
    clock.advance(40)
    await api.act("delete", instance_id)
    before = world.available_usd()
    clock.advance(3600)
    assert world.available_usd() == before


async def test_a_volume_costs_money_for_as_long_as_it_exists(world, clock):
    clock.advance(24 * 3600)
    assert Decimal("25.34") - world.available_usd() == pytest.approx(VOLUME_DAY)


@pytest.mark.usefixtures("no_volume")
async def test_a_new_price_counts_from_the_next_start(api, world, clock):
    instance_id = await api.create()
    clock.advance(40)
    world.set_price("4090.16c62g", price_raw=70000)
    before = world.available_usd()
    clock.advance(3600)
    assert before - world.available_usd() == pytest.approx(Decimal("0.35"))
    await api.act("stop", instance_id)
    clock.advance(6)
    await api.act("start", instance_id)
    clock.advance(10)
    before = world.available_usd()
    clock.advance(3600)
    assert before - world.available_usd() == pytest.approx(Decimal("0.70"))


@pytest.mark.usefixtures("no_volume")
async def test_a_subscription_is_paid_at_once_and_then_runs_free(api, world, clock):
    world.set_balance(Decimal(1000))
    instance_id = await api.create(month=2)
    assert world.available_usd() == Decimal(540)
    clock.advance(40)
    instance = await api.instance(instance_id)
    assert instance["billingMode"] == "monthly"
    assert int(instance["endTime"]) > clock.now().timestamp()
    clock.advance(3600)
    assert world.available_usd() == Decimal(540)
    refused = await api.act("delete", instance_id)
    assert refused.json()["reason"] == "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE"


@pytest.mark.usefixtures("no_volume")
async def test_a_subscription_that_ran_out_is_paid_by_the_hour(api, world, clock):
    world.set_balance(Decimal(1000))
    instance_id = await api.create(month=1)
    end = int((await api.instance(instance_id))["endTime"])
    clock.advance(end - clock.now().timestamp() + 3600)
    assert Decimal(770) - world.available_usd() == pytest.approx(Decimal("0.35"))
    assert (await api.instance(instance_id))["billingMode"] == "onDemand"
    assert (await api.act("delete", instance_id)).status_code == 200


async def test_bills_add_up_to_what_left_the_account(api, world, clock):
    await api.create(gpuNum=2, rootfsSize=100)
    clock.advance(3 * 3600)
    spent = 253400 - await balance(api)
    monthly = (await api.get("/openapi/v1/billing/monthly/bill", startMonth="2026-08")).json()["data"]
    assert [bill["status"] for bill in monthly] == ["pending"]
    assert int(monthly[0]["totalAmount"]) == pytest.approx(spent, abs=1)
    hourly = await api.get("/openapi/v1/billing/bill/list", cycleType="Hour", productCategory="summary")
    assert sum(int(bill["amount"]) for bill in hourly.json()["bills"]) == pytest.approx(spent, abs=10)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"cycleType": "Year", "productCategory": "gpu"}, "INVALID_BILL_CYCLE"),
        ({"cycleType": "Day", "productCategory": "cpu"}, "INVALID_PRODUCT_CATEGORY"),
        (
            {"cycleType": "Day", "productCategory": "gpu", "startTime": 0, "endTime": 32 * 86400},
            "VALIDATOR_PARAM",
        ),
    ],
)
async def test_a_bill_query_out_of_bounds_is_refused(api, query, reason):
    response = await api.get("/openapi/v1/billing/bill/list", **query)
    assert (response.status_code, response.json()["reason"]) == (400, reason)
