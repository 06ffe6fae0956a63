"""`novita-mcp ledger`: what was asked, approved and done."""

import json
import os
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from novita_mcp.clock import SystemClock
from novita_mcp.domain.display import brief
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
    _show(entries, Console())
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


def _facts(entry: Entry) -> str:
    told = ((name, entry.facts.get(name)) for name in TELLING)
    return ", ".join(f"{name} {value}" for name, value in told if value not in (None, ""))
