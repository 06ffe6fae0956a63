"""Money over time: what a period will have cost when it ends."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from novita_mcp.domain.fleet import Fleet, FleetMember, PendingCreate
from novita_mcp.domain.models import Instance
from novita_mcp.domain.spending import committed_usd, cost_until, day_end, day_start, month_end, month_start

NOW = datetime(2026, 8, 3, 18, 0, tzinfo=UTC)
TEN_HOURS_ON = NOW + timedelta(hours=10)


def member(status: str = "running", lease: timedelta | None = None, hourly: Decimal | None = Decimal(1)) -> FleetMember:
    return FleetMember(
        instance=Instance(instance_id=f"i-{status}", name="n", status=status),
        hourly_usd=hourly,
        stopped_hourly_usd=Decimal("0.01"),
        ours=True,
        lease_until=None if lease is None else NOW + lease,
    )


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (NOW, datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)),
        (
            datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
            datetime(2026, 12, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
        (datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_month_begins_and_ends_in_utc(now: datetime, start: datetime, end: datetime) -> None:
    assert (month_start(now), month_end(now)) == (start, end)


def test_a_day_begins_and_ends_in_utc() -> None:
    assert (day_start(NOW), day_end(NOW)) == (datetime(2026, 8, 3, tzinfo=UTC), datetime(2026, 8, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("lease_hours", "usd"),
    [(None, 20), (Decimal(30), 20), (Decimal(10), 20), (Decimal(4), Decimal("8.6")), (Decimal(0), 1)],
)
def test_past_its_lease_a_machine_costs_only_its_disk(lease_hours: Decimal | None, usd: Decimal) -> None:
    assert cost_until(Decimal(2), NOW, TEN_HOURS_ON, lease_hours, Decimal("0.1")) == usd


@pytest.mark.parametrize(
    ("exists", "usd"),
    [
        (member(), Decimal(10)),
        (member("exited"), Decimal("0.1")),
        (member("exited", lease=timedelta(hours=2)), Decimal("0.1")),
        (member(lease=timedelta(hours=2)), Decimal("2.08")),
        (member(lease=timedelta(hours=-1)), Decimal(10)),
        (member(hourly=None), Decimal(0)),
        (PendingCreate(plan_id="p", hourly_usd=Decimal(1)), Decimal(10)),
        (PendingCreate(plan_id="p", hourly_usd=Decimal(1), lease_until=NOW + timedelta(hours=3)), Decimal(3)),
        (PendingCreate(plan_id="p", hourly_usd=None), Decimal(0)),
    ],
)
def test_what_exists_is_committed_until_the_period_or_its_lease_ends(
    exists: FleetMember | PendingCreate, usd: Decimal
) -> None:
    fleet = Fleet(members=(exists,)) if isinstance(exists, FleetMember) else Fleet(pending=(exists,))
    assert committed_usd(fleet, NOW, TEN_HOURS_ON) == usd


def test_what_the_fleet_costs_now_is_all_that_runs_and_the_disks_of_what_is_stopped() -> None:
    fleet = Fleet(
        members=(member(), member("exited")), pending=(PendingCreate(plan_id="p", hourly_usd=Decimal("0.5")),)
    )
    assert (fleet.hourly_usd, fleet.burn_usd, fleet.count) == (Decimal("1.5"), Decimal("1.51"), 3)


def test_an_unknown_price_is_named_by_its_instance_or_plan() -> None:
    fleet = Fleet(members=(member(hourly=None),), pending=(PendingCreate(plan_id="p", hourly_usd=None),))
    assert fleet.unpriced == ("i-running", "p")


def test_a_stopped_instance_without_a_price_is_no_unknown() -> None:
    assert Fleet(members=(member("exited", hourly=None),)).unpriced == ()
