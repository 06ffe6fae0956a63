"""Every guardrail on both sides of its limit, with and without its facts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from novita_mcp.domain.fleet import Fleet, FleetMember, PendingCreate
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.models import Instance, Product
from novita_mcp.domain.policy import Facts, Subject, Verdict, denied, verdicts
from novita_mcp.domain.pricing import Machine, quote
from novita_mcp.domain.spending import Spent

NOW = datetime(2026, 8, 31, 14, 0, tzinfo=UTC)
"""Ten hours before the end of the day and of the month."""
PRODUCT = Product(
    product_id="4090.16c62g",
    name="RTX 4090 24GB",
    on_demand_hourly_usd=Decimal("0.35"),
    spot_hourly_usd=Decimal("0.175"),
    stock="normal",
)


def subject(**changes: Any) -> Subject:
    """One RTX 4090 at $0.35 an hour, changed."""
    product = changes.pop("product", PRODUCT)
    mode, gpus = changes.pop("billing_mode", "onDemand"), changes.pop("gpu_num", 1)
    machine = Machine(product=product, gpu_num=gpus, rootfs_gb=60, billing_mode=mode, months=changes.pop("months", 0))
    given = {
        "product": product,
        "product_id": "4090.16c62g",
        "gpu_num": gpus,
        "billing_mode": mode,
        "cluster_id": "us-ca-6",
        "image_url": "pytorch/pytorch:2.8.0",
        "auto_renew": False,
        "lease_hours": None,
        "adds_instances": 1,
        "quote": quote(machine),
    }
    return Subject.model_validate(given | changes)


def at(hourly: str | None, upfront: str | None = "0") -> Any:
    """A quote of so many dollars an hour."""
    known = quote(Machine(product=PRODUCT, gpu_num=1, rootfs_gb=60, billing_mode="onDemand"))
    return known.model_copy(
        update={
            "hourly": None if hourly is None else Decimal(hourly),
            "upfront": None if upfront is None else Decimal(upfront),
        }
    )


def running(count: int = 1, hourly: str | None = "1", status: str = "running") -> Fleet:
    """So many instances of somebody's."""
    member = FleetMember(
        instance=Instance(instance_id="i-1", name="n", status=status),
        hourly_usd=None if hourly is None else Decimal(hourly),
        stopped_hourly_usd=Decimal("0.1"),
        ours=False,
    )
    return Fleet(members=(member,) * count)


def facts(**changes: Any) -> Facts:
    """Nothing runs, nothing was spent, and $25 are left."""
    given = {
        "now": NOW,
        "fleet": Fleet(),
        "balance_usd": Decimal(25),
        "month": Spent(usd=Decimal(0)),
        "today": Spent(usd=Decimal(0)),
    }
    return Facts.model_validate(given | changes)


def found(
    of: Subject | None = None, known: Facts | None = None, *, attended: bool = True, **limits: Any
) -> dict[str, Verdict]:
    judged = verdicts(of or subject(), Policy.model_validate(limits), known or facts(), attended=attended)
    assert len({verdict.rule for verdict in judged}) == len(judged)
    return {verdict.rule: verdict for verdict in judged}


def test_a_modest_plan_passes_every_default() -> None:
    judged = found()
    assert judged.keys() == {
        "max_hourly_usd", "max_total_hourly_usd", "min_balance_hours", "max_gpus", "max_instances", "allowed_billing",
    }  # fmt: skip
    assert {verdict.verdict for verdict in judged.values()} == {"pass"}


