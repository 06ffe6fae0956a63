from decimal import Decimal
from typing import Any

import pytest

from novita_mcp.api import wire_account, wire_operations, wire_products, wire_resources
from novita_mcp.domain.models import MonthlyOffer, Product
from novita_mcp.errors import ApiError
from tests.api.scripted import fixture


def response(name: str) -> Any:
    return fixture(name)["response"]


def product(**changes: object) -> Product:
    row = {**response("list-products")["data"][0], **changes}
    [parsed] = wire_products.products({"data": [row]})
    return parsed


def test_the_stored_products_are_read() -> None:
    first, second, third = wire_products.products(response("list-products"))
    assert (first.product_id, first.vram_gb, first.cpu_cores, first.memory_gb) == ("4090.16c62g", 24, 16, 62)
    assert (first.on_demand_hourly_usd, first.spot_hourly_usd) == (Decimal("0.35"), Decimal("0.175"))
    assert first.monthly_offers == (MonthlyOffer(months=1, raw_price=23000000),)
    assert first.billing_modes == ("onDemand", "spot", "monthly")
    assert (first.min_rootfs_gb, first.max_rootfs_gb, first.stock) == (10, 6144, "normal")
    assert first.regions == ("US-CA-06 (California)", "EU-GB-01 (United Kingdom)")
    assert (second.vram_gb, second.on_demand_hourly_usd, second.spot_hourly_usd) == (80, Decimal("1.6"), None)
    assert (third.product_id, third.available, third.stock) == ("26", False, "none")


def test_a_price_that_is_a_number_is_the_same_price() -> None:
    [only] = wire_products.products(response("list-products-numeric-price"))
    assert only.on_demand_hourly_usd == Decimal("0.35")


def test_no_products_are_no_products() -> None:
    assert wire_products.products(response("list-products-empty")) == ()


@pytest.mark.parametrize(
    ("raw", "usd"),
    [
        ("35000", Decimal("0.35")),
        (35000, Decimal("0.35")),
        (35000.0, Decimal("0.35")),
        (" 35000 ", Decimal("0.35")),
        ("1000", Decimal("0.01")),
        ("999", None),
        ("5000000", Decimal(50)),
        ("5000001", None),
        ("0", None),
        (0, None),
        ("-35000", None),
        ("", None),
        (None, None),
        (True, None),
        ("0.35", None),
        ("1e400", None),
        ("9" * 400, None),
        ("٣٥٠٠٠", None),
        (float("nan"), None),
        (float("inf"), None),
        (["35000"], None),
    ],
)
def test_an_implausible_price_is_an_unknown_price(raw: object, usd: Decimal | None) -> None:
    assert product(price=raw).on_demand_hourly_usd == usd
    assert product(spotPrice=raw).spot_hourly_usd == usd


