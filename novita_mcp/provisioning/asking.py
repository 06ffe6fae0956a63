"""Asking a person: whether now, through which channel, and how long one call waits for the answer."""

import json
import shlex
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context, Elicit
from platformdirs import user_data_path
from pydantic import JsonValue

from novita_mcp.app import App
from novita_mcp.approval import dialog
from novita_mcp.approval.answers import Answer, no_answer
from novita_mcp.approval.sheet import sheet_of
from novita_mcp.domain.history.asked import (
    DIALOG,
    PAGE,
    TERMINAL,
    WINDOW,
    has_terminal_no,
    has_terminal_yes,
    questions_asked,
    rest_left,
    typed_back,
)
from novita_mcp.domain.plans import digest, question
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.actions import Action
from novita_mcp.provisioning.book import MOST_WAITING, OpenPlan
from novita_mcp.provisioning.road import prepare
from novita_mcp.provisioning.windowing import covering
from novita_mcp.settings import APP

TURN_SECONDS = 20.0
"""How long a call waits for another question to end."""
ABANDONED_SECONDS = 30.0
"""How long a question that was handed to the client keeps others waiting, answered or not."""
TERMINAL_SECONDS = 10.0
"""How long a call waits for a terminal alone: the agent calls again when the person says that it is done."""
POLL_SECONDS = 0.5
TELL_SECONDS = 5.0

