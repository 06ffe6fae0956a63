"""Which channel asks, in which order, and how long a call waits."""

from collections.abc import Callable

import pytest
from mcp.types import ElicitResult

from novita_mcp.domain.history.entries import EntryKind
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.approval.people import terminal_says, with_page
from tests.world import CREATE, ERAS, Person, no, opened, yes

pytestmark = pytest.mark.anyio

Answering = Callable[[], ElicitResult]


async def explodes(context, params):
    raise RuntimeError("the host's dialog is broken")


def garbled():
    return ElicitResult(action="accept", content=None)


def cancels():
    return ElicitResult(action="cancel")


def unticked():
    return ElicitResult(action="accept", content={"approve": False})


@pytest.mark.parametrize("mode", ERAS)
async def test_a_yes_in_the_dialog_creates_exactly_one_instance(tmp_path, mode):
    clock = TurnedClock()
    person = Person(yes(), clock)
    async with opened(tmp_path, mode=mode, clock=clock, person=person) as server:
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "elicitation")
        assert (len(person.asked), server.world.created_count()) == (1, 1)


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("answer", "status"),
    [(no, "declined"), (cancels, "cancelled"), (unticked, "declined")],
)
async def test_a_no_that_somebody_read_ends_the_plan(tmp_path, mode, answer: Answering, status):
    clock = TurnedClock()
    async with opened(tmp_path, mode=mode, clock=clock, person=Person(answer(), clock)) as server:
        page = with_page(server, "approved")
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert outcome["status"] == status
        assert not page.shown
        assert (await server.call("apply_plan", {"planId": outcome["planId"]})).is_error
        assert not server.writes


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("answer", [no, cancels, garbled])
async def test_a_no_that_nobody_can_have_read_goes_to_the_page(tmp_path, mode, answer: Answering):
    clock = TurnedClock()
    person = Person(answer(), clock, after_seconds=0)
    async with opened(tmp_path, mode=mode, clock=clock, person=person) as server:
        page = with_page(server, "approved")
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "page")
        assert (len(person.asked), len(page.shown)) == (1, 1)


async def test_a_dialog_that_breaks_goes_to_the_page(tmp_path):
    async with opened(tmp_path, mode="legacy", person=explodes) as server:
        with_page(server, "approved")
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "page")


@pytest.mark.parametrize("mode", ERAS)
async def test_without_dialog_and_browser_the_call_returns_at_once_and_names_the_command(tmp_path, mode):
    async with opened(tmp_path, mode=mode) as server:
        page = with_page(server, opens=False)
        began = server.clock.monotonic()
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("approval_required", "terminal")
        assert f"novita-mcp approve {outcome['planId']}" in outcome["approval"]["howTo"]
        assert outcome["approval"]["expiresAt"]
        assert server.clock.monotonic() == began
        assert len(page.shown) == 1
        assert not server.writes


@pytest.mark.parametrize("mode", ERAS)
async def test_an_open_page_is_waited_for_and_then_named(tmp_path, mode):
    async with opened(tmp_path, mode=mode) as server:
        with_page(server)
        began = server.clock.monotonic()
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("approval_required", "page")
        assert server.clock.monotonic() - began == pytest.approx(45)
        assert "page" in outcome["approval"]["howTo"]
        assert "novita-mcp approve" in outcome["approval"]["howTo"]


async def test_no_wait_is_allowed(tmp_path):
    async with opened(tmp_path, environ={"NOVITA_MCP_APPROVAL_WAIT_SECONDS": "0"}) as server:
        with_page(server)
        began = server.clock.monotonic()
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert outcome["status"] == "approval_required"
        assert server.clock.monotonic() == began


@pytest.mark.parametrize("mode", ERAS)
async def test_a_click_that_comes_later_is_picked_up_by_apply_plan(tmp_path, mode):
    async with opened(tmp_path, mode=mode) as server:
        page = with_page(server)
        waiting = await server.outcome("create_gpu_instance", CREATE)
        page.click(waiting["planId"], "approved")
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "page")
        assert len(page.shown) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_a_terminals_yes_is_picked_up_by_apply_plan_and_stays_on_record_once(tmp_path, mode):
    async with opened(tmp_path, mode=mode) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        terminal_says(server.app.ledger, waiting["planId"], approved_by="ann@desk")
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert (outcome["status"], outcome["approval"]["channel"]) == ("created", "terminal")
        (line,) = server.app.ledger.entries(kinds={EntryKind.APPROVED})
        assert line.facts["approved_by"] == "ann@desk"


