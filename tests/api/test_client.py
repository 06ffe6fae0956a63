import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from novita_mcp.api.client import NovitaClient
from novita_mcp.errors import ApiError, KeyRejected, NotFound, OutcomeUnknown, Refused
from tests.api.scripted import Script, fixture, novita, served

pytestmark = pytest.mark.anyio

MONTH_START = datetime(2026, 8, 1, tzinfo=UTC)
NOW = datetime(2026, 8, 3, 18, tzinfo=UTC)
ID = "37d312386c80a3b9"
Call = Callable[[NovitaClient], Awaitable[Any]]

ENDPOINTS: dict[str, Call] = {
    "list-clusters": lambda client: client.clusters(),
    "list-products": lambda client: client.products(gpu_num=1, billing_mode="onDemand"),
    "list-cpu-products": lambda client: client.cpu_products(),
    "list-instances": lambda client: client.instances(),
    "get-instance-running": lambda client: client.instance(ID),
    "start-instance": lambda client: client.start_instance(ID),
    "stop-instance": lambda client: client.stop_instance(ID),
    "restart-instance": lambda client: client.restart_instance(ID),
    "delete-instance": lambda client: client.delete_instance(ID),
    "edit-instance": lambda client: client.edit_instance(request_body("edit-instance")),
    "upgrade-instance": lambda client: client.upgrade_instance(request_body("upgrade-instance")),
    "migrate-instance": lambda client: client.migrate_instance("e70d0a62c99c2402"),
    "renew-instance": lambda client: client.renew_instance(ID, 1),
    "convert-to-monthly": lambda client: client.convert_to_monthly(ID, 1),
    "set-auto-renew": lambda client: client.set_auto_renew([ID], enabled=True, months=1),
    "set-auto-migrate": lambda client: client.set_auto_migrate(ID, enabled=True, system_disk=True),
    "create-instance": lambda client: client.create_instance(request_body("create-instance")),
    "create-cpu-instance": lambda client: client.create_instance(request_body("create-cpu-instance")),
    "save-image": lambda client: client.save_image(request_body("save-image")),
    "list-jobs": lambda client: client.jobs(job_type="saveImage"),
    "break-job": lambda client: client.break_job("10wi9visv0rqt57w"),
    "get-metrics": lambda client: client.metrics(ID, start=MONTH_START, end=NOW),
    "get-balance": lambda client: client.balance(),
    "query-usage-bill": lambda client: client.usage_bills(MONTH_START, NOW),
    "query-fixed-term-bill": lambda client: client.subscription_bills(MONTH_START, NOW),
    "query-monthly-bill": lambda client: client.monthly_bills("2026-07"),
    "list-templates": lambda client: client.templates("private"),
    "get-template": lambda client: client.template("107672"),
    "create-template": lambda client: client.create_template(request_body("create-template")["template"]),
    "update-template": lambda client: client.update_template(request_body("update-template")["template"]),
    "delete-template": lambda client: client.delete_template("107672"),
    "list-registry-auths": lambda client: client.registry_auths(),
    "create-registry-auth": lambda client: client.save_registry_auth(request_body("create-registry-auth")),
    "delete-registry-auth": lambda client: client.delete_registry_auth("8c1c7b0e"),
    "list-network-storages": lambda client: client.network_storages(),
    "create-network-storage": lambda client: client.create_network_storage(request_body("create-network-storage")),
    "update-network-storage": lambda client: client.update_network_storage(request_body("update-network-storage")),
    "delete-network-storage": lambda client: client.delete_network_storage("3d2c1b0a-1111-4222-8333-444455556666"),
    "list-vpc-networks": lambda client: client.networks(),
    "get-vpc-network": lambda client: client.network("vpc-550e8400-e29b-41d4-a716-446655440000"),
    "create-vpc-network": lambda client: client.create_network(request_body("create-vpc-network")),
    "update-vpc-network": lambda client: client.update_network("vpc-550e8400-e29b-41d4-a716-446655440000", "dev-vpc-2"),
    "delete-vpc-network": lambda client: client.delete_network("vpc-550e8400-e29b-41d4-a716-446655440000"),
    "get-image-prewarm-quota": lambda client: client.prewarm_quota(),
    "list-image-prewarm": lambda client: client.prewarms(),
    "create-image-prewarm": lambda client: client.create_prewarm(request_body("create-image-prewarm")),
    "edit-image-prewarm": lambda client: client.edit_prewarm("pw-1", "new note"),
    "delete-image-prewarm": lambda client: client.delete_prewarms(["pw-1"]),
}
IDS = {
    "create-instance": ID,
    "save-image": "10wi9visv0rqt57w",
    "create-template": "107672",
    "create-network-storage": "3d2c1b0a-1111-4222-8333-444455556666",
    "create-image-prewarm": "pw-1",
}


