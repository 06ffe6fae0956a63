"""No flood: one question at a time, so many an hour, and a rest after a no."""

import anyio
import pytest

from novita_mcp.domain.history.entries import EntryKind
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.approval.people import terminal_says, with_page
from tests.world import CREATE, ERAS, Opened, Person, no, opened, yes

pytestmark = pytest.mark.anyio

OTHER = {**CREATE, "name": "other"}


class SlowPerson(Person):
    """Answers only once the test lets them."""

    def __init__(self, clock: TurnedClock) -> None:
        super().__init__(yes(), clock)
        self.reads, self.may_answer = anyio.Event(), anyio.Event()

    async def __call__(self, context, params):
        self.reads.set()
        await self.may_answer.wait()
        return await super().__call__(context, params)


async def round_one(server: Opened, arguments: dict):
    """The first round of a call of the 2026 era, whose question then stays open."""
    return await server.client.session.call_tool("create_gpu_instance", arguments, allow_input_required=True)


async def by_hand(context, params):
    raise AssertionError("the rounds are made by hand")


async def test_while_a_question_is_open_another_call_is_told_so(tmp_path):
    clock = TurnedClock()
    person = SlowPerson(clock)
    async with (
        opened(tmp_path, mode="legacy", clock=clock, person=person) as server,
        anyio.create_task_group() as group,
    ):
        group.start_soon(server.outcome, "create_gpu_instance", CREATE)
        await person.reads.wait()
        second = await server.outcome("create_gpu_instance", OTHER)
        assert second["status"] == "approval_required"
        assert "another question is open" in (await server.call("create_gpu_instance", OTHER)).content[0].text
        person.may_answer.set()
    assert len(person.asked) == 1
    assert server.world.created_count() == 1


async def test_a_call_waits_its_turn_and_is_then_asked_with_fresh_facts(tmp_path):
    clock = TurnedClock()
    person = SlowPerson(clock)
    async with (
        opened(tmp_path, mode="legacy", clock=clock, person=person) as server,
        anyio.create_task_group() as group,
    ):
        group.start_soon(server.outcome, "create_gpu_instance", CREATE)
        await person.reads.wait()

        async def let_the_first_be_answered(progress, total, message):
            person.may_answer.set()
            await anyio.wait_all_tasks_blocked()

        result = await server.client.call_tool(
            "create_gpu_instance", OTHER, progress_callback=let_the_first_be_answered
        )
        assert result.structured_content["status"] == "created"
    assert len(person.asked) == 2
    assert "1 at $0.35 per hour; with this one $0.70 per hour" in person.asked[1]


async def test_a_question_that_its_client_abandoned_blocks_others_for_a_while_only(tmp_path):
    async with opened(tmp_path, person=by_hand) as server:
        first = await round_one(server, CREATE)
        assert first.input_requests
        blocked = await round_one(server, OTHER)
        assert blocked.structured_content["status"] == "approval_required"
        server.clock.advance(10)
        third = await round_one(server, OTHER)
        assert third.input_requests


async def test_the_answer_of_a_question_never_counts_as_a_new_one(tmp_path):
    clock = TurnedClock()
    environ = {"NOVITA_MCP_MAX_QUESTIONS_PER_HOUR": "1"}
    async with opened(tmp_path, environ=environ, clock=clock, person=Person(yes(), clock)) as server:
        assert (await server.outcome("create_gpu_instance", CREATE))["status"] == "created"
        assert len(server.app.ledger.entries(kinds={EntryKind.APPROVAL_REQUESTED})) == 1


@pytest.mark.parametrize("mode", ERAS)
async def test_people_are_asked_so_many_times_an_hour_by_all_servers_together(tmp_path, mode):
    clock = TurnedClock()
    person = Person(yes(), clock)
    env = {"NOVITA_MCP_MAX_QUESTIONS_PER_HOUR": "2"}
    async with (
        opened(tmp_path, environ=env, mode=mode, clock=clock, person=person) as one,
        opened(tmp_path, environ=env, mode=mode, clock=clock, world=one.world, person=person) as other,
    ):
        await one.outcome("create_gpu_instance", CREATE)
        await other.outcome("create_gpu_instance", CREATE)
        third = await other.outcome("create_gpu_instance", CREATE)
        assert third["status"] == "approval_required"
        assert "2 times in the last hour" in third["message"]
        assert len(person.asked) == 2
        clock.advance(3600)
        assert (await other.outcome("create_gpu_instance", CREATE))["status"] == "created"


@pytest.mark.parametrize("mode", ERAS)
async def test_after_a_no_nobody_is_asked_for_a_while_that_grows(tmp_path, mode):
    clock = TurnedClock()
    person = Person(no(), clock)
    async with opened(tmp_path, mode=mode, clock=clock, person=person) as server:
        declined = await server.outcome("create_gpu_instance", CREATE)
        assert "another 20 s, and asking again does not help" in declined["nextSteps"][-1]
        rested = await server.outcome("create_gpu_instance", OTHER)
        assert rested["status"] == "approval_required"
        assert "after a no nobody is asked for another" in rested["message"]
        assert len(person.asked) == 1
        clock.advance(20)
        again = await server.outcome("create_gpu_instance", CREATE)
        assert "another 60 s" in again["nextSteps"][-1]
        assert len(person.asked) == 2


async def test_a_yes_ends_the_rests(tmp_path):
    clock = TurnedClock()
    person = Person(no(), clock)
    async with opened(tmp_path, clock=clock, person=person) as server:
        await server.outcome("create_gpu_instance", CREATE)
        clock.advance(21)
        person.answer = yes()
        await server.outcome("create_gpu_instance", CREATE)
        person.answer = no()
        declined = await server.outcome("create_gpu_instance", CREATE)
        assert "another 20 s" in declined["nextSteps"][-1]


async def test_a_no_that_nobody_read_starts_no_rest(tmp_path):
    clock = TurnedClock()
    person = Person(no(), clock, after_seconds=0)
    async with opened(tmp_path, clock=clock, person=person) as server:
        await server.outcome("create_gpu_instance", CREATE)
        await server.outcome("create_gpu_instance", CREATE)
        assert len(person.asked) == 2


async def test_while_nobody_is_asked_no_page_opens_and_a_terminal_still_answers(tmp_path):
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock, person=Person(no(), clock)) as server:
        page = with_page(server, "approved")
        await server.outcome("create_gpu_instance", CREATE)
        rested = await server.outcome("create_gpu_instance", CREATE)
        assert rested["status"] == "approval_required"
        assert not page.shown
        terminal_says(server.app.ledger, rested["planId"])
        outcome = await server.outcome("apply_plan", {"planId": rested["planId"]})
        assert outcome["approval"]["channel"] == "terminal"


async def test_previews_and_denials_ask_nobody_and_count_for_nothing(tmp_path):
    clock = TurnedClock()
    person = Person(yes(), clock)
    async with opened(tmp_path, clock=clock, person=person) as server:
        await server.outcome("create_gpu_instance", {**CREATE, "dryRun": True})
        await server.outcome("create_gpu_instance", {**CREATE, "productId": "A100-80GB.14c240g", "gpuNum": 8})
        assert not person.asked
        assert not server.app.ledger.entries(kinds={EntryKind.APPROVAL_REQUESTED})