LIMITS: list[tuple[str, Subject, Facts, dict[str, Any], str]] = [
    # rule, plan, facts, policy, verdict
    ("max_hourly_usd", subject(quote=at("5")), facts(), {}, "pass"),
    ("max_hourly_usd", subject(quote=at("5.0001")), facts(), {}, "deny"),
    ("max_hourly_usd", subject(), facts(), {"max_hourly_usd": Decimal("0.35")}, "pass"),
    ("max_hourly_usd", subject(), facts(), {"max_hourly_usd": Decimal("0.3499")}, "deny"),
    ("max_hourly_usd", subject(), facts(), {"max_hourly_usd": Decimal(0)}, "deny"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.65")), {}, "pass"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.66")), {}, "deny"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.66", status="pulling")), {}, "deny"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.66", status="creating")), {}, "deny"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.66", status="exited")), {}, "pass"),
    ("max_total_hourly_usd", subject(), facts(fleet=Fleet(pending=(PendingCreate(plan_id="p", hourly_usd=Decimal("9.66")),))), {}, "deny"),
    ("max_instances", subject(), facts(fleet=running(4, "0.1")), {}, "pass"),
    ("max_instances", subject(), facts(fleet=running(5, "0.1")), {}, "deny"),
    ("max_instances", subject(), facts(fleet=running(5, "0.1", "exited")), {}, "deny"),
    ("max_instances", subject(), facts(fleet=Fleet(pending=(PendingCreate(plan_id="p", hourly_usd=Decimal(0)),) * 5)), {}, "deny"),
    ("max_instances", subject(), facts(), {"max_instances": 0}, "deny"),
    ("max_gpus", subject(gpu_num=8), facts(), {}, "pass"),
    ("max_gpus", subject(gpu_num=8), facts(), {"max_gpus": 7}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("0.35")), {}, "pass"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("0.3499")), {}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal(-1)), {}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("1.35"), fleet=running()), {}, "pass"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("1.3499"), fleet=running()), {}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("0.45"), fleet=running(status="exited")), {}, "pass"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("0.4499"), fleet=running(status="exited")), {}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal(7)), {"min_balance_hours": Decimal(20)}, "pass"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("6.99")), {"min_balance_hours": Decimal(20)}, "deny"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal(0)), {"min_balance_hours": Decimal(0)}, "pass"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("-0.01")), {"min_balance_hours": Decimal(0)}, "deny"),
    ("min_balance_hours", subject(billing_mode="monthly", quote=at("1", "24")), facts(), {}, "pass"),
    ("min_balance_hours", subject(billing_mode="monthly", quote=at("1", "26")), facts(), {}, "deny"),
    ("monthly_budget_usd", subject(), facts(month=Spent(usd=Decimal("6.5"))), {"monthly_budget_usd": Decimal(10)}, "pass"),
    ("monthly_budget_usd", subject(), facts(month=Spent(usd=Decimal("6.51"))), {"monthly_budget_usd": Decimal(10)}, "deny"),
    ("monthly_budget_usd", subject(), facts(fleet=running(hourly="0.65")), {"monthly_budget_usd": Decimal(10)}, "pass"),
    ("monthly_budget_usd", subject(), facts(fleet=running(hourly="0.66")), {"monthly_budget_usd": Decimal(10)}, "deny"),
    ("monthly_budget_usd", subject(lease_hours=Decimal(2)), facts(), {"monthly_budget_usd": Decimal("0.7")}, "pass"),
    ("monthly_budget_usd", subject(lease_hours=Decimal("2.1")), facts(), {"monthly_budget_usd": Decimal("0.7")}, "deny"),
    ("monthly_budget_usd", subject(billing_mode="monthly", quote=at("1", "9")), facts(), {"monthly_budget_usd": Decimal(9)}, "pass"),
    ("monthly_budget_usd", subject(billing_mode="monthly", quote=at("1", "9.01")), facts(), {"monthly_budget_usd": Decimal(9)}, "deny"),
    ("daily_budget_usd", subject(), facts(today=Spent(usd=Decimal("6.5"))), {"daily_budget_usd": Decimal(10)}, "pass"),
    ("daily_budget_usd", subject(), facts(today=Spent(usd=Decimal("6.51"))), {"daily_budget_usd": Decimal(10)}, "deny"),
    ("allowed_products", subject(), facts(), {"allowed_products": ("4090.*",)}, "pass"),
    ("allowed_products", subject(), facts(), {"allowed_products": ("H100*", "RTX 4090*")}, "pass"),
    ("allowed_products", subject(), facts(), {"allowed_products": ("5090.*",)}, "deny"),
    ("allowed_products", subject(), facts(), {"allowed_products": ("rtx 4090*",)}, "deny"),
    ("allowed_clusters", subject(), facts(), {"allowed_clusters": ("us-*",)}, "pass"),
    ("allowed_clusters", subject(), facts(), {"allowed_clusters": ("eu-*",)}, "deny"),
    ("allowed_clusters", subject(cluster_id=""), facts(), {"allowed_clusters": ("*",)}, "deny"),
    ("allowed_images", subject(), facts(), {"allowed_images": ("pytorch/*",)}, "pass"),
    ("allowed_images", subject(image_url="evil/pytorch/pytorch"), facts(), {"allowed_images": ("pytorch/*",)}, "deny"),
    ("allowed_billing", subject(billing_mode="spot"), facts(), {}, "pass"),
    ("allowed_billing", subject(billing_mode="monthly", months=1), facts(), {}, "deny"),
    ("allowed_billing", subject(billing_mode="monthly", months=1), facts(), {"allowed_billing": ("monthly",)}, "pass"),
    ("allowed_billing", subject(), facts(), {"allowed_billing": ("spot",)}, "deny"),
    ("allow_auto_renew", subject(auto_renew=True), facts(), {}, "deny"),
    ("allow_auto_renew", subject(auto_renew=True), facts(), {"allow_auto_renew": True}, "pass"),
    ("max_lease_hours", subject(lease_hours=Decimal(8)), facts(), {"max_lease_hours": Decimal(8)}, "pass"),
    ("max_lease_hours", subject(lease_hours=Decimal("8.01")), facts(), {"max_lease_hours": Decimal(8)}, "deny"),
    ("require_lease", subject(), facts(), {"require_lease": True}, "deny"),
    ("stock", subject(product=PRODUCT.model_copy(update={"stock": "none"})), facts(), {}, "deny"),
    ("stock", subject(product=PRODUCT.model_copy(update={"deployable": False})), facts(), {}, "deny"),
]  # fmt: skip


