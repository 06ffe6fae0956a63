"""`novita-mcp pending`: the plans that wait for a person, of every server on the state folder."""

from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.text import Text

from novita_mcp.clock import SystemClock
from novita_mcp.commands.plan_screen import drawn_list
from novita_mcp.commands.state_folder import opened_ledger
from novita_mcp.domain.base import usd
from novita_mcp.domain.history.asked import asked_plans
from novita_mcp.domain.history.windows import Window, open_window


def run(*, state_dir: Path | None) -> int:
    """List what waits; showing it approves nothing, so it may go through a pipe."""
    console, clock = Console(highlight=False), SystemClock()
    with closing(opened_ledger(state_dir, clock)) as ledger:
        entries = ledger.entries()
    now = clock.now()
    waiting = tuple(one for one in asked_plans(entries, now) if one.standing == "waiting")
    window = open_window(entries, now)
    if window is not None:
        console.print(Text(window_line(window)))
    if not waiting:
        console.print("No plan waits for an approval.")
        return 0
    console.print(drawn_list(waiting, now))
    console.print("novita-mcp approve PLAN_ID shows one of them and asks for your yes.")
    return 0


def window_line(window: Window) -> str:
    """An open window in one line."""
    limits = f"{usd(window.max_hourly_usd, 2)} per hour each, {usd(window.max_total_usd, 2)} together"
    return (
        f"A window is open until {window.until:%Y-%m-%d %H:%M} UTC: {limits}; {usd(window.used_usd, 2)} are used. "
        "novita-mcp approve --stop ends it."
    )
