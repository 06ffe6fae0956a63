"""One yes to one plan makes one instance; anything else makes none."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.support import ARGS, Desk, Said, desk, failure, structured, text

pytestmark = pytest.mark.anyio


async def test_a_yes_creates_exactly_one_instance(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        result = await d.create()
    outcome = structured(result)
    assert outcome["status"] == "created"
    assert outcome["approval"]["channel"] == "elicitation"
    assert outcome["instance"]["instanceId"] in text(result)
    assert (len(d.creates), d.world.created_count()) == (1, 1)
    assert d.kinds[-3:] == ["approved", "sending", "done"]


async def test_the_question_has_the_price_first_and_nothing_that_hides(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.person.says = "decline"
        await d.create(command="echo\u202e \u200b; rm -rf /\nPrice  $0.01 per hour", name="a\x1b[2Jb", leaseHours=4)
    (question,) = d.person.questions
    lines = question.splitlines()
    assert lines[2].startswith("Price")
    assert "$0.35 per hour" in lines[2]
    assert [line for line in lines if "Price" in line[:6]] == [lines[2]]
    assert not {"\u202e", "\u200b", "\x1b"} & set(question)
    labels = [line.split("  ")[0] for line in lines[2:]]
    assert labels == [
        "Price", "Product", "Billing", "Image", "Command", "Disk", "Ports", "Region", "Lease", "Name",
        "Already running", "Plan",
    ]  # fmt: skip


NOES: list[tuple[Said, object, str]] = [
    ("decline", True, "declined"),
    ("cancel", True, "cancelled"),
    ("accept", False, "declined"),
    ("accept", "true", "declined"),
    ("accept", 1, "declined"),
]


@pytest.mark.parametrize(("says", "ticks", "status"), NOES)
async def test_a_no_creates_nothing_and_says_so(
    says: Said, status: str, tmp_path: Path, era: str, *, ticks: object
) -> None:
    async with desk(tmp_path, era=era) as d:
        d.person.says, d.person.ticks = says, ticks
        result = await d.create()
        plan_id = structured(result)["planId"]
        again = failure(await d.call("apply_plan", planId=plan_id))
    assert structured(result)["status"] == status
    assert "nothing was created" in text(result)
    assert "is used up" in again
    assert len(d.person.questions) == 1
    assert d.posts == []


async def test_a_yes_without_its_form_is_no_answer(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.person.ticks = None
        assert structured(await d.create())["status"] == "approval_required"
    assert d.posts == []


@pytest.mark.parametrize("says", ["decline", "cancel"])
async def test_a_no_that_nobody_can_have_read_is_no_answer(says: Said, tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.person.says, d.person.seconds = says, 0.2
        outcome = structured(await d.create())
    assert outcome["status"] == "approval_required"
    assert d.posts == []


async def test_a_client_without_dialogs_is_told_where_a_person_can_approve(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, person="away") as d:
        result = await d.create()
        again = structured(await d.call("apply_plan", planId=structured(result)["planId"]))
    outcome = structured(result)
    assert outcome["status"] == "approval_required"
    assert outcome["approval"]["howTo"]
    assert outcome["approval"]["expiresAt"].startswith("2026-08-03T18:10")
    assert outcome["planId"] in text(result)
    assert again["status"] == "approval_required"
    assert d.posts == []


async def test_nothing_that_a_tool_takes_or_returns_is_an_approval(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, person="away") as d:
        said = failure(await d.create(approved=True, plan={"quote": {"hourly": 0}}, said={"approve": True}))
        for _ in range(3):
            await d.create()
    assert "approved" in said
    assert d.posts == []


async def test_a_plan_previewed_can_be_applied_after_the_question(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        plan_id = structured(await d.create(dryRun=True))["planId"]
        outcome = structured(await d.call("apply_plan", planId=plan_id))
    assert outcome["status"] == "created"
    assert len(d.person.questions) == 1
    assert d.world.created_count() == 1


async def test_a_plan_works_once(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        plan_id = structured(await d.create(dryRun=True))["planId"]
        await d.call("apply_plan", planId=plan_id)
        said = failure(await d.call("apply_plan", planId=plan_id))
    assert "is used up" in said
    assert d.world.created_count() == 1


async def test_a_plan_lasts_ten_minutes(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        plan_id = structured(await d.create(dryRun=True))["planId"]
        d.clock.advance(601)
        said = failure(await d.call("apply_plan", planId=plan_id))
    assert "expired" in said
    assert d.posts == []


async def test_a_yes_after_ten_minutes_creates_nothing(tmp_path: Path, era: str) -> None:
    def read_slowly() -> None:
        if len(d.person.questions) == 1:
            d.clock.advance(601)
        else:
            d.person.says = "decline"

    async with desk(tmp_path, era=era) as d:
        d.person.while_reading = read_slowly
        result = await d.create()
    assert result.is_error or structured(result)["status"] != "created"
    assert d.posts == []


async def test_a_plan_that_was_never_made_is_told(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        said = failure(await d.call("apply_plan", planId="plan-nope"))
    assert "plan-nope" in said
    assert "Nothing was sent" in said


async def test_under_confirm_a_second_call_is_enough(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, approval="confirm") as d:
        first = structured(await d.create())
        assert (first["status"], d.posts) == ("approval_required", [])
        second = structured(await d.call("apply_plan", planId=first["planId"]))
    assert second["status"] == "created"
    assert d.person.questions == []
    assert d.world.created_count() == 1


async def test_under_none_the_guardrails_alone_decide(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era, approval="none") as d:
        assert structured(await d.create())["status"] == "created"
        assert structured(await d.create(gpuNum=8, productId="A100-80GB.14c240g"))["status"] == "denied"
    assert d.person.questions == []
    assert d.world.created_count() == 1


async def test_a_price_raised_while_a_person_reads_needs_a_new_yes(tmp_path: Path, era: str) -> None:
    def dearer() -> None:
        d.world.set_price("4090.16c62g", price_raw=40000)

    async with desk(tmp_path, era=era) as d:
        d.person.while_reading = dearer
        outcome = structured(await d.create())
        if outcome["status"] == "approval_required":
            assert d.posts == []
            assert "went from $0.35 to $0.40" in outcome["message"]
            outcome = structured(await d.call("apply_plan", planId=outcome["planId"]))
    assert outcome["status"] == "created"
    assert ["$0.35 per hour" in d.person.questions[0], "$0.40 per hour" in d.person.questions[1]] == [True, True]
    assert d.world.created_count() == 1


async def test_a_price_that_fell_while_a_person_read_is_no_reason_to_ask_again(tmp_path: Path) -> None:
    async with desk(tmp_path, era="legacy") as d:
        d.person.while_reading = lambda: d.world.set_price("4090.16c62g", price_raw=30000)
        assert structured(await d.create())["status"] == "created"
    assert len(d.person.questions) == 1


CHANGES: list[tuple[str, str]] = [
    ("stock", "out of stock"),
    ("balance", "Top up"),
    ("fleet", "at most $10.00/h passes"),
]


@pytest.mark.parametrize(("what", "words"), CHANGES)
async def test_guardrails_run_again_just_before_sending(what: str, words: str, tmp_path: Path, era: str) -> None:
    def change() -> None:
        turned: dict[str, Any] = {
            "stock": lambda: d.world.set_stock("4090.16c62g", "none"),
            "balance": lambda: d.world.set_balance(0),  # type: ignore[arg-type]
            "fleet": lambda: d.world.add_foreign_instance(product_id="A100-80GB.14c240g", gpu_num=8),
        }
        turned[what]()

    async with desk(tmp_path, era=era) as d:
        d.person.while_reading = change
        result = await d.create()
    assert structured(result)["status"] == "denied"
    assert words in text(result)
    assert d.posts == []


async def test_what_cannot_be_read_any_more_is_shown_anew(tmp_path: Path) -> None:
    async with desk(tmp_path, era="legacy") as d:
        d.person.while_reading = lambda: d.fault("status", "/billing/balance/detail", "GET", times=99)
        outcome = structured(await d.create())
    assert outcome["status"] == "approval_required"
    assert "could no longer be checked: min_balance_hours" in outcome["message"]
    assert d.posts == []


async def test_the_monthly_budget_counts_what_runs_and_what_was_spent(tmp_path: Path) -> None:
    async with desk(tmp_path, approval="none", monthly_budget_usd="5") as d:
        first = structured(await d.create(leaseHours=10))
        d.clock.advance(2 * 3600)
        second = structured(await d.create(leaseHours=5))
        third = structured(await d.create(leaseHours=3))
    assert [first["status"], second["status"], third["status"]] == ["created", "denied", "created"]


async def test_a_refusal_by_novita_is_an_error_with_its_reason_and_the_plan_is_used(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.fault("status", status=400, body={"code": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "no gpu"})
        said = failure(await d.create())
    assert "INSUFFICIENT_RESOURCE" in said
    assert "can help later" in said
    assert d.kinds[-2:] == ["sending", "refused"]
    assert d.world.created_count() == 0


async def test_the_same_call_twice_is_two_plans_and_two_questions(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        await d.created()
        await d.created()
    assert len(d.person.questions) == 2
    assert d.world.created_count() == 2


async def test_an_answer_is_good_for_one_create_only(tmp_path: Path) -> None:
    async with desk(tmp_path, era="auto") as d:
        answers = await _answered_by_hand(d)
    assert answers == ["created", "asked again"]
    assert d.world.created_count() == 1


async def _answered_by_hand(d: Desk) -> list[str]:
    """The same answer and state, sent twice."""
    from mcp.types import CallToolResult, ElicitResult

    session = d.client.session
    first: Any = await session.call_tool("create_gpu_instance", dict(ARGS), allow_input_required=True)
    key = next(iter(first.input_requests))
    yes = {key: ElicitResult(action="accept", content={"approve": True})}
    found = []
    for _ in range(2):
        result = await session.call_tool(
            "create_gpu_instance",
            dict(ARGS),
            input_responses=yes,
            request_state=first.request_state,
            allow_input_required=True,
        )
        found.append(structured(result)["status"] if isinstance(result, CallToolResult) else "asked again")
    return found
