"""`novita-mcp ledger`: what was asked, approved and done."""

import json
import os
import sys
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from novita_mcp.clock import SystemClock
from novita_mcp.domain.base import brief, clean, usd
from novita_mcp.domain.history.folds import spent_estimate
from novita_mcp.domain.history.glance import Spender, recorded_spenders
from novita_mcp.domain.pricing import total
from novita_mcp.domain.spending import month_start
from novita_mcp.ledger import Entry, Ledger
from novita_mcp.settings import load_settings

TELLING = ("action", "channel", "approved_by", "hourly_usd", "lease_hours", "reason", "why", "happened", "status")


def run(*, as_json: bool, verify: bool) -> int:
    """Show the lines, or check the chain; exit status 1 if a line was changed or removed."""
    settings = load_settings(os.environ)
    ledger = Ledger.open(settings.state_dir, SystemClock())
    try:
        if verify:
            return _verify(ledger)
        entries = ledger.entries()
    finally:
        ledger.close()
    if as_json:
        json.dump([entry.model_dump(mode="json") for entry in entries], sys.stdout, ensure_ascii=False, indent=2)
        print()
        return 0
    console, now = Console(), SystemClock().now()
    _show(entries, console)
    _show_totals(entries, now, console)
    return 0


def _verify(ledger: Ledger) -> int:
    faults = ledger.verify()
    if not faults:
        print(f"The ledger is intact: {len(ledger.entries())} lines, each chained to the one before.")
        return 0
    print("The ledger was changed:")
    for fault in faults:
        print(f"- {brief(fault, 500)}")
    return 1


def _show(entries: tuple[Entry, ...], console: Console) -> None:
    if not entries:
        console.print("The ledger is empty: nothing was asked of Novita yet.")
        return
    table = Table("#", "When (UTC)", "What", "Plan", "Instance", "Facts")
    for entry in entries:
        cells = (
            str(entry.seq),
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.kind,
            entry.plan_id or "",
            entry.instance_id or "",
        )
        table.add_row(*(Text(brief(cell, 60)) for cell in (*cells, _facts(entry))))
    console.print(table)


def _show_totals(entries: tuple[Entry, ...], now: datetime, console: Console) -> None:
    """What it all comes to by the ledger alone, without asking Novita."""
    rows = recorded_spenders(entries, now)
    if rows:
        table = Table("Instance", "Name", "Status", "Per hour", "So far", "Lease left", "Approved by", "Look")
        for row in rows:
            cells = (row.instance_id, row.name, row.status, usd(row.hourly_now), usd(row.cost_so_far, 2))
            table.add_row(*(Text(clean(cell)) for cell in (*cells, _lease(row), row.approved_by, row.notice)))
        console.print(table)
    if entries:
        burn, month = total(row.hourly_now for row in rows), spent_estimate(entries, month_start(now), now)
        text = f"By this ledger alone: {usd(burn)}/h now, {usd(month, 2)} this month. "
        console.print(f"{text}get_spending asks Novita as well.", highlight=False)


def _lease(row: Spender) -> str:
    return "none" if row.lease_hours_left is None else f"{row.lease_hours_left:.1f} h"


def _facts(entry: Entry) -> str:
    told = ((name, entry.facts.get(name)) for name in TELLING)
    return ", ".join(f"{name} {value}" for name, value in told if value not in (None, ""))
