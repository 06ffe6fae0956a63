"""The question a person is shown, and what an approval is for."""

import re
from decimal import Decimal
from typing import Any

import pytest

from novita_mcp.domain.fleet import Fleet
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.plans import (
    MARKER_ALPHABET,
    Fact,
    Plan,
    changes,
    digest,
    new_marker,
    one_line,
    question,
    shown,
)
from novita_mcp.domain.policy import Verdict
from novita_mcp.domain.pricing import Machine, quote
from tests.domain.test_pricing import RTX_4090

QUOTE = quote(Machine(product=RTX_4090, gpu_num=1, rootfs_gb=100, billing_mode="onDemand"))
ATTACKS = ("\x1b[2J", "\u202e", "\u200b", "\u2066", "\ufe0f", "\x00", "\u2028")


def plan(**changed: Any) -> Plan:
    given = {
        "action": "create",
        "request": {"productId": "4090.16c62g", "gpuNum": 1},
        "product": None,
        "quote": QUOTE,
        "guardrails": (),
        "warnings": (),
        "lease_hours": None,
        "marker": "abcdefghjkmn",
        "facts": (Fact(label="Product", value="1 × RTX 4090"), Fact(label="Image", value="pytorch:1")),
        "fleet": Fleet(),
        "fingerprint": "f",
    }
    return Plan.model_validate(given | changed)


def test_the_price_comes_first_and_every_fact_has_its_line() -> None:
    headline, blank, *lines = question(plan(), "plan-1").splitlines()
    assert headline.endswith("?")
    assert blank == ""
    assert [re.split(r"\s{2,}", line)[0] for line in lines] == [
        "Price", "While stopped", "Product", "Image", "Already running", "Plan",
    ]  # fmt: skip
    assert "$0.3583 per hour ($8.60 per day, $261.58 per 730 hours)" in lines[0]


def test_the_same_plan_gives_the_same_text() -> None:
    assert question(plan(), "plan-1") == question(plan(), "plan-1")


@pytest.mark.parametrize("hidden", ATTACKS)
def test_no_fact_can_hide_or_reorder_anything(hidden: str) -> None:
    text = question(plan(facts=(Fact(label="Command", value=f"echo{hidden} hi"),)), "plan-1")
    assert hidden not in text
    assert len(text.splitlines()) == len(
        question(plan(facts=(Fact(label="Command", value="x"),)), "plan-1").splitlines()
    )


def test_a_line_break_in_a_value_forges_no_line() -> None:
    text = question(plan(facts=(Fact(label="Command", value="x\nPrice    $0.00 per hour"),)), "plan-1")
    assert [line for line in text.splitlines() if line.startswith("Price")] == [text.splitlines()[2]]


def test_an_unknown_price_is_called_unknown() -> None:
    unknown = QUOTE.model_copy(update={"hourly": None, "upfront": None})
    facts = {fact.label: fact.value for fact in shown(plan(quote=unknown))}
    assert facts["Price"] == "unknown per hour"
    assert facts["Paid up front"].startswith("unknown")
    assert facts["Already running"].endswith("with this one unknown per hour")


def test_what_could_not_be_checked_is_said() -> None:
    warned = Verdict(rule="min_balance_hours", verdict="warn", message="m")
    assert "Not checked" in {fact.label for fact in shown(plan(guardrails=(warned,)))}


def test_a_delete_is_not_told_as_a_purchase() -> None:
    labels = {fact.label for fact in shown(plan(action="delete", quote=None))}
    assert {"Price", "Already running"} & labels == set()


CHANGED: list[tuple[dict[str, Any], str]] = [
    ({"request": {"productId": "other"}}, "the request changed"),
    ({"fingerprint": "other"}, "the request changed"),
    ({"action": "start"}, "the request changed"),
    ({"lease_hours": Decimal(4)}, "the lease"),
    ({"marker": "xxxxxxxxxxxx"}, "the marker changed"),
    ({"quote": QUOTE.model_copy(update={"hourly": Decimal("0.36")})}, "the hourly price went from $0.3583 to $0.36"),
    ({"quote": QUOTE.model_copy(update={"hourly": None})}, "the hourly price went from $0.3583 to unknown"),
    ({"quote": QUOTE.model_copy(update={"upfront": Decimal(1)})}, "the upfront price went"),
    ({"quote": QUOTE.model_copy(update={"stopped_hourly": Decimal(1)})}, "the price when stopped went"),
    ({"guardrails": (Verdict(rule="stock", verdict="warn", message="m"),)}, "could no longer be checked: stock"),
]


@pytest.mark.parametrize(("changed", "why"), CHANGED)
def test_an_approval_is_for_one_plan_only(changed: dict[str, Any], why: str) -> None:
    assert why in "; ".join(changes(plan(), plan(**changed)))


def test_a_lower_price_needs_no_new_approval() -> None:
    assert changes(plan(), plan(quote=QUOTE.model_copy(update={"hourly": Decimal("0.34")}))) == ()


def test_a_price_that_becomes_known_is_shown_anew() -> None:
    assert changes(plan(quote=QUOTE.model_copy(update={"hourly": None})), plan()) != ()


@pytest.mark.parametrize("changed", [change for change, _ in CHANGED[:-1]])
def test_the_digest_covers_request_secrets_lease_marker_and_price(changed: dict[str, Any]) -> None:
    assert digest(plan(**changed), Policy()) != digest(plan(), Policy())


def test_the_digest_covers_the_policy() -> None:
    assert digest(plan(), Policy(max_gpus=7)) != digest(plan(), Policy())


def test_the_digest_of_the_same_is_the_same() -> None:
    assert digest(plan(), Policy()) == digest(plan(), Policy())


def test_what_the_server_keeps_for_itself_is_not_in_the_published_plan() -> None:
    published = plan().model_dump(mode="json")
    assert {"facts", "fleet", "fingerprint", "payload"} & published.keys() == set()


def test_markers_are_their_own() -> None:
    markers = {new_marker() for _ in range(100)}
    assert len(markers) == 100
    assert all(len(marker) == 12 and set(marker) <= set(MARKER_ALPHABET) for marker in markers)


def test_a_plan_has_one_short_line() -> None:
    assert one_line(plan(action="delete", quote=None, request={"instanceId": "abc"})) == "delete abc"