@pytest.mark.parametrize(
    ("name", "vram_gb"),
    [
        ("RTX 4090 24GB", 24),
        ("A100 SXM 80 GB", 80),
        ("A100_80GB", 80),
        ("H200 141GiB", 141),
        ("H100 80G", 80),
        ("RTX 5090", None),
        ("RTX 4090 0GB", None),
        ("5Gbit", None),
        ("", None),
    ],
)
def test_video_memory_is_read_from_the_name(name: str, vram_gb: int | None) -> None:
    assert product(name=name).vram_gb == vram_gb


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"id": 26}, "product_id", "26"),
        ({"cpuPerGpu": "16"}, "cpu_cores", 16),
        ({"memoryPerGpu": ""}, "memory_gb", None),
        ({"inventoryState": "plenty"}, "stock", "unknown"),
        ({"inventoryState": None}, "stock", "unknown"),
        ({"availableDeploy": "true"}, "deployable", True),
        ({"availableDeploy": "false"}, "deployable", False),
        ({"availableDeploy": 0}, "deployable", False),
        ({"billingMethods": None}, "billing_modes", ()),
        ({"monthlyPrice": None}, "monthly_offers", ()),
        ({"monthlyPrice": [{"price": "x", "month": 1}, None]}, "monthly_offers", ()),
        ({"monthlyPrice": {"price": 5, "month": "2"}}, "monthly_offers", (MonthlyOffer(months=2, raw_price=5),)),
        ({"regions": []}, "regions", ()),
        ({"regions": {}}, "regions", ()),
        ({"regions": None}, "regions", ()),
        ({"regions": {"us-ca-6": "US-CA-06 (California)"}}, "regions", ("US-CA-06 (California)",)),
        ({"regions": {"US-CA-06": {}}}, "regions", ("US-CA-06",)),
        ({"regions": {"id": "us-ca-6", "name": "US-CA-06"}}, "regions", ("US-CA-06",)),
        ({"regions": [{"name": "US-CA-06"}, "EU-GB-01", None]}, "regions", ("US-CA-06", "EU-GB-01")),
    ],
)
def test_quirks_of_a_product_end_here(changes: dict[str, object], field: str, expected: object) -> None:
    assert getattr(product(**changes), field) == expected


def test_a_product_of_the_oldest_pages_has_only_unknowns() -> None:
    [bare] = wire_products.products({"data": [{"id": "26", "name": "RTX 4090 24GB"}]})
    assert (bare.stock, bare.deployable, bare.on_demand_hourly_usd) == ("unknown", True, None)


@pytest.mark.parametrize("wrap", [lambda rows: {"data": rows}, lambda rows: rows, lambda rows: {"data": rows[0]}])
def test_cpu_products_are_read_with_and_without_their_wrapper(wrap: Any) -> None:
    [cpu] = wire_products.cpu_products(wrap(response("list-cpu-products")["data"]))
    assert (cpu.kind, cpu.cpu_cores, cpu.memory_gb, cpu.vram_gb) == ("cpu", 8, 16, None)
    assert cpu.on_demand_hourly_usd == Decimal("0.05")


@pytest.mark.parametrize(("raw", "usd"), [("100", Decimal("0.001")), ("99", None)])
def test_cpu_products_may_be_cheaper_than_gpus(raw: str, usd: Decimal | None) -> None:
    [cpu] = wire_products.cpu_products({"data": [{"id": "c", "price": raw}]})
    assert cpu.on_demand_hourly_usd == usd


def test_garbage_among_products_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    [only] = wire_products.products({"data": [None, {"name": "no id"}, "x", {"id": "26", "name": "y"}, []]})
    assert only.product_id == "26"
    assert len(caplog.records) == 4


@pytest.mark.parametrize("payload", [None, "x", 7, {}, {"data": "x"}, {"data": 7}, {"items": []}])
def test_an_answer_without_its_list_is_an_error(payload: object) -> None:
    with pytest.raises(ApiError, match="products cannot be read"):
        wire_products.products(payload)


@pytest.mark.parametrize("payload", [[], {"data": []}, {"data": None}, {"total": 0}, {"total": "0"}])
def test_an_empty_list_has_several_forms(payload: object) -> None:
    assert wire_products.products(payload) == ()


def test_clusters_are_read() -> None:
    first, _, third = wire_products.clusters(response("list-clusters"))
    assert (first.cluster_id, first.name) == ("us-ca-6", "US-CA-06 (California)")
    assert first.gpu_types == ("RTX 4090 24GB", "A100 SXM 80GB")
    assert (first.network_storage, first.network) == (True, True)
    assert (third.network_storage, third.network) == (False, False)


@pytest.mark.parametrize(("name", "usd"), [("get-balance", "25.34"), ("get-balance-low", "0.12")])
def test_the_balance_is_in_ten_thousandths(name: str, usd: str) -> None:
    assert wire_account.balance(response(name)).available_usd == Decimal(usd)