async def test_a_terminal_answers_while_the_page_is_waited_for_and_the_page_is_withdrawn(tmp_path):
    async with opened(tmp_path) as server:
        page = with_page(server)
        page.answers = lambda sheet: None
        told: list[str | None] = []

        async def answer_meanwhile(progress, total, message):
            told.append(message)
            terminal_says(server.app.ledger, page.shown[0].plan_id)

        result = await server.client.call_tool("create_gpu_instance", CREATE, progress_callback=answer_meanwhile)
        assert result.structured_content["approval"]["channel"] == "terminal"
        assert page.withdrawn == [page.shown[0].plan_id]
        assert told == ["waiting for a person's answer"]


@pytest.mark.parametrize("kind", ["page", "terminal"])
async def test_a_later_no_is_picked_up_too(tmp_path, kind):
    async with opened(tmp_path) as server:
        page = with_page(server)
        waiting = await server.outcome("create_gpu_instance", CREATE)
        if kind == "page":
            page.click(waiting["planId"], "declined")
        else:
            terminal_says(server.app.ledger, waiting["planId"], EntryKind.DECLINED)
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert outcome["status"] == "declined"
        assert len(server.app.ledger.entries(kinds={EntryKind.DECLINED})) == 1
        assert not server.writes


async def test_apply_plan_waits_for_a_terminal_that_the_person_was_told_of(tmp_path):
    async with opened(tmp_path) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        began = server.clock.monotonic()
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert outcome["status"] == "approval_required"
        assert server.clock.monotonic() - began == pytest.approx(10)


@pytest.mark.parametrize(
    ("channels", "dialogs", "pages", "channel"),
    [
        ("dialog", 1, 0, "none"),
        ("page", 0, 1, "page"),
        ("terminal", 0, 0, "terminal"),
        ("dialog,terminal", 1, 0, "terminal"),
    ],
)
async def test_only_the_channels_that_the_owner_allows_are_used(tmp_path, channels, dialogs, pages, channel):
    clock = TurnedClock()
    person = Person(no(), clock, after_seconds=0)
    environ = {"NOVITA_MCP_APPROVAL_CHANNELS": channels}
    async with opened(tmp_path, environ=environ, clock=clock, person=person) as server:
        page = with_page(server) if "page" in channels else None
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert (outcome["status"], outcome["approval"]["channel"]) == ("approval_required", channel)
        assert (len(person.asked), len(page.shown) if page else 0) == (dialogs, pages)
        assert ("novita-mcp approve" in outcome["approval"]["howTo"]) == ("terminal" in channels)


async def test_a_terminal_that_the_owner_does_not_allow_cannot_approve(tmp_path):
    async with opened(tmp_path, environ={"NOVITA_MCP_APPROVAL_CHANNELS": "page"}) as server:
        with_page(server)
        waiting = await server.outcome("create_gpu_instance", CREATE)
        (request,) = server.app.ledger.entries(kinds={EntryKind.APPROVAL_REQUESTED})
        assert "sheet" not in request.facts
        terminal_says(server.app.ledger, waiting["planId"])
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert outcome["status"] == "approval_required"
        assert not server.writes


@pytest.mark.parametrize("mode", ERAS)
async def test_a_dialog_that_nobody_read_is_not_tried_again_for_the_same_plan(tmp_path, mode):
    clock = TurnedClock()
    person = Person(no(), clock, after_seconds=0)
    async with opened(tmp_path, mode=mode, clock=clock, person=person) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert len(person.asked) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_no_secret_of_a_request_is_put_on_record(tmp_path, mode):
    secret = "hunter2-hunter2"
    arguments = {**CREATE, "envs": [{"key": "TOKEN", "value": secret}], "imageAuth": f"me:{secret}"}
    async with opened(tmp_path, mode=mode) as server:
        outcome = await server.outcome("create_gpu_instance", arguments)
        assert secret not in str(outcome)
        assert secret not in str(server.app.ledger.entries())


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(("policy", "status"), [("confirm", "approval_required"), ("none", "created")])
async def test_the_other_policies_ask_nobody(tmp_path, mode, policy, status):
    clock = TurnedClock()
    person = Person(no(), clock)
    async with opened(
        tmp_path, mode=mode, clock=clock, person=person, environ={"NOVITA_MCP_APPROVAL": policy}
    ) as server:
        page = with_page(server, "declined")
        outcome = await server.outcome("create_gpu_instance", CREATE)
        assert outcome["status"] == status
        if policy == "confirm":
            outcome = await server.outcome("apply_plan", {"planId": outcome["planId"]})
            assert outcome["status"] == "created"
        assert not person.asked
        assert not page.shown
