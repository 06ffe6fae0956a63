"""Budgets: what was spent, what runs until the period ends, and this plan, with every doubt said."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.world import CREATE, opened

pytestmark = pytest.mark.anyio
HOUR = 3600
SIX_IN_THE_EVENING = datetime(2026, 8, 3, 18, 0, tzinfo=UTC)
"""Six hours of the day and 28.25 days of the month are left; CREATE costs $0.35 per hour."""
BILLS = ("/billing/bill/list", "/billing/monthly/bill", "/billing/bill/monthly/list")


def server(tmp_path, *, approval="none", **policy):
    environ = {"NOVITA_MCP_APPROVAL": approval, **{f"NOVITA_MCP_{name}": str(value) for name, value in policy.items()}}
    return opened(tmp_path / "state", environ=environ, clock=TurnedClock(SIX_IN_THE_EVENING))


def verdict(outcome, rule):
    (row,) = (row for row in outcome["plan"]["guardrails"] if row["rule"] == rule)
    return row


def sums(row):
    """The dollars in the verdict's words: spent, running, plan, sum."""
    return [float(amount) for amount in re.findall(r"\$([0-9.]+)", row["message"])[:4]]


async def preview(opened_server, **arguments):
    return await opened_server.outcome("create_gpu_instance", {**CREATE, "dryRun": True, **arguments})


@pytest.mark.parametrize(
    ("budget", "lease", "cost", "ruling"),
    [
        ("DAILY_BUDGET_USD", None, 6 * 0.35, "pass"),
        ("DAILY_BUDGET_USD", 2, 2 * 0.35, "pass"),
        ("DAILY_BUDGET_USD", 48, 6 * 0.35, "pass"),
        ("MONTHLY_BUDGET_USD", 2, 2 * 0.35, "pass"),
        ("MONTHLY_BUDGET_USD", None, 678 * 0.35, "deny"),
    ],
)
async def test_a_plan_counts_until_the_period_or_its_lease_ends(tmp_path, budget, lease, cost, ruling):
    async with server(tmp_path, **{budget: 50}) as s:
        row = verdict(await preview(s, **({} if lease is None else {"leaseHours": lease})), budget.lower())
    assert row["verdict"] == ruling
    assert sums(row) == pytest.approx([0, 0, cost, cost], abs=0.01)
    assert row["actual"] == pytest.approx(cost, abs=0.01)


async def test_what_was_spent_what_runs_and_the_plan_add_up_in_the_verdict(tmp_path):
    async with server(tmp_path, DAILY_BUDGET_USD=3) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 3})
        s.clock.advance(HOUR)
        row = verdict(await preview(s), "daily_budget_usd")
    assert row["verdict"] == "pass"
    assert sums(row) == pytest.approx([0.35, 0.7, 1.75, 2.8], abs=0.02)


async def test_one_dollar_too_many_is_denied_and_a_shorter_lease_passes(tmp_path):
    async with server(tmp_path, DAILY_BUDGET_USD=1) as s:
        too_long = await preview(s)
        assert (too_long["status"], verdict(too_long, "daily_budget_usd")["verdict"]) == ("denied", "deny")
        assert "leaseHours" in verdict(too_long, "daily_budget_usd")["message"]
        assert (await preview(s, leaseHours=2))["status"] == "preview"


async def test_what_others_run_on_the_account_counts(tmp_path):
    async with server(tmp_path, DAILY_BUDGET_USD=100) as s:
        s.world.add_foreign_instance(gpu_num=2)
        row = verdict(await preview(s), "daily_budget_usd")
    assert sums(row)[1] == pytest.approx(6 * 0.70, abs=0.01)


async def test_a_lease_that_is_over_and_ended_nothing_is_not_relied_upon(tmp_path):
    async with server(tmp_path, DAILY_BUDGET_USD=100) as s:
        await s.outcome("create_gpu_instance", {**CREATE, "leaseHours": 1})
        s.clock.advance(2 * HOUR)
        row = verdict(await preview(s), "daily_budget_usd")
    assert sums(row)[:2] == pytest.approx([0.70, 4 * 0.35], abs=0.05)


@pytest.mark.parametrize(("approval", "ruling"), [("human", "warn"), ("none", "deny")])
async def test_without_bills_the_estimate_counts_and_its_doubt_is_said(tmp_path, approval, ruling):
    async with server(tmp_path, approval=approval, MONTHLY_BUDGET_USD=1000) as s:
        s.world.add_foreign_instance(gpu_num=2)
        s.clock.advance(2 * HOUR)
        s.world.faults.add(*(Fault(kind="status", path_ends_with=path, times=999) for path in BILLS))
        row = verdict(await preview(s, leaseHours=1), "monthly_budget_usd")
    assert row["verdict"] == ruling
    assert sums(row)[0] == pytest.approx(2 * 0.70, abs=0.02)
    assert "bills could not be read" in row["message"]