@pytest.mark.parametrize(("raw", "usd"), [("-1200", "-0.12"), (253400, "25.34"), ("0", "0")])
def test_a_balance_may_be_below_zero(raw: object, usd: str) -> None:
    assert wire_account.balance({"availableBalance": raw}).available_usd == Decimal(usd)


@pytest.mark.parametrize("payload", [{}, {"availableBalance": ""}, {"availableBalance": None}, [], "5"])
def test_an_unreadable_balance_is_an_error_not_zero(payload: object) -> None:
    with pytest.raises(ApiError, match="balance cannot be read"):
        wire_account.balance(payload)


def test_bills_are_read() -> None:
    [usage] = wire_account.usage_bills(response("query-usage-bill"))
    assert (usage.amount_usd, usage.instance_id, usage.pay_as_you_go) == (Decimal("0.35"), "37d312386c80a3b9", True)
    [bought] = wire_account.subscription_bills(response("query-fixed-term-bill"))
    assert (bought.amount_usd, bought.trade_type) == (Decimal(230), "monthly_new_buy")
    [monthly] = wire_account.monthly_bills(response("query-monthly-bill"))
    assert (monthly.month, monthly.total_usd, monthly.status) == ("2026-07", Decimal("123.45"), "paid")


def test_network_volumes_are_read_without_their_price() -> None:
    volume = wire_resources.parse_network_storage(response("list-network-storages")["data"][0])
    assert (volume.name, volume.size_gb, volume.cluster_id) == ("shared-data", 100, "us-ca-6")


def test_registry_credentials_lose_their_passwords() -> None:
    [auth] = wire_resources.registry_auths(response("list-registry-auths"))
    assert (auth.auth_id, auth.name, auth.username) == ("8c1c7b0e", "docker.io", "exampleuser")
    assert "PASSWORD" not in repr(auth) + auth.model_dump_json()


def test_a_template_is_read_and_keeps_its_environment_secret() -> None:
    body = response("get-template")
    body["template"]["envs"] = [{"key": "TOKEN", "value": "t-secret"}, {"value": "nameless"}]
    template = wire_resources.template(body)
    assert (template.template_id, template.image_url) == ("107672", "pytorch/pytorch:latest")
    assert [(ports.type, ports.ports) for ports in template.ports] == [("http", (8888,))]
    assert [(tool.name, tool.port) for tool in template.tools] == [("Jupyter", 8888)]
    assert template.envs[0].value.get_secret_value() == "t-secret"
    assert "t-secret" not in repr(template) + template.model_dump_json()


@pytest.mark.parametrize("key", ["network", "networks"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_network_is_an_object_or_a_list_of_one(key: str, listed: bool) -> None:
    body = response("get-vpc-network")["network"]
    network = wire_resources.network({key: [body] if listed else body})
    assert (network.name, network.segment, network.state) == ("dev-vpc", "10.2.1.0/24", "ready")


def test_a_job_is_read_without_its_environment() -> None:
    job = wire_operations.parse_job(response("list-jobs")["jobs"][0])
    assert (job.job_id, job.type, job.state) == ("10wi9visv0rqt57w", "saveImage", "running")
    assert "registry.example.com" not in repr(job)


def test_metrics_are_read() -> None:
    metrics = wire_operations.metrics(response("get-metrics"))
    assert (metrics.cpu[0].percent, metrics.gpu[0].percent) == (12.5, 87.0)
    assert metrics.each_gpu_memory[0].measurements[0].percent == 64.2


def test_prewarming_is_read() -> None:
    quota = wire_operations.prewarm_quota(response("get-image-prewarm-quota"))
    assert (quota.used, quota.limit, quota.max_image_gb) == (0, 5, 100)
    prewarm = wire_operations.parse_prewarm(response("list-image-prewarm")["data"][0])
    assert (prewarm.product_ids, prewarm.image_bytes) == (("4090.16c62g",), 8123456789)