@pytest.mark.parametrize("attended", [True, False])
@pytest.mark.parametrize(("rule", "plan", "known", "limits", "verdict"), LIMITS)
def test_a_limit_holds_on_both_of_its_sides(
    rule: str, plan: Subject, known: Facts, limits: dict[str, Any], verdict: str, *, attended: bool
) -> None:
    assert found(plan, known, attended=attended, **limits)[rule].verdict == verdict


UNREAD: list[tuple[str, Subject, Facts, dict[str, Any]]] = [
    ("max_hourly_usd", subject(quote=at(None)), facts(), {}),
    ("known_price", subject(quote=at(None)), facts(), {}),
    ("known_price", subject(quote=at("1", None)), facts(), {}),
    ("max_total_hourly_usd", subject(quote=at(None)), facts(), {}),
    ("max_total_hourly_usd", subject(), facts(fleet=None), {}),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly=None)), {}),
    ("max_instances", subject(), facts(fleet=None), {}),
    ("min_balance_hours", subject(), facts(balance_usd=None), {}),
    ("min_balance_hours", subject(), facts(fleet=None), {}),
    ("min_balance_hours", subject(), facts(fleet=running(hourly=None)), {}),
    ("min_balance_hours", subject(quote=at(None)), facts(), {}),
    ("monthly_budget_usd", subject(), facts(month=None), {"monthly_budget_usd": Decimal(10)}),
    ("monthly_budget_usd", subject(), facts(fleet=None), {"monthly_budget_usd": Decimal(10)}),
    ("monthly_budget_usd", subject(quote=at(None)), facts(), {"monthly_budget_usd": Decimal(10)}),
    ("monthly_budget_usd", subject(), facts(month=Spent(usd=Decimal(1), doubt="no bills")), {"monthly_budget_usd": Decimal(10)}),
    ("monthly_budget_usd", subject(), facts(fleet=running(hourly=None)), {"monthly_budget_usd": Decimal(10)}),
    ("daily_budget_usd", subject(), facts(today=None), {"daily_budget_usd": Decimal(10)}),
    ("stock", subject(product=None), facts(), {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "plan", "known", "limits"), UNREAD)
