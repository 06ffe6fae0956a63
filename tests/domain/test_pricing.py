"""The quote: the reference's worked cases to the last decimal, and never a guess."""

from decimal import Decimal
from typing import Any

import pytest

from novita_mcp.domain.models import Instance, MonthlyOffer, NetworkStorage, Product
from novita_mcp.domain.pricing import Machine, Quote, machine_of, monthly_usd, quote, volume_hourly

RTX_4090 = Product(
    product_id="4090.16c62g",
    name="RTX 4090 24GB",
    on_demand_hourly_usd=Decimal("0.35"),
    spot_hourly_usd=Decimal("0.175"),
)
A100 = Product(product_id="A100-80GB.14c240g", name="A100 SXM 80GB", on_demand_hourly_usd=Decimal("1.6"))
CPU = Product(product_id="cpu.8c16g", name="8 vCPU 16 GB", kind="cpu", on_demand_hourly_usd=Decimal("0.05"))
CENT_HUNDREDTH = Decimal("0.0001")
CENT = Decimal("0.01")


def priced(product: Product | None = RTX_4090, lease_hours: Decimal | None = None, **changes: Any) -> Quote:
    given = {"gpu_num": 1, "rootfs_gb": 60, "billing_mode": "onDemand"} | changes
    return quote(Machine(product=product, **given), lease_hours=lease_hours)


def known(amount: Decimal | None) -> Decimal:
    assert amount is not None
    return amount


def test_one_4090_within_the_free_disk_costs_its_list_price() -> None:
    price = priced()
    assert (price.hourly, price.daily, price.monthly) == (Decimal("0.35"), Decimal("8.4"), Decimal("255.5"))
    assert (price.upfront, price.stopped_hourly) == (Decimal(0), Decimal(0))
    assert [line.hourly for line in price.lines] == [Decimal("0.35")]


def test_eight_a100_with_500_gb_cost_what_the_reference_says() -> None:
    price = priced(A100, gpu_num=8, rootfs_gb=500)
    assert known(price.hourly) == Decimal("12.8") + Decimal(440) * Decimal("0.005") / 24
    assert known(price.hourly).quantize(CENT) == Decimal("12.89")
    assert known(price.monthly).quantize(CENT) == Decimal("9410.92")
    assert price.stopped_hourly.quantize(CENT_HUNDREDTH) == Decimal("0.0917")
    assert (price.stopped_hourly * 24).quantize(CENT) == Decimal("2.20")


def test_two_spot_4090_with_200_gb_cost_what_the_reference_says() -> None:
    price = priced(gpu_num=2, rootfs_gb=200, billing_mode="spot")
    assert known(price.hourly) == Decimal("0.35") + Decimal(140) * Decimal("0.005") / 24
    assert known(price.hourly).quantize(CENT_HUNDREDTH) == Decimal("0.3792")


@pytest.mark.parametrize(("rootfs_gb", "beyond"), [(10, 0), (59, 0), (60, 0), (61, 1), (6144, 6084)])
def test_only_the_disk_beyond_60_gb_costs(rootfs_gb: int, beyond: int) -> None:
    assert priced(rootfs_gb=rootfs_gb).stopped_hourly == beyond * Decimal("0.005") / 24


def test_the_disk_is_priced_once_not_for_each_gpu() -> None:
    assert priced(gpu_num=8, rootfs_gb=84).stopped_hourly == Decimal("0.005")


def test_the_lines_add_up_to_the_hourly_price() -> None:
    price = priced(A100, gpu_num=8, rootfs_gb=500)
    assert sum(known(line.hourly) for line in price.lines) == price.hourly


@pytest.mark.parametrize(
    ("lease_hours", "total"), [(None, None), (Decimal(4), Decimal("1.40")), (Decimal("0.5"), Decimal("0.175"))]
)
def test_a_lease_has_a_total(lease_hours: Decimal | None, total: Decimal | None) -> None:
    assert priced(lease_hours=lease_hours).lease_total == total


def test_a_mounted_volume_is_reported_and_not_added() -> None:
    volume = NetworkStorage(storage_id="v-1", name="data", size_gb=1200, cluster_id="us-ca-6")
    price = priced(volumes=(volume,))
    assert volume_hourly(volume) == Decimal("0.1")
    assert price.hourly == Decimal("0.35")
    assert price.lines[-1].hourly == 0
    assert "$0.1000/h, already billed" in price.lines[-1].item
    assert any("network volumes cost $0.002 per GB and day" in text for text in price.assumptions)