def request_body(name: str) -> dict[str, Any]:
    return fixture(name)["request"]["body"]


def by_path(answers: dict[str, httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer by the end of the path, with the product category where there is one."""

    def handler(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/openapi/v1/billing/")
        category = request.url.params.get("productCategory")
        return answers.get(f"{name}?{category}" if category else name, httpx.Response(403))

    return handler


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_each_endpoint_is_called_as_documented(name: str) -> None:
    script = Script(served(name))
    async with novita(script) as http:
        result = await ENDPOINTS[name](NovitaClient(http))
    method, path = fixture(name)["endpoint"].split()
    [request] = script.requests
    assert (request.method, request.url.path) == (method, path)
    if method == "POST":
        assert json.loads(request.content) == request_body(name)
        assert result == IDS.get(name, result)
    else:
        assert result


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name.split("-")[0] in {"delete", "set", "restart"}])
async def test_a_write_that_answers_nothing_has_succeeded(name: str, status: int) -> None:
    async with novita(Script(httpx.Response(status))) as http:
        assert await ENDPOINTS[name](NovitaClient(http)) is None


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": None}, [], None, {"code": 0, "message": "success"}])
@pytest.mark.parametrize("name", IDS)
async def test_a_create_that_succeeds_without_an_id_may_have_created(name: str, body: object) -> None:
    script = Script(httpx.Response(200, json=body))
    async with novita(script) as http:
        with pytest.raises(OutcomeUnknown):
            await ENDPOINTS[name](NovitaClient(http))
    assert script.sent == 1


@pytest.mark.parametrize("body", [{"message": "no stock"}, {"error": "no stock"}, {"error": {"message": "no stock"}}])
async def test_a_create_that_answers_200_with_words_and_no_id_is_a_refusal(body: object) -> None:
    async with novita(Script(httpx.Response(200, json=body))) as http:
        with pytest.raises(Refused, match="no stock"):
            await NovitaClient(http).create_instance({})


async def test_a_missing_instance_is_not_found() -> None:
    async with novita(Script(served("get-instance-not-found"))) as http:
        with pytest.raises(NotFound):
            await NovitaClient(http).instance("deadbeefdeadbeef")


def pages(count: int, *, first: int, size: int = 100, total: object = ..., cap: int | None = None) -> Any:
    """An instance list whose pages start at `first` and hold at most `cap` items whatever is asked."""
    total = count if total is ... else total
    held = min(size, cap or size)

    def handler(request: httpx.Request) -> httpx.Response:
        start = (int(request.url.params["pageNum"]) - first) * held
        rows = [{"id": f"i{number}", "status": "running"} for number in range(count)]
        chosen = rows[start : start + held] if start >= 0 else []
        return httpx.Response(200, json={"instances": chosen, "total": total})

    return handler


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("cap", [None, 20])
@pytest.mark.parametrize("total", [..., None, "as text"])
async def test_every_instance_is_listed_whatever_the_paging(
    count: int, first: int, cap: int | None, total: object
) -> None:
    stated = str(count) if total == "as text" else total
    async with novita(pages(count, first=first, cap=cap, total=stated)) as http:
        listed = await NovitaClient(http).instances()
    assert sorted(item.instance_id for item in listed) == sorted(f"i{number}" for number in range(count))


async def test_a_server_that_ignores_the_page_number_is_not_asked_for_ever() -> None:
    script = Script(httpx.Response(200, json={"instances": [{"id": "a"}, {"id": "b"}], "total": 9}))
    async with novita(script) as http:
        listed = await NovitaClient(http).instances()
    assert [item.instance_id for item in listed] == ["a", "b"]
    assert script.sent == 3


async def test_a_list_without_an_end_is_an_error() -> None:
    async with novita(pages(100_000, first=1)) as http:
        with pytest.raises(ApiError, match="more than 50 pages"):
            await NovitaClient(http).instances()


async def test_a_page_that_cannot_be_read_is_an_error_and_not_an_empty_account() -> None:
    async with novita(Script(httpx.Response(200, json={}))) as http:
        with pytest.raises(ApiError, match="instances cannot be read"):
            await NovitaClient(http).instances()


async def test_filters_are_passed_on() -> None:
    script = Script(served("list-instances-empty"))
    async with novita(script) as http:
        await NovitaClient(http).instances(name="a", status="running", product_name="b")
    params = script.requests[0].url.params
    assert dict(params) == {
        "name": "a",
        "status": "running",
        "productName": "b",
        "pageSize": "100",
        "pageNum": "1",
    }


@pytest.mark.parametrize(("channel", "mine"), [("private", "true"), ("official", "false"), ("community", "false")])
async def test_templates_are_asked_for_by_channel(channel: Any, mine: str) -> None:
    script = Script(served("list-templates"))
    async with novita(script) as http:
        [template] = await NovitaClient(http).templates(channel)
    assert template.template_id == "107672"
    assert script.requests[0].url.params["isMyCommunity"] == mine


def usage(*amounts: object, method: str = "1") -> httpx.Response:
    rows = [{"amount": amount, "billingMethod": method, "endTime": "1785600000"} for amount in amounts]
    return httpx.Response(200, json={"bills": rows})


def bought(*amounts: object) -> httpx.Response:
    rows = [{"amount": amount, "createTime": "1785600000"} for amount in amounts]
    return httpx.Response(200, json={"bills": rows})


def billed(total: str, month: str = "2026-08", status: str = "pending") -> httpx.Response:
    return httpx.Response(200, json={"data": [{"billingMonth": month, "totalAmount": total, "status": status}]})


SUMMARY, GPU, BOUGHT, MONTH = "bill/list?summary", "bill/list?gpu", "bill/monthly/list", "monthly/bill"


@pytest.mark.parametrize(
    ("answers", "usd"),
    [
        ({SUMMARY: usage("10000", "2500"), GPU: usage("10000")}, "1.25"),
        ({SUMMARY: usage("10000"), GPU: usage("20000")}, "2"),
        ({SUMMARY: usage("10000")}, "1"),
        ({GPU: usage("10000")}, "1"),
        ({SUMMARY: usage("10000"), BOUGHT: bought("2300000")}, "231"),
        ({SUMMARY: usage("2300000", method="2"), BOUGHT: bought("2300000")}, "230"),
        ({SUMMARY: usage("2300000", method="2")}, "230"),
        ({SUMMARY: usage("10000"), MONTH: billed("50000")}, "5"),
        ({SUMMARY: usage("90000"), MONTH: billed("50000")}, "9"),
        ({MONTH: billed("50000")}, "5"),
        ({SUMMARY: usage("10000"), MONTH: billed("50000", month="2026-07")}, "1"),
        ({SUMMARY: usage("10000"), MONTH: billed("50000", status="voided")}, "1"),
        ({SUMMARY: usage("10000", "-9000")}, "1"),
        ({SUMMARY: usage()}, "0"),
    ],
)
async def test_the_month_to_date_is_the_highest_of_what_novita_says(
    answers: dict[str, httpx.Response], usd: str
) -> None:
    async with novita(by_path(answers)) as http:
        assert await NovitaClient(http).month_to_date_usd(MONTH_START, NOW) == Decimal(usd)


@pytest.mark.parametrize(
    "answers", [{}, {BOUGHT: bought("5")}, {MONTH: billed("5", month="2026-07")}, {MONTH: httpx.Response(200, json=7)}]
)
async def test_a_month_of_which_novita_says_nothing_is_an_error_not_zero(
    answers: dict[str, httpx.Response],
) -> None:
    async with novita(by_path(answers)) as http:
        with pytest.raises(KeyRejected):
            await NovitaClient(http).month_to_date_usd(MONTH_START, NOW)


async def test_bills_of_another_time_are_not_counted() -> None:
    old = {"amount": "990000", "endTime": str(int(MONTH_START.timestamp()))}
    earlier = {"amount": "990000", "createTime": str(int(MONTH_START.timestamp()) - 1)}
    answers = {
        SUMMARY: httpx.Response(200, json={"bills": [old]}),
        BOUGHT: httpx.Response(200, json={"bills": [earlier]}),
    }
    async with novita(by_path(answers)) as http:
        assert await NovitaClient(http).month_to_date_usd(MONTH_START, NOW) == 0


@pytest.mark.parametrize(("start", "cycle"), [(MONTH_START, "Day"), (NOW.replace(hour=0), "Hour")])
async def test_short_periods_are_asked_for_by_the_hour(start: datetime, cycle: str) -> None:
    script = Script(usage("10000"))
    async with novita(script) as http:
        await NovitaClient(http).spent_between_usd(start, NOW)
    params = script.requests[0].url.params
    assert (params["cycleType"], params["startTime"]) == (cycle, str(int(start.timestamp())))
