"""What lines add up to, as tables: each row a short ledger and what it means."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from novita_mcp.domain.history.entries import Entry, EntryKind
from novita_mcp.domain.history.folds import (
    approvals,
    open_intents,
    owned_instances,
    recent_absences,
    spent_estimate,
    still_needed,
)

NOON = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)
CREATE = {
    "action": "create",
    "marker": "m1",
    "name": "job",
    "hourly_usd": "2",
    "stopped_hourly_usd": "0.1",
    "gpu_num": 1,
}
START = {"action": "start", "instance_id": "i1", "hourly_usd": "3", "stopped_hourly_usd": "0.1"}
CREATED_AT_NOON = [("sending", "p1", None, CREATE, 0), ("done", "p1", "i1", {}, 0)]


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def ledger(*lines) -> tuple[Entry, ...]:
    """Lines of (kind, plan, instance, facts, hours after noon)."""
    return tuple(
        Entry(seq=seq, at=at(hours), kind=EntryKind(kind), plan_id=plan, instance_id=instance, facts=facts)
        for seq, (kind, plan, instance, facts, hours) in enumerate(lines, start=1)
    )


@pytest.mark.parametrize(
    ("outcome", "is_open"),
    [
        ([], True),
        ([("unknown", "p1", None, {}, 1)], True),
        ([("note", "p1", None, {}, 1)], True),
        ([("done", "p2", "i1", {}, 1)], True),
        ([("done", None, "i1", {"action": "stop"}, 1)], True),
        ([("done", "p1", "i1", {}, 1)], False),
        ([("refused", "p1", None, {}, 1)], False),
        ([("settled", "p1", "i1", {"happened": "yes"}, 1)], False),
        ([("settled", "p1", None, {"happened": "no"}, 1)], False),
        ([("unknown", "p1", None, {}, 1), ("settled", "p1", None, {"happened": "no"}, 2)], False),
    ],
)
def test_an_intent_is_open_until_its_outcome_is_written(outcome, is_open):
    intents = open_intents(ledger(("sending", "p1", None, CREATE, 0), *outcome))
    assert [intent.plan_id for intent in intents] == (["p1"] if is_open else [])


def test_an_intent_carries_what_finding_it_again_takes():
    facts = {**CREATE, "instances_before": ["a"], "lease_hours": "4", "anything": {"else": 1}}
    (intent,) = open_intents(ledger(("sending", "p1", None, facts, 1)))
    assert (intent.action, intent.marker, intent.hourly_usd, intent.gpu_num) == ("create", "m1", Decimal(2), 1)
    assert intent.instances_before == ("a",)
    assert intent.sent_at == at(1)
    assert intent.lease is not None
    assert intent.lease.until == at(5)


def test_a_sending_line_with_almost_nothing_in_it_is_still_an_open_intent():
    (intent,) = open_intents(ledger(("sending", "p1", None, {"action": "create", "hourly_usd": None}, 0)))
    assert intent.hourly_usd is None


@pytest.mark.parametrize(
    ("after", "minutes_later", "watched"),
    [
        ([("settled", "p1", None, {"happened": "no"}, 0)], 14, True),
        ([("settled", "p1", None, {"happened": "no"}, 0)], 15, False),
        ([("settled", "p1", None, {"happened": "no"}, 0)], -60, True),
        ([("settled", "p1", None, {"happened": "no"}, 0), ("note", "p1", None, {}, 0)], 1, True),
        ([("settled", "p1", None, {"happened": "no"}, 0), ("settled", "p1", "i1", {"happened": "yes"}, 0)], 1, False),
        ([("settled", "p1", "i1", {"happened": "yes"}, 0)], 1, False),
        ([("refused", "p1", None, {}, 0)], 1, False),
        ([], 1, False),
    ],
)
def test_an_absence_is_watched_for_a_quarter_of_an_hour(after, minutes_later, watched):
    entries = ledger(("sending", "p1", None, CREATE, 0), *after)
    found = recent_absences(entries, NOON + timedelta(minutes=minutes_later))
    assert [intent.marker for intent in found] == (["m1"] if watched else [])


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([], 0),
        (["approved"], 1),
        (["approved", "approved"], 2),
        (["approved", "declined"], 0),
        (["approved", "cancelled"], 0),
        (["declined", "approved"], 1),
        (["approval_requested"], 0),
    ],
)
def test_a_later_no_takes_a_yes_back(lines, count):
    entries = ledger(
        *((kind, "p1", None, {"channel": "page"}, 0) for kind in lines),
        ("approved", "p2", None, {"channel": "page"}, 0),
    )
    assert len(approvals(entries, "p1")) == count


def test_an_approval_says_who_and_for_what():
    facts = {"channel": "terminal", "approved_by": "ann", "hourly_usd": "0.35", "digest": "d"}
    (approval,) = approvals(ledger(("approved", "p1", None, facts, 1)), "p1")
    assert (approval.channel, approval.approved_by, approval.hourly_usd, approval.digest) == (
        "terminal",
        "ann",
        Decimal("0.35"),
        "d",
    )
    assert approval.at == at(1)


def test_an_instance_of_ours_is_told_with_its_yes_and_its_prices():
    entries = ledger(("approved", "p1", None, {"channel": "page", "approved_by": "ann"}, -1), *CREATED_AT_NOON)
    owned = owned_instances(entries)["i1"]
    assert (owned.plan_id, owned.marker, owned.name, owned.created_at) == ("p1", "m1", "job", NOON)
    assert (owned.hourly_usd, owned.stopped_hourly_usd) == (Decimal(2), Decimal("0.1"))
    assert (owned.approved_by, owned.channel, owned.lease, owned.running) == ("ann", "page", None, True)


@pytest.mark.parametrize(
    ("after", "owned"),
    [
        ([], True),
        ([("done", "p9", "i1", {"action": "delete"}, 1)], False),
        ([("sending", "p9", None, {"action": "delete", "instance_id": "i1"}, 1)], True),
        ([("sending", "p9", "i1", {"action": "delete"}, 1), ("done", "p9", None, {}, 1)], False),
        ([("sending", "p9", "i1", {"action": "delete"}, 1), ("settled", "p9", None, {"happened": "no"}, 1)], True),
        ([("observed", None, "i1", {"status": "gone"}, 1)], False),
        ([("observed", None, "i1", {"status": "gone"}, 1), ("observed", None, "i1", {"status": "running"}, 2)], True),
        ([("observed", None, "i1", {"status": "exited"}, 1)], True),
    ],
)
def test_an_instance_is_ours_until_it_is_known_to_be_gone(after, owned):
    assert ("i1" in owned_instances(ledger(*CREATED_AT_NOON, *after))) is owned


@pytest.mark.parametrize(
    "lines",
    [
        [("done", "p1", "i1", {"action": "create"}, 0)],
        [("sending", "p1", None, START, 0), ("done", "p1", "i1", {}, 0)],
        [("sending", "p1", None, CREATE, 0), ("settled", "p1", None, {"happened": "no"}, 0)],
        [("sending", "p1", None, CREATE, 0), ("refused", "p1", None, {}, 0)],
        [("lease_set", None, "i1", {"until": "2026-08-03T18:00:00Z"}, 0)],
    ],
)
def test_nothing_is_ours_that_was_not_created_here(lines):
    assert owned_instances(ledger(*lines)) == {}


LEASED = [("sending", "p1", None, {**CREATE, "lease_hours": "4"}, 0), ("settled", "p1", "i1", {"happened": "yes"}, 2)]


@pytest.mark.parametrize(
    ("after", "until", "running"),
    [
        ([], 4, True),
        ([("settled", "p1", "i1", {"happened": "yes"}, 3)], 4, True),
        ([("lease_set", None, "i1", {"until": at(9).isoformat(), "hours": "5"}, 3)], 9, True),
        ([("lease_set", None, "i1", {"until": at(9).isoformat()}, 3), ("done", "p1", "i1", {}, 3)], 9, True),
        ([("lease_ended", None, "i1", {}, 3)], None, True),
        ([("done", None, "i1", {"action": "stop"}, 3)], 4, False),
        ([("reap_failed", None, "i1", {}, 4)], 4, True),
        ([("reaped", None, "i1", {}, 4)], None, False),
        ([("done", None, "i1", {"action": "stop"}, 3), ("observed", None, "i1", {"status": "running"}, 3)], 4, True),
        ([("sending", "p2", None, START, 3), ("done", "p2", None, {}, 3)], None, True),
        ([("sending", "p2", None, {**START, "lease_hours": "2"}, 3), ("done", "p2", None, {}, 3)], 5, True),
        ([("done", "p3", "i1", {"action": "restart"}, 3)], 4, True),
    ],
)
def test_a_lease_lasts_until_it_is_replaced_or_carried_out(after, until, running):
    owned = owned_instances(ledger(*LEASED, *after))["i1"]
    assert (owned.lease.until if owned.lease else None) == (None if until is None else at(until))
    assert owned.running is running


def test_a_start_at_a_new_price_counts_at_that_price():
    entries = ledger(*CREATED_AT_NOON, ("sending", "p2", None, START, 3), ("done", "p2", "i1", {}, 3))
    assert owned_instances(entries)["i1"].hourly_usd == 3


STOPPED_AT_2 = ("done", None, "i1", {"action": "stop"}, 2)


@pytest.mark.parametrize(
    ("lines", "since", "now", "usd"),
    [
        ([], 0, 10, "0"),
        (CREATED_AT_NOON, 0, 10, "20"),
        (CREATED_AT_NOON, 4, 10, "12"),
        (CREATED_AT_NOON, 10, 10, "0"),
        (CREATED_AT_NOON, 0, -1, "0"),
        ([*CREATED_AT_NOON, STOPPED_AT_2], 0, 10, "4.8"),
        ([*CREATED_AT_NOON, ("reaped", None, "i1", {}, 2)], 0, 10, "4.8"),
        ([*CREATED_AT_NOON, ("observed", None, "i1", {"status": "exited"}, 2)], 0, 10, "4.8"),
        ([*CREATED_AT_NOON, ("done", None, "i1", {"action": "delete"}, 2)], 0, 10, "4"),
        (
            [*CREATED_AT_NOON, STOPPED_AT_2, ("sending", "p2", None, START, 6), ("done", "p2", None, {}, 7)],
            0,
            10,
            "16.4",
        ),
        ([*CREATED_AT_NOON, STOPPED_AT_2, ("sending", "p2", None, START, 6)], 0, 10, "16.4"),
        ([*CREATED_AT_NOON, STOPPED_AT_2, ("observed", None, "i1", {"status": "running"}, 6)], 0, 10, "12.4"),
        ([*CREATED_AT_NOON, ("sending", "p2", "i1", {"action": "delete"}, 2)], 0, 10, "20"),
        ([*CREATED_AT_NOON, ("sending", "p2", "i1", {"action": "stop"}, 2)], 0, 10, "20"),
        ([*CREATED_AT_NOON, ("done", None, "i1", {"action": "restart"}, 2)], 0, 10, "20"),
        ([("sending", "p1", None, CREATE, 0)], 0, 10, "20"),
        ([("sending", "p1", None, CREATE, 0), ("done", "p1", "i1", {}, 9)], 0, 10, "20"),
        ([("sending", "p1", None, CREATE, 0), ("refused", "p1", None, {}, 1)], 0, 10, "0"),
        ([("sending", "p1", None, CREATE, 0), ("settled", "p1", None, {"happened": "no"}, 1)], 0, 10, "0"),
        ([("sending", "p1", None, {"action": "create"}, 0), ("done", "p1", "i1", {}, 1)], 0, 10, "0"),
        ([("sending", "p1", None, {**CREATE, "upfront_usd": "0"}, 0), ("done", "p1", "i1", {}, 0)], 0, 10, "20"),
        ([("sending", "p1", None, {**CREATE, "upfront_usd": "500"}, 1), ("done", "p1", "i1", {}, 1)], 0, 10, "500"),
        ([("sending", "p1", None, {**CREATE, "upfront_usd": "500"}, 1), ("done", "p1", "i1", {}, 1)], 2, 10, "0"),
        (
            [("sending", "p1", None, {**CREATE, "upfront_usd": "500"}, 1), ("done", "p1", "i1", {}, 1), STOPPED_AT_2],
            0,
            10,
            "500.8",
        ),
        ([*CREATED_AT_NOON, ("sending", "p2", None, CREATE, 5), ("done", "p2", "i2", {}, 5)], 0, 10, "30"),
        (
            [*CREATED_AT_NOON, ("sending", "p2", "i1", {**START, "action": "extend"}, 5), ("done", "p2", "i1", {}, 5)],
            0,
            10,
            "20",
        ),
        ([("sending", "p2", None, {**START, "upfront_usd": "500"}, 5), ("done", "p2", "i1", {}, 5)], 0, 10, "0"),
    ],
)
def test_spending_is_the_sum_of_all_hours_at_their_price(lines, since, now, usd):
    assert spent_estimate(ledger(*lines), at(since), at(now)) == Decimal(usd)


@pytest.mark.parametrize(
    ("lines", "at_least"),
    [
        ([("sending", "p1", None, CREATE, 9999), ("done", "p1", "i1", {}, 0)], "20"),
        ([("sending", "p1", None, CREATE, 5), ("done", "p1", "i1", {}, 0)], "20"),
        ([*CREATED_AT_NOON, ("note", None, None, {}, -3), ("done", None, "i1", {"action": "delete"}, -1)], "4"),
        ([*CREATED_AT_NOON, ("note", None, None, {}, 3), ("done", None, "i1", {"action": "delete"}, 1)], "6"),
    ],
)
def test_a_clock_that_was_turned_never_hides_a_cost(lines, at_least):
    assert spent_estimate(ledger(*lines), at(-9), at(10)) >= Decimal(at_least)


def test_only_what_is_needed_is_kept():
    entries = ledger(
        *CREATED_AT_NOON,
        ("approved", "p1", None, {"channel": "page"}, 0),
        ("lease_set", None, "i1", {"until": "2026-12-01T00:00:00Z"}, 0),
        ("sending", "open", None, CREATE, 0),
        ("unknown", "open", None, {}, 0),
        ("planned", "p3", None, {}, 0),
        ("sending", "p4", None, CREATE, 0),
        ("done", "p4", "i4", {}, 0),
        ("done", None, "i4", {"action": "delete"}, 0),
        ("note", None, None, {}, 0),
    )
    kept = still_needed(entries, at(24 * 60))
    assert [entry.seq for entry in kept] == [1, 2, 3, 4, 5, 6]
    kept_this_month = still_needed(entries, at(24 * 20))
    assert [entry.seq for entry in kept_this_month] == [1, 2, 3, 4, 5, 6, 8, 9, 10]
