"""`novita-mcp approve`: a person's yes, typed by hand in a real terminal."""

from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rich.text import Text

from novita_mcp.approval.sheet import Sheet
from novita_mcp.approval.terminal import Terminal, real_terminal, who
from novita_mcp.clock import Clock, SystemClock
from novita_mcp.commands.pending import window_line
from novita_mcp.commands.plan_screen import drawn_plan
from novita_mcp.commands.state_folder import opened_ledger
from novita_mcp.domain.base import clean, usd
from novita_mcp.domain.history.asked import TERMINAL, Standing, Waiting, asked_plans
from novita_mcp.domain.history.windows import open_window
from novita_mcp.errors import PlanGone
from novita_mcp.ledger import EntryKind, Ledger

NO = frozenset({"no", "n", "decline"})
GONE: dict[Standing, str] = {
    "unknown": "is not known here. `novita-mcp pending` lists the plans that wait, on this state folder only.",
    "approved": "is approved already; the agent's next apply_plan carries it out.",
    "declined": "was declined. The agent has to make a new plan.",
    "withdrawn": "was withdrawn, or has changed. The agent has to make a new plan.",
    "used": "was carried out already, or is just being. `novita-mcp ledger` tells what became of it.",
    "expired": "has expired: a plan waits for ten minutes. The agent has to make a new one.",
}


def approve_plan(plan_id: str, *, state_dir: Path | None) -> int:
    """Draw a plan and take one typed answer to it; exit status 0 only for a yes.

    Raises:
        NotATerminal: No person sits at this command.
        PlanGone: The plan does not wait; the text says how it stands.

    """
    clock = SystemClock()
    with real_terminal() as terminal, closing(opened_ledger(state_dir, clock)) as ledger:
        waiting = _waiting(ledger, plan_id, clock.now())
        terminal.console.print(drawn_plan(Sheet.model_validate(waiting.request.sheet), clock.now()))
        typed = terminal.ask(_prompt(waiting))
        _waiting(ledger, plan_id, clock.now())
        return _answer(terminal, ledger, waiting, typed)


def open_for(lasts: timedelta, max_hourly: Decimal, max_total: Decimal, *, state_dir: Path | None) -> int:
    """Open a window, in which creates and starts within its limits are not asked about.

    Raises:
        NotATerminal: No person sits at this command.

    """
    clock = SystemClock()
    with real_terminal() as terminal, closing(opened_ledger(state_dir, clock)) as ledger:
        total = usd(max_total, 2).removeprefix("$").replace(",", "")
        terminal.console.print(Text(_terms(lasts, max_hourly, max_total)))
        if terminal.ask(f"Type {total} to open it:").removeprefix("$") != total:
            terminal.console.print("Not opened.")
            return 1
        _open(ledger, clock, lasts, max_hourly, max_total)
        window = open_window(ledger.entries(), clock.now())
        if window is not None:
            terminal.console.print(Text(window_line(window)))
        return 0


def stop(*, state_dir: Path | None) -> int:
    """End the window; needs no terminal, since it only takes away."""
    clock = SystemClock()
    with closing(opened_ledger(state_dir, clock)) as ledger:
        if open_window(ledger.entries(), clock.now()) is None:
            print("No window is open.")
            return 0
        ledger.append(EntryKind.WINDOW_CLOSED, facts={"closed_by": who()})
    print("The window is closed: every create and start is asked about again.")
    return 0


def _waiting(ledger: Ledger, plan_id: str, now: datetime) -> Waiting:
    found = next((one for one in asked_plans(ledger.entries(plan_id=plan_id), now)), None)
    if found is None or found.standing != "waiting":
        raise PlanGone(f"{clean(plan_id)} {GONE[found.standing if found else 'unknown']} Nothing was approved.")
    return found


def _prompt(waiting: Waiting) -> str:
    sheet = Sheet.model_validate(waiting.request.sheet)
    what = "the price per hour" if sheet.quote else "the end of its id"
    return f"Type {what} ({waiting.request.typed_back}) to approve exactly this, once; no declines it:"


def _answer(terminal: Terminal, ledger: Ledger, waiting: Waiting, typed: str) -> int:
    if typed.casefold() in NO:
        ledger.append(EntryKind.DECLINED, plan_id=waiting.plan_id, facts={"channel": TERMINAL, "declined_by": who()})
        terminal.console.print("Declined.")
        return 1
    if not waiting.request.typed_back or typed.removeprefix("$") != waiting.request.typed_back:
        terminal.console.print("That is not it. Nothing was approved.")
        return 1
    facts = {"channel": TERMINAL, "digest": waiting.request.digest, "approved_by": who()}
    sheet = Sheet.model_validate(waiting.request.sheet)
    if sheet.quote is not None and sheet.quote.hourly is not None:
        facts["hourly_usd"] = str(sheet.quote.hourly)
    ledger.append(EntryKind.APPROVED, plan_id=waiting.plan_id, facts=facts)
    terminal.console.print("Approved. The server that waits carries it out; otherwise the agent calls apply_plan.")
    return 0


def _terms(lasts: timedelta, max_hourly: Decimal, max_total: Decimal) -> str:
    hours = lasts / timedelta(hours=1)
    return (
        f"For {hours:g} hours, instances of at most {usd(max_hourly, 2)} per hour each, and {usd(max_total, 2)} for "
        "all of them, will be created and started without a question, under the guardrails. Whatever runs then goes "
        "on costing until it is stopped or its lease ends. Deletes and subscriptions are asked about as ever."
    )


def _open(ledger: Ledger, clock: Clock, lasts: timedelta, max_hourly: Decimal, max_total: Decimal) -> None:
    facts = {
        "until": (clock.now() + lasts).isoformat(),
        "max_hourly_usd": str(max_hourly),
        "max_total_usd": str(max_total),
        "opened_by": who(),
    }
    ledger.append(EntryKind.WINDOW_OPENED, facts=facts)