def test_a_cpu_product_is_priced_whole_and_its_unit_is_called_an_assumption() -> None:
    price = priced(CPU, gpu_num=0)
    assert price.hourly == Decimal("0.05")
    assert any("CPU prices is not documented" in text for text in price.assumptions)


@pytest.mark.parametrize(
    ("product", "mode"),
    [(None, "onDemand"), (A100, "spot"), (A100.model_copy(update={"on_demand_hourly_usd": None}), "onDemand")],
)
def test_a_price_that_novita_does_not_name_is_unknown_and_never_guessed(product: Product | None, mode: str) -> None:
    price = priced(product, billing_mode=mode, rootfs_gb=100, lease_hours=Decimal(2))
    assert (price.hourly, price.daily, price.monthly, price.lease_total) == (None, None, None, None)
    assert not price.known
    assert price.stopped_hourly == Decimal(40) * Decimal("0.005") / 24
    assert any("price is unknown" in text for text in price.assumptions)


SHARES_OF_730_HOURS = [
    # raw price, months, USD per GPU and month or None; 0.35 × 730 = 255.5, so 102.2 to 281.05 is plausible
    (23_000_000, 1, Decimal(230)),
    (2_300_000, 1, Decimal(230)),
    (10_220_000, 1, Decimal("102.2")),
    (28_105_000, 1, Decimal("281.05")),
    (10_219_999, 1, None),
    (28_105_001, 1, None),
    (100, 1, None),
    (69_000_000, 3, Decimal(230)),
    (276_000_000, 12, Decimal(230)),
    (13_800_000, 6, None),
    (27_600_000, 12, None),
]


@pytest.mark.parametrize(("raw_price", "months", "per_month"), SHARES_OF_730_HOURS)
def test_a_subscription_has_a_price_only_if_one_reading_is_plausible(
    raw_price: int, months: int, per_month: Decimal | None
) -> None:
    offers = (MonthlyOffer(months=months, raw_price=raw_price),)
    assert monthly_usd(RTX_4090.model_copy(update={"monthly_offers": offers}), months) == per_month


def test_a_subscription_is_paid_up_front_for_all_gpus_and_months() -> None:
    product = RTX_4090.model_copy(update={"monthly_offers": (MonthlyOffer(months=3, raw_price=69_000_000),)})
    price = priced(product, billing_mode="monthly", months=3, gpu_num=2)
    assert price.upfront == Decimal(1380)
    assert price.hourly == Decimal(1380) / (3 * 730)
    assert any("unit of subscription prices is not settled" in text for text in price.assumptions)


def test_a_subscription_without_a_plausible_offer_is_unknown() -> None:
    price = priced(billing_mode="monthly", months=2)
    assert (price.hourly, price.upfront) == (None, None)
    assert any("subscription price is unknown" in text for text in price.assumptions)


def test_a_subscription_that_exists_is_paid_and_only_its_disk_costs_by_the_hour() -> None:
    owned = Instance(instance_id="i", name="n", status="running", gpu_num=1, rootfs_gb=84, billing_mode="monthly")
    price = quote(machine_of(owned, RTX_4090))
    assert (price.hourly, price.upfront) == (Decimal("0.005"), Decimal(0))
    assert any("paid already" in text for text in price.assumptions)


def test_the_free_disk_that_an_instance_states_goes_before_the_documented_one() -> None:
    stated = Instance(instance_id="i", name="n", status="exited", gpu_num=1, rootfs_gb=100, free_rootfs_gb=100)
    silent = stated.model_copy(update={"free_rootfs_gb": None})
    assert quote(machine_of(stated, RTX_4090)).stopped_hourly == 0
    assert quote(machine_of(silent, RTX_4090)).stopped_hourly == Decimal(40) * Decimal("0.005") / 24


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "A month is 730 hours"),
        ({"rootfs_gb": 61}, "Estimate: disk beyond 60 GB"),
        ({"billing_mode": "spot"}, "Spot can be reclaimed"),
    ],
)
def test_what_a_quote_rests_on_is_said(changes: dict[str, Any], word: str) -> None:
    assert any(word in text for text in priced(**changes).assumptions)
