"""The page is up while plans wait, and says honestly whether a person can see it."""

import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import anyio
import httpx
import pytest

from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.page import ApprovalPage
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.page.person import Person
from tests.page.sheets import create_sheet

pytestmark = pytest.mark.anyio

SHEET = create_sheet()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def closed(address: str) -> None:
    """Return once nobody answers at the address any more."""
    with anyio.fail_after(5):
        async with httpx.AsyncClient() as http:
            while True:
                try:
                    await http.get(address)
                except httpx.TransportError:
                    return
                await anyio.lowlevel.checkpoint()


async def test_without_a_browser_another_channel_has_to_be_named(page: ApprovalPage, person: Person):
    person.has_browser = False
    assert not await page.show(SHEET)


async def test_a_browser_that_never_arrives_counts_as_none(page: ApprovalPage, person: Person):
    person.visits = False
    assert not await page.show(SHEET)


async def test_a_browser_that_arrives_late_still_finds_the_page(
    page: ApprovalPage, person: Person, clock: TurnedClock, inbox: Inbox
):
    person.visits = False
    await page.show(SHEET)
    assert (await person.enter()).status_code == 200
    form = await person.form()
    clock.advance(2)
    await person.answer("approved", form)
    assert inbox.take(SHEET.plan_id) is not None


async def test_a_page_that_is_open_is_not_opened_twice(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    await person.look()
    assert await page.show(create_sheet(hourly="0.42", digest="digest-of-0.42"))
    assert len(person.launches) == 1
    assert "$0.42" in (await person.look()).text


async def test_a_page_that_was_closed_is_opened_again(page: ApprovalPage, person: Person, clock: TurnedClock):
    await page.show(SHEET)
    await person.look()
    clock.advance(60)
    assert await page.show(SHEET)
    assert len(person.launches) == 2
    assert (await person.look()).status_code == 200


async def test_two_plans_share_one_server(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    first = person.address
    await page.show(create_sheet(plan_id="plan-other"))
    assert person.address == first


async def test_it_closes_a_while_after_the_last_answer(page: ApprovalPage, person: Person, clock: TurnedClock):
    await page.show(SHEET)
    page.withdraw(SHEET.plan_id)
    assert 'data-state="elsewhere"' in (await person.look()).text
    clock.advance(31)
    await closed(person.address)


async def test_it_opens_anew_for_the_next_plan(page: ApprovalPage, person: Person, clock: TurnedClock):
    await page.show(SHEET)
    page.withdraw(SHEET.plan_id)
    clock.advance(31)
    await closed(person.address)
    assert await page.show(create_sheet(plan_id="plan-other"))
    assert (await person.look()).status_code == 200


async def test_it_closes_with_its_owner(clock: TurnedClock, inbox: Inbox, person: Person):
    async with ApprovalPage(clock, inbox, open_browser=person.open) as page:
        await page.show(SHEET)
        await person.look()
    await closed(person.address)


async def test_the_launch_file_is_private_and_gone_after_use(page: ApprovalPage, person: Person):
    person.visits = False
    await page.show(SHEET)
    path = Path(unquote(urlsplit(person.launches[0]).path))
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    await person.enter()
    with anyio.fail_after(5):
        while path.parent.exists():
            await anyio.lowlevel.checkpoint()


async def test_a_withdrawn_plan_that_nobody_saw_leaves_nothing_behind(page: ApprovalPage, person: Person):
    person.visits = False
    await page.show(SHEET)
    page.withdraw(SHEET.plan_id)
    await closed(person.address)


async def test_updates_of_plans_without_a_page_are_ignored(page: ApprovalPage):
    page.update(SHEET)
    page.withdraw(SHEET.plan_id)


async def test_an_open_page_is_told_when_it_no_longer_shows_the_truth(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    state = f"{person.path}state"
    assert (await person.get(state, person.headers)).json() == {"state": "waiting", "version": 1, "secondsLeft": 600.0}
    page.update(create_sheet(hourly="0.42", digest="digest-of-0.42"))
    assert (await person.get(state, person.headers)).json()["version"] == 2
    page.withdraw(SHEET.plan_id)
    assert (await person.get(state, person.headers)).json()["state"] == "elsewhere"