async def test_bills_that_lag_do_not_hide_what_the_ledger_knows(tmp_path):
    async with server(tmp_path, DAILY_BUDGET_USD=100) as s:
        await s.outcome("create_gpu_instance", CREATE)
        s.clock.advance(2 * HOUR)
        s.world.faults.add(
            *(Fault(kind="status", status=200, body={"bills": []}, path_ends_with=path, times=99) for path in BILLS)
        )
        row = verdict(await preview(s), "daily_budget_usd")
    assert row["verdict"] == "pass"
    assert sums(row)[0] == pytest.approx(0.70, abs=0.02)


async def test_an_instance_that_still_pulls_has_not_cost_a_whole_month(tmp_path):
    async with server(tmp_path, MONTHLY_BUDGET_USD=1000) as s:
        s.world.faults.add(*(Fault(kind="status", path_ends_with=path, times=999) for path in BILLS))
        await s.outcome("create_gpu_instance", CREATE)
        outcome = await s.outcome("get_spending")
    assert outcome["monthToDate"] < 0.01


SUBSCRIPTION = {**CREATE, "productId": "4090.16c62g", "billingMode": "monthly", "month": 1}


async def subscription_price(tmp_path):
    async with server(tmp_path / "price", ALLOWED_BILLING="monthly") as s:
        return (await preview(s, **SUBSCRIPTION))["plan"]["quote"]["upfront"]


async def test_a_subscription_counts_whole_in_the_day_and_the_month(tmp_path):
    price = await subscription_price(tmp_path)
    assert price > 0
    limits = {"MONTHLY_BUDGET_USD": 10_000, "DAILY_BUDGET_USD": 10_000, "ALLOWED_BILLING": "monthly"}
    async with server(tmp_path, **limits) as s:
        outcome = await preview(s, **SUBSCRIPTION)
    assert sums(verdict(outcome, "daily_budget_usd"))[2] == pytest.approx(price, abs=0.01)
    assert sums(verdict(outcome, "monthly_budget_usd"))[2] == pytest.approx(price, abs=0.01)


async def test_automatic_renewal_counts_the_renewal_as_well(tmp_path):
    price = await subscription_price(tmp_path)
    limits = {"DAILY_BUDGET_USD": 10_000, "ALLOWED_BILLING": "monthly", "ALLOW_AUTO_RENEW": "true"}
    async with server(tmp_path, **limits) as s:
        outcome = await preview(s, **SUBSCRIPTION, autoRenew=True, autoRenewMonth=1)
    assert sums(verdict(outcome, "daily_budget_usd"))[2] == pytest.approx(2 * price, abs=0.01)


@pytest.mark.parametrize(
    ("policy", "arguments", "rule"),
    [
        ({}, {}, "allowed_billing"),
        ({"ALLOWED_BILLING": "monthly"}, {"autoRenew": True}, "allow_auto_renew"),
    ],
)
async def test_subscriptions_and_their_renewal_must_be_allowed_by_name(tmp_path, policy, arguments, rule):
    async with server(tmp_path, **policy) as s:
        outcome = await preview(s, **SUBSCRIPTION, **arguments)
    assert (outcome["status"], verdict(outcome, rule)["verdict"]) == ("denied", "deny")


@pytest.mark.parametrize(("usd", "ruling"), [("0.71", "pass"), ("0.69", "deny")])
async def test_the_balance_must_last_for_all_that_would_then_run(tmp_path, usd, ruling):
    async with server(tmp_path, MIN_BALANCE_HOURS=1) as s:
        s.world.add_foreign_instance()
        s.world.set_balance(Decimal(usd))
        row = verdict(await preview(s), "min_balance_hours")
    assert row["verdict"] == ruling


@pytest.mark.parametrize("at", [datetime(2026, 8, 31, 23, 30, tzinfo=UTC), datetime(2028, 2, 29, 23, 30, tzinfo=UTC)])
async def test_at_the_end_of_a_month_only_its_rest_counts(tmp_path, at):
    environ = {"NOVITA_MCP_APPROVAL": "none", "NOVITA_MCP_MONTHLY_BUDGET_USD": "1"}
    async with opened(tmp_path / "state", environ=environ, clock=TurnedClock(at)) as s:
        row = verdict(await preview(s), "monthly_budget_usd")
    assert (row["verdict"], sums(row)[2]) == ("pass", pytest.approx(0.175, abs=0.01))
