"""Who is not the person, or is not looking at what they answer, approves nothing."""

import logging
import socket

import httpx
import pytest

from novita_mcp.approval.answers import Answer
from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.page import ApprovalPage
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.page.person import Person
from tests.page.sheets import create_sheet

pytestmark = pytest.mark.anyio

SHEET = create_sheet()
READING_SECONDS = 2.0


@pytest.fixture
async def form(page: ApprovalPage, person: Person, clock: TurnedClock) -> dict[str, str]:
    """The form of a page that a person has had time to read."""
    assert await page.show(SHEET)
    form = await person.form()
    clock.advance(READING_SECONDS)
    return form


async def test_the_person_approves_once(person: Person, form: dict[str, str], inbox: Inbox):
    response = await person.answer("approved", form)
    assert response.status_code == 303
    assert response.headers["location"] == person.path
    assert inbox.take(SHEET.plan_id) == Answer(kind="approved", channel="page")
    assert 'data-state="approved"' in (await person.look()).text


async def test_the_person_declines(person: Person, form: dict[str, str], inbox: Inbox):
    await person.answer("declined", form)
    assert inbox.take(SHEET.plan_id) == Answer(kind="declined", channel="page")


STRANGE_HEADERS = {
    "from another origin": {"Origin": "https://evil.example"},
    "from another port of this machine": {"Origin": "http://127.0.0.1:1"},
    "from the same address over https": {"Origin": "https://127.0.0.1"},
    "from a file or a sandboxed frame": {"Origin": "null"},
    "without an origin": {"Origin": None},
    "cross-site as the browser says": {"Sec-Fetch-Site": "cross-site"},
    "from another port as the browser says": {"Sec-Fetch-Site": "same-site"},
    "typed into the address bar": {"Sec-Fetch-Site": "none"},
    "without the cookie": {"Cookie": None},
    "with an empty cookie": {"Cookie": "novita_approval="},
    "with a guessed cookie": {"Cookie": "novita_approval=" + "A" * 43},
    "with a cookie that is no text": {"Cookie": "novita_approval=\u00ff\u00fe"},
    "by DNS rebinding": {"Host": "evil.example", "Origin": "http://evil.example"},
    "by DNS rebinding to the right port": {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"},
    "to a subdomain of localhost": {"Host": "x.localhost:{port}", "Origin": "http://x.localhost:{port}"},
    "to the address without its port": {"Host": "127.0.0.1", "Origin": "http://127.0.0.1"},
    "to another loopback address": {"Host": "127.0.0.2:{port}", "Origin": "http://127.0.0.2:{port}"},
    "as JSON": {"Content-Type": "application/json"},
    "as plain text": {"Content-Type": "text/plain"},
}


@pytest.mark.parametrize("changes", STRANGE_HEADERS.values(), ids=STRANGE_HEADERS.keys())
async def test_an_answer_is_refused(changes: dict[str, str | None], person: Person, form: dict[str, str], inbox: Inbox):
    port = person.address.rpartition(":")[2]
    headers: dict[str, str | bytes] = dict(person.headers)
    for name, value in changes.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = value.replace("{port}", port).encode("latin-1")
    response = await person.answer("approved", form, headers)  # type: ignore[arg-type]
    assert response.status_code == 403
    assert response.text == "Forbidden"
    assert inbox.take(SHEET.plan_id) is None


STRANGE_FORMS = {
    "without a key": {"key": ""},
    "with a guessed key": {"key": "0" * 64},
    "with another digest": {"digest": "digest-of-0.01"},
    "with no decision": {"decision": ""},
    "with a decision that is none": {"decision": "approve"},
    "that is too large": {"padding": "x" * 5000},
    "with very many fields": {f"field{number}": "" for number in range(40)},
}


@pytest.mark.parametrize("changes", STRANGE_FORMS.values(), ids=STRANGE_FORMS.keys())
async def test_a_form_is_refused(changes: dict[str, str], person: Person, form: dict[str, str], inbox: Inbox):
    response = await person.answer("approved", form | changes)
    assert response.status_code == 403
    assert inbox.take(SHEET.plan_id) is None


@pytest.mark.parametrize("path", ["", "decision", "decision?decision=approved"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_decides_nothing(method: str, path: str, person: Person, form: dict[str, str], inbox: Inbox):
    async with httpx.AsyncClient() as http:
        await http.request(method, f"{person.address}{person.path}{path}", headers=person.headers, params=form)
    assert inbox.take(SHEET.plan_id) is None


async def test_a_second_click_changes_nothing(person: Person, form: dict[str, str], inbox: Inbox):
    await person.answer("approved", form)
    assert inbox.take(SHEET.plan_id) is not None
    again = await person.answer("approved", form)
    other = await person.answer("declined", form)
    assert (again.status_code, other.status_code) == (303, 303)
    assert inbox.take(SHEET.plan_id) is None
    assert 'data-state="approved"' in (await person.look()).text


async def test_a_launch_token_works_once(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    assert (await person.enter()).status_code == 403


async def test_a_launch_token_of_a_settled_plan_is_worthless(page: ApprovalPage, person: Person):
    person.visits = False
    await page.show(SHEET)
    page.withdraw(SHEET.plan_id)
    assert (await person.enter()).status_code == 403


async def test_a_web_page_cannot_use_a_launch_token(page: ApprovalPage, person: Person):
    person.visits = False
    await page.show(SHEET)
    headers = {"Origin": "https://evil.example"}
    assert (await person.launch(person.token, headers)).status_code == 403
    assert (await person.enter()).status_code == 200


async def test_the_plan_id_opens_nothing(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    for path in (f"/{SHEET.plan_id}/", f"/{SHEET.plan_id}/state", f"/{person.cookie}/"):
        response = await person.get(path, person.headers)
        assert response.status_code == 403


async def test_the_cookie_of_one_plan_does_not_answer_another(
    page: ApprovalPage, person: Person, clock: TurnedClock, inbox: Inbox
):
    other = create_sheet(plan_id="plan-other", digest="digest-of-other")
    await page.show(SHEET)
    cheap, cheap_path, cheap_headers = await person.form(), person.path, person.headers
    await page.show(other)
    clock.advance(READING_SECONDS)
    assert (await person.answer("approved", cheap)).status_code == 403
    assert (await person.answer("approved", cheap, cheap_headers)).status_code == 403
    assert (await person.answer("approved", cheap, person.headers, cheap_path)).status_code == 403
    assert inbox.take(other.plan_id) is None
    assert inbox.take(SHEET.plan_id) is None


async def test_an_answer_to_an_older_price_shows_the_new_one(
    page: ApprovalPage, person: Person, form: dict[str, str], inbox: Inbox
):
    page.update(create_sheet(hourly="0.42", digest="digest-of-0.42"))
    assert (await person.answer("approved", form)).status_code == 303
    assert inbox.take(SHEET.plan_id) is None
    shown = (await person.look()).text
    assert 'data-state="waiting"' in shown
    assert "$0.35" in shown
    assert "$0.42" in shown


async def test_the_new_price_can_be_approved_after_reading_it(
    page: ApprovalPage, person: Person, form: dict[str, str], clock: TurnedClock, inbox: Inbox
):
    page.update(create_sheet(hourly="0.42", digest="digest-of-0.42"))
    fresh = await person.form()
    clock.advance(READING_SECONDS)
    await person.answer("approved", fresh)
    assert inbox.take(SHEET.plan_id) == Answer(kind="approved", channel="page")


async def test_a_click_faster_than_reading_does_not_count(
    page: ApprovalPage, person: Person, clock: TurnedClock, inbox: Inbox
):
    await page.show(SHEET)
    form = await person.form()
    clock.advance(0.2)
    await person.answer("approved", form)
    assert inbox.take(SHEET.plan_id) is None
    shown = (await person.look()).text
    assert "sooner than anybody can read" in shown
    assert "sooner than anybody can read" not in (await person.look()).text


async def test_after_expiry_nothing_is_approved(person: Person, form: dict[str, str], clock: TurnedClock, inbox: Inbox):
    clock.advance(600)
    assert (await person.answer("approved", form)).status_code == 303
    assert inbox.take(SHEET.plan_id) is None
    assert 'data-state="expired"' in (await person.look()).text


async def test_a_plan_answered_elsewhere_is_not_answered_again(person: Person, form: dict[str, str], inbox: Inbox):
    declined = Answer(kind="declined", channel="terminal")
    inbox.post(SHEET.plan_id, declined)
    await person.answer("approved", form)
    assert inbox.take(SHEET.plan_id) == declined
    assert 'data-state="elsewhere"' in (await person.look()).text


async def test_no_response_can_be_framed_stored_or_scripted(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    refused = await person.get("/", {"Host": "evil.example"})
    for response in (await person.look(), await person.enter(), refused, await person.get("/nowhere")):
        headers = response.headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert {"frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} <= set(policy.split("; "))
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "access-control-allow-origin" not in headers


async def test_the_cookie_is_for_this_page_alone(page: ApprovalPage, person: Person):
    person.visits = False
    await page.show(SHEET)
    cookie = (await person.enter()).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Path={person.path}" in cookie
    assert "Domain" not in cookie


async def test_no_secret_is_in_a_page_an_address_or_a_log(
    page: ApprovalPage,
    person: Person,
    clock: TurnedClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    caplog.set_level(logging.DEBUG)
    person.visits = False
    await page.show(SHEET)
    handover, form = await person.enter(), await person.form()
    clock.advance(READING_SECONDS)
    answered = await person.answer("approved", form)
    await person.get("/wrong/")
    pages = (handover.text, (await person.look()).text, answered.text, answered.headers["location"])
    ours = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    for secret in (person.token, person.cookie):
        assert len(secret) >= 43
        assert not any(secret in text for text in (*pages, *person.launches, ours))
    assert person.path not in ours
    assert capfd.readouterr() == ("", "")


async def test_guessing_is_slowed_and_does_not_lock_the_person_out(
    person: Person, form: dict[str, str], clock: TurnedClock
):
    statuses = [(await person.get(f"/guess{number}/")).status_code for number in range(40)]
    assert statuses[0] == 403
    assert statuses[-1] == 429
    assert (await person.launch("guess")).status_code == 429
    assert (await person.answer("approved", form)).status_code == 303
    clock.advance(61)
    assert (await person.get("/guess/")).status_code == 403


async def test_only_loopback_is_bound(page: ApprovalPage, person: Person):
    await page.show(SHEET)
    port = int(person.address.rpartition(":")[2])
    assert person.address == f"http://127.0.0.1:{port}"
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=1):  # noqa: PT011
        pass