Tell = Callable[[float, float, str], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """How a tool call came in, and how to tell it that somebody is being waited for."""

    tell: Tell
    can_ask: bool
    by_return: bool
    resumed: bool
    dry_run: bool = False
    confirming: bool = False

    @property
    def question_seconds(self) -> float:
        """How long this client's dialog may stay open."""
        return ABANDONED_SECONDS if self.by_return else dialog.LONGEST_SECONDS


@dataclass(frozen=True)
class Case:
    """One call's plan, and what is known before its client is asked; `barred` says why nobody may be asked now."""

    held: OpenPlan
    answer: Answer | None = None
    barred: str = ""
    has_turn: bool = False
    resumed: bool = False


async def open_case(app: App, action: Action, call: Call) -> Case:
    """Plan an action, or take up the plan that its client was asked about, and see whether a person can be asked."""
    return await _weighed(app, await prepare(app, action, taking_up=call.resumed), call)


async def found_case(app: App, plan_id: str, call: Call) -> Case:
    """Take a waiting plan up again.

    Raises:
        PlanGone: It was used, has expired, or this server never made it.

    """
    return await _weighed(app, app.book.find(plan_id), call)


async def ask_dialog(app: App, context: Context[Any], case: Case) -> Elicit[dialog.Approve] | Answer:
    """Ask through the client, if anybody has to be asked and may be asked there."""
    if case.answer is not None:
        return case.answer
    held = case.held
    if "dialog" not in app.settings.approval_channels:
        return no_answer(DIALOG, "the owner of this server allows no dialog of the client's")
    if held.dialog_unread:
        return no_answer(DIALOG, "the client's dialog came back unread")
    if dialog.can_ask(context):
        _record(app, held, DIALOG, again=case.resumed)
        held.asked_at = held.asked_at if case.resumed else app.clock.monotonic()
    try:
        return await dialog.ask(context, question(held.plan, held.plan_id), app.clock)
    except BaseException:
        app.desk.turn.end(held.plan_id)
        raise


async def ask_elsewhere(app: App, case: Case, call: Call, answer: Answer) -> Answer:
    """Try the page and the terminal, and wait for either as long as one call may."""
    held = case.held
    held.dialog_unread = held.dialog_unread or answer.kind == "unread"
    if not case.barred:
        await _show_page(app, held)
    why = _open_terminal(app, held) or answer.why
    seconds = _patience(app, held, call)
    if case.has_turn:
        app.desk.turn.keep(held.plan_id, seconds + TELL_SECONDS)
    found = await _awaited(app, held, seconds, call.tell)
    return found or no_answer(_channel(app, held), case.barred or ("nobody has answered yet" if seconds else why))


def answer_given(app: App, held: OpenPlan) -> Answer | None:
    """The answer to exactly this plan that came by the page or a terminal, if one did."""
    posted = app.desk.inbox.take(held.plan_id)
    now_digest = digest(held.plan, app.policy)
    if held.shown_digest != now_digest:
        return None
    if posted is not None or "terminal" not in app.settings.approval_channels:
        return posted
    lines = app.ledger.entries(plan_id=held.plan_id)
    if has_terminal_yes(lines, held.plan_id, now_digest, app.clock.now()):
        return Answer(kind="approved", channel=TERMINAL)
    return Answer(kind="declined", channel=TERMINAL) if has_terminal_no(lines, held.plan_id) else None


def how_to(app: App, held: OpenPlan) -> str:
    """Where a person can say yes to a plan."""
    return " ".join(_ways(app, held))


def rest_note(app: App) -> str:
    """For how long nobody is asked after a no; empty if somebody may be."""
    left = rest_left(app.ledger.entries(kinds={EntryKind.DECLINED, EntryKind.APPROVED}), app.clock.now())
    if not left:
        return ""
    return f"after a no nobody is asked for another {left.total_seconds():.0f} s, and asking again does not help"


async def _weighed(app: App, held: OpenPlan, call: Call) -> Case:
    if call.dry_run or not _needs_person(app, held):
        return Case(held, no_answer("none", "nobody needs to be asked"))
    if call.resumed and held.asked_at is not None:
        return Case(held, has_turn=True, resumed=True)
    known = answer_given(app, held) or _window_yes(app, held)
    if known is not None:
        return Case(held, known)
    if not _can_show(app, held, call):
        return Case(held)
    started = app.clock.monotonic()
    barred = await _bar(app, held, call)
    if barred:
        return Case(held, no_answer("none", barred), barred=barred)
    if app.clock.monotonic() - started >= POLL_SECONDS and not held.shown_digest:
        await _refresh(app, held)
    return Case(held, no_answer("none", "it is denied") if held.plan.denials else None, has_turn=True)


def _needs_person(app: App, held: OpenPlan) -> bool:
    plan = held.plan
    return app.policy.approval == "human" and not plan.denials and held.action.needs_yes(app, plan)


def _window_yes(app: App, held: OpenPlan) -> Answer | None:
    return None if covering(app, held.plan).why else Answer(kind="approved", channel=WINDOW)


def _can_show(app: App, held: OpenPlan, call: Call) -> bool:
    in_dialog = call.can_ask and "dialog" in app.settings.approval_channels and not held.dialog_unread
    return in_dialog or (app.desk.page is not None and not held.page_open)


async def _bar(app: App, held: OpenPlan, call: Call) -> str:
    """Why nobody may be asked now; with no reason the turn is this plan's."""
    barred = next(_restraints(app), "") or await _wait_turn(app, held, call)
    if barred:
        return barred
    barred = next(_restraints(app), "")
    if barred:
        app.desk.turn.end(held.plan_id)
    return barred


def _restraints(app: App) -> Iterator[str]:
    rest = rest_note(app)
    if rest:
        yield rest
    most = app.settings.max_questions_per_hour
    if questions_asked(app.ledger.entries(kinds={EntryKind.APPROVAL_REQUESTED}), app.clock.now()) >= most:
        yield f"people were asked {most} times in the last hour, which is the most the owner allows"


async def _wait_turn(app: App, held: OpenPlan, call: Call) -> str:
    turn, started = app.desk.turn, app.clock.monotonic()
    while not turn.take(held.plan_id, call.question_seconds):
        waited = app.clock.monotonic() - started
        if waited >= TURN_SECONDS:
            return f"another question is open ({turn.holder}), and people are asked one thing at a time"
        await call.tell(waited, TURN_SECONDS, "waiting for another question to be answered")
        await app.clock.sleep(POLL_SECONDS)
    return ""


async def _refresh(app: App, held: OpenPlan) -> None:
    """Read the facts again for a plan that waited for its turn: the question before it may have changed them."""
    try:
        held.plan = await held.action.plan(app, held.plan.marker)
    except BaseException:
        app.desk.turn.end(held.plan_id)
        raise


def _record(app: App, held: OpenPlan, channel: str, *, again: bool = False) -> None:
    """Write down what is put before a person; the sheet is there for a terminal to draw."""
    now_digest = digest(held.plan, app.policy)
    if held.shown_digest == now_digest and (again or channel == TERMINAL):
        return
    facts: dict[str, JsonValue] = {
        "channel": channel,
        "digest": now_digest,
        "expires_at": held.expires_at.isoformat(),
        "again": again,
    }
    if "terminal" in app.settings.approval_channels:
        facts |= {"typed_back": typed_back(held.plan), "sheet": _sheet_facts(app, held)}
    app.ledger.append(EntryKind.APPROVAL_REQUESTED, plan_id=held.plan_id, facts=facts)
    held.shown_digest = now_digest


def _sheet_facts(app: App, held: OpenPlan) -> dict[str, JsonValue]:
    sheet = sheet_of(held.plan_id, held.plan, digest(held.plan, app.policy), held.expires_at)
    facts: dict[str, JsonValue] = json.loads(json.dumps(sheet.model_dump(by_alias=False), default=str))
    return facts


async def _show_page(app: App, held: OpenPlan) -> None:
    if app.desk.page is None or held.page_open:
        return
    now_digest = digest(held.plan, app.policy)
    if await app.desk.page.show(sheet_of(held.plan_id, held.plan, now_digest, held.expires_at)):
        held.page_open = True
        _record(app, held, PAGE)


def _open_terminal(app: App, held: OpenPlan) -> str:
    """Let a terminal answer; say why it cannot."""
    if "terminal" not in app.settings.approval_channels:
        return ""
    asked = app.ledger.entries(kinds={EntryKind.APPROVAL_REQUESTED})
    if questions_asked(asked, app.clock.now(), frozenset({TERMINAL})) >= MOST_WAITING:
        return f"{MOST_WAITING} plans were left waiting for a terminal in the last hour"
    _record(app, held, TERMINAL)
    return ""


def _patience(app: App, held: OpenPlan, call: Call) -> float:
    """A call waits where a page is open; for a terminal only once the person was told the command."""
    told = call.confirming and "terminal" in app.settings.approval_channels
    if not (held.page_open or told):
        return 0.0
    left = (held.expires_at - app.clock.now()).total_seconds()
    longest = float(app.settings.approval_wait_seconds)
    return max(0.0, min(longest if held.page_open else min(longest, TERMINAL_SECONDS), left))


async def _awaited(app: App, held: OpenPlan, seconds: float, tell: Tell) -> Answer | None:
    started, told = app.clock.monotonic(), 0.0
    while True:
        app.book.find(held.plan_id)  # another call may have used it meanwhile
        found, waited = answer_given(app, held), app.clock.monotonic() - started
        if found is not None or waited >= seconds:
            return found
        if waited >= told:
            await tell(waited, seconds, "waiting for a person's answer")
            told += TELL_SECONDS
        await app.clock.sleep(min(POLL_SECONDS, seconds - waited))


def _channel(app: App, held: OpenPlan) -> str:
    if held.page_open:
        return PAGE
    return TERMINAL if "terminal" in app.settings.approval_channels else "none"


def _ways(app: App, held: OpenPlan) -> Iterator[str]:
    terminal = "terminal" in app.settings.approval_channels
    if held.page_open:
        yield "A page in the person's browser on this computer shows the plan, with Approve and Decline."
    if terminal:
        yield f"The person can run this in a terminal on this computer: {_command(app, held.plan_id)}"
    if not (held.page_open or terminal):
        yield "Use a client that shows dialogs (elicitation), or let the owner allow more channels"
        yield "in NOVITA_MCP_APPROVAL_CHANNELS."


def _command(app: App, plan_id: str) -> str:
    command, state_dir = f"novita-mcp approve {plan_id}", app.settings.state_dir
    if state_dir == user_data_path(APP, appauthor=False):
        return command
    return f"{command} --state-dir {shlex.quote(str(state_dir))}"
