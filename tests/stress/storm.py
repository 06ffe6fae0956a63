"""The storm: hundreds of seeded ways to lose a create, and a table of what was lost.

python -m tests.stress.storm --seed 1 --schedules 500 --processes 40
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table

from tests.stress.memory import Findings, weather
from tests.stress.processes import slaughter
from tests.stress.schedules import KINDS, schedule

KILLED_FOR_REAL = "kill -9 of a process"
MOST_COMPLAINTS = 30


@dataclass
class Row:
    """What the runs of one kind added up to."""

    schedules: int = 0
    instances: int = 0
    duplicates: int = 0
    orphans: int = 0
    unsettled: int = 0
    over_cap: int = 0
    untold: int = 0

    def add(self, found: Findings) -> None:
        """Count one run in."""
        self.schedules += 1
        self.instances += found.instances
        self.duplicates += len(found.duplicates)
        self.orphans += len(found.orphans)
        self.unsettled += len(found.unsettled)
        self.over_cap += len(found.over_cap)
        self.untold += len(found.untold)


@dataclass
class Report:
    """The table, and every complaint with the run that it belongs to."""

    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    complaints: list[str] = field(default_factory=list)

    def add(self, kind: str, words: str, found: Findings) -> None:
        """Count one run in."""
        self.rows[kind].add(found)
        self.complaints += [f"{words}: {complaint}" for complaint in found.wrong]


def run_one(seed: int, number: int, real: bool) -> tuple[str, str, Findings]:
    """Run one schedule in a passing folder; return its kind, its words and what was found."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        state_dir = Path(folder) / "state"
        if real:
            return KILLED_FOR_REAL, f"process #{number}", anyio.run(slaughter, seed, number, state_dir)
        drawn = schedule(seed, number)
        return drawn.kind, drawn.words, anyio.run(weather, drawn, state_dir)


def storm(seed: int, schedules: int, processes: int, workers: int) -> Report:
    """Run all of them side by side; the same seed gives the same schedules."""
    report, jobs = Report(), [(seed, number, False) for number in range(schedules)]
    jobs += [(seed, number, True) for number in range(processes)]
    with ProcessPoolExecutor(workers) as pool:
        running = [pool.submit(run_one, *job) for job in jobs]
        for done in as_completed(running):
            report.add(*done.result())
    return report


def _show(report: Report, console: Console) -> None:
    table = Table("Fault", *(name.replace("_", " ") for name in vars(Row())))
    for column in table.columns[1:]:
        column.justify = "right"
    total = Row()
    for kind in (*KINDS, KILLED_FOR_REAL):
        row = report.rows.get(kind)
        if row is not None:
            table.add_row(kind, *map(str, vars(row).values()))
            total = Row(*map(sum, zip(vars(total).values(), vars(row).values(), strict=True)))
    table.add_section()
    table.add_row("all", *map(str, vars(total).values()), style="bold")
    console.print(table)
    for complaint in _first(report.complaints):
        console.print(complaint, markup=False, highlight=False)


def _first(complaints: Sequence[str]) -> Iterator[str]:
    yield from complaints[:MOST_COMPLAINTS]
    if len(complaints) > MOST_COMPLAINTS:
        yield f"… and {len(complaints) - MOST_COMPLAINTS} more"


def main() -> int:
    """Raise the storm; exit status 1 if anything was lost, doubled or left open."""
    parser = argparse.ArgumentParser(description="Break creates in hundreds of ways and count what is lost.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schedules", type=int, default=500, help="in memory, on a turned clock")
    parser.add_argument("--processes", type=int, default=40, help="real processes, killed with SIGKILL")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    console, started = Console(width=None if sys.stdout.isatty() else 120), time.monotonic()
    report = storm(options.seed, options.schedules, options.processes, options.workers)
    _show(report, console)
    console.print(f"seed {options.seed}, {time.monotonic() - started:.0f} s", highlight=False)
    return 1 if report.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
