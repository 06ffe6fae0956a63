"""From nothing to the first answer, beside what Python and the SDK need by themselves."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from time import perf_counter

from rich.table import Table

ROUNDS = 7
PYTHON = (sys.executable, "-c", "pass")
SDK = (sys.executable, "-c", "import mcp.server")
OURS = (sys.executable, "-m", "novita_mcp")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}


def cold_start_table() -> Table:
    """Median seconds of each start, and their ratio to the two starts that nothing of ours can beat."""
    seconds = {name: _median(start) for name, start in _starts().items()}
    python, sdk = seconds["python -c pass"], seconds["import mcp.server"]
    table = Table("start", title=f"Cold start, median of {ROUNDS}", title_justify="left")
    for heading in ("ms", "× Python", "× SDK"):
        table.add_column(heading, justify="right")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken * 1000:.0f}", f"{taken / python:.1f}", f"{taken / sdk:.2f}")
    return table


def _starts() -> dict[str, Callable[[], None]]:
    return {
        "python -c pass": partial(_to_the_end, PYTHON),
        "novita-mcp --version": partial(_to_the_end, (*OURS, "--version")),
        "novita-mcp --help": partial(_to_the_end, (*OURS, "--help")),
        "import mcp.server": partial(_to_the_end, SDK),
        "novita-mcp serve, first answer": partial(_to_the_first_answer, (*OURS, "serve")),
        "novita-mcp serve --simulate, first answer": partial(_to_the_first_answer, (*OURS, "serve", "--simulate")),
    }


def _median(start: Callable[[], None]) -> float:
    start()  # once for the caches of the file system
    return statistics.median(_timed(start) for _ in range(ROUNDS))


def _timed(start: Callable[[], None]) -> float:
    began = perf_counter()
    start()
    return perf_counter() - began


def _to_the_end(command: tuple[str, ...]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _to_the_first_answer(command: tuple[str, ...]) -> None:
    unset = {name: text for name, text in os.environ.items() if not name.startswith("NOVITA_")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, env={**unset, "NOVITA_MCP_STATE_DIR": folder}, **pipes) as process,
    ):
        _first_answer(process)
        process.kill()


def _first_answer(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert "result" in answer, answer