def test_a_rule_without_its_facts_warns_a_person_and_denies_where_nobody_is_asked(
    rule: str, plan: Subject, known: Facts, limits: dict[str, Any]
) -> None:
    assert found(plan, known, attended=True, **limits)[rule].verdict == "warn"
    assert found(plan, known, attended=False, **limits)[rule].verdict == "deny"


def test_what_is_known_to_be_too_much_is_denied_whatever_else_is_unknown() -> None:
    both = Fleet(members=(*running(hourly="9.66").members, *running(hourly=None).members))
    assert found(known=facts(fleet=both))["max_total_hourly_usd"].verdict == "deny"


def test_a_start_adds_no_instance_and_is_not_stopped_by_what_the_list_says_of_stock() -> None:
    sold_out = subject(adds_instances=0, product=PRODUCT.model_copy(update={"stock": "none"}))
    judged = found(sold_out, facts(fleet=running(9, "0.1", "exited")))
    assert {"stock", "max_instances"} & judged.keys() == set()
    assert denied(tuple(judged.values())) == ()


WORDS = [
    ("max_hourly_usd", subject(quote=at("7")), facts(), {}, "this instance would cost $7.0000/h; at most $5.00/h passes"),
    ("max_total_hourly_usd", subject(), facts(fleet=running(hourly="9.9")), {}, "$10.2500/h; at most $10.00/h passes"),
    ("max_instances", subject(), facts(fleet=running(5, "0.1")), {}, "6 instances at once; at most 5 passes"),
    ("max_gpus", subject(gpu_num=8), facts(), {"max_gpus": 4}, "8 GPUs in one instance; at most 4 passes"),
    ("min_balance_hours", subject(), facts(balance_usd=Decimal("0.10")), {}, "at least 1 hours pass. Top up at least $0.25"),
    ("monthly_budget_usd", subject(), facts(month=Spent(usd=Decimal(8))), {"monthly_budget_usd": Decimal(10)}, "= $11.50 by 2026-09-01; at most $10.00 passes. A shorter leaseHours"),
    ("allowed_products", subject(), facts(), {"allowed_products": ("A*", "B*")}, "does not match what is allowed: A*, B*"),
    ("allowed_clusters", subject(cluster_id=""), facts(), {"allowed_clusters": ("us-*",)}, "clusterId (any) does not match what is allowed: us-*"),
    ("allowed_billing", subject(), facts(), {"allowed_billing": ("spot",)}, "onDemand is not allowed; these are: spot"),
    ("allow_auto_renew", subject(auto_renew=True), facts(), {}, "leave it out"),
    ("max_lease_hours", subject(lease_hours=Decimal(9)), facts(), {"max_lease_hours": Decimal(8)}, "leaseHours 9; at most 8 passes"),
    ("require_lease", subject(), facts(), {"require_lease": True}, "needs leaseHours"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "plan", "known", "limits", "words"), WORDS)
def test_a_denial_says_what_would_pass(
    rule: str, plan: Subject, known: Facts, limits: dict[str, Any], words: str
) -> None:
    denial = found(plan, known, **limits)[rule]
    assert denial.verdict == "deny"
    assert words in denial.message


def test_a_denial_carries_its_limit_and_the_actual_value() -> None:
    denial = found(subject(quote=at("7")))["max_hourly_usd"]
    assert (denial.limit, denial.actual) == (Decimal(5), Decimal(7))
    assert denial.model_dump(mode="json")["actual"] == 7.0


def test_a_lease_that_ends_before_the_month_commits_only_its_hours() -> None:
    leased = running().members[0].model_copy(update={"lease_until": NOW + timedelta(hours=1)})
    judged = found(known=facts(fleet=Fleet(members=(leased,))), monthly_budget_usd=Decimal("5.5"))
    assert judged["monthly_budget_usd"].actual == Decimal("3.5") + Decimal(1) + 9 * Decimal("0.1")
