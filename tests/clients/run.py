"""Every real client against the server on the simulator: `python -m tests.clients.run [NAME ...]`.

A name is a part of a client's, like `inspector` or `typescript`; `conformance` is the official suite.
Installs what it needs into a folder of its own under the system's temporary one, and exits with 1
if any client misses any step. Needs Node.js with npm; a newer Node than the system's comes from npm.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio
from rich.console import Console
from rich.table import Table

from tests.clients import inspector, python_client
from tests.clients.story import STEPS, Told, arguments, faults, read, server_environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATIENCE_SECONDS = 300
NODE_PACKAGES = (
    "@modelcontextprotocol/inspector@latest",
    "@modelcontextprotocol/sdk@1",
    "sdk-of-2025-06-18@npm:@modelcontextprotocol/sdk@~1.17.5",
    "@modelcontextprotocol/client@latest",
)
CONFORMANCE_PACKAGE = "@modelcontextprotocol/conformance@latest"
NODE = "node@22"
"""What the Inspector and the conformance suite need at least; the package brings the program."""
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "dns-rebinding-protection",
)
"""Those of the suite that ask for no tools, prompts and resources of its own."""
CAPTION = "* has no dialogs: approved beforehand in a terminal; declined means that nobody could be asked"
Faults = Mapping[str, str]


@dataclass(frozen=True)
class Workshop:
    """Where the clients are installed."""

    cache: Path

    @property
    def node(self) -> Path:
        """The folder of the clients for Node.js."""
        return self.cache / "node"

    @property
    def conformance(self) -> Path:
        """The folder of the conformance suite."""
        return self.cache / "conformance"

    @property
    def fastmcp(self) -> Path:
        """The Python that has FastMCP."""
        return self.cache / "fastmcp" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def environ(self) -> dict[str, str]:
        """An environment in which the installed Node is the first."""
        return {"PATH": os.pathsep.join((str(self.node / "node_modules" / ".bin"), os.environ["PATH"]))}


class Row(NamedTuple):
    """One client, and how its story is told."""

    name: str
    play: Callable[[Workshop, Path], Faults]


def main(names: tuple[str, ...]) -> int:
    """Install, play, print a table; exit status 1 if anything failed."""
    os.chdir(ROOT)
    console, workshop = Console(), Workshop(_private_cache())
    with console.status("installing the clients …"):
        _install(workshop)
    failed = _clients(console, workshop, [row for row in ROWS if _wanted(row.name, names)])
    if _wanted("conformance", names):
        failed += _suite(console, workshop)
    for line in failed:
        console.print(line, style="red", markup=False)
    return 1 if failed else 0


def _wanted(name: str, names: tuple[str, ...]) -> bool:
    return not names or any(part.casefold() in name.casefold() for part in names)


def _clients(console: Console, workshop: Workshop, rows: list[Row]) -> list[str]:
    """Draw what each client got; return what failed."""
    table, failed = Table("Client", *STEPS, caption=CAPTION), []
    for row in rows:
        with console.status(f"{row.name} …"):
            found = _played(row, workshop)
        failed += [f"{row.name}: {step} {fault}" for step, fault in found.items() if fault]
        table.add_row(row.name, *("[red]no[/]" if found[step] else "[green]yes[/]" for step in STEPS))
    if rows:
        console.print(table)
    return failed


def _suite(console: Console, workshop: Workshop) -> list[str]:
    with console.status("the conformance suite …"):
        failed = _conformance(workshop)
    held = len(SCENARIOS) - len(failed)
    console.print(
        f"Official conformance suite: {held} of {len(SCENARIOS)} scenarios passed, those that apply, over HTTP"
    )
    return failed


def _private_cache() -> Path:
    """A folder that nobody else can have prepared."""
    cache = Path(tempfile.gettempdir()) / f"novita-mcp-clients-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    cache.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (cache.is_symlink() or cache.stat().st_uid != os.getuid()):
        raise SystemExit(f"{cache} belongs to somebody else; remove it first")
    return cache


def _install(workshop: Workshop) -> None:
    """Install what is not there yet; removing the cache folder starts afresh."""
    for folder, packages in ((workshop.node, NODE_PACKAGES), (workshop.conformance, (CONFORMANCE_PACKAGE,))):
        if not (folder / "complete").exists():
            _install_node(folder, (*packages, NODE))
    shutil.copy(HERE / "typescript_client.mjs", workshop.node)
    if not workshop.fastmcp.exists():
        venv.create(workshop.cache / "fastmcp", with_pip=True, clear=True)
        _run([str(workshop.fastmcp), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "fastmcp"])


def _install_node(folder: Path, packages: tuple[str, ...]) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed: install Node.js")
    folder.mkdir(exist_ok=True)
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--loglevel", "error")
    _run([npm, "install", "--prefix", str(folder), *quiet, *packages])
    (folder / "complete").touch()


def _played(row: Row, workshop: Workshop) -> Faults:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return row.play(workshop, Path(folder))
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            return {step: str(error) for step in STEPS}


def _python(workshop: Workshop, folder: Path, *, era: python_client.Era) -> Faults:
    del workshop
    _, told = anyio.run(python_client.tell, folder, era)
    return faults(told)


def _typescript(workshop: Workshop, folder: Path, *, package: str, mode: str) -> Faults:
    command = ["node", "typescript_client.mjs", package, mode, arguments()]
    return faults(_told(command, workshop.node, {**server_environment(folder), **workshop.environ}))


def _fastmcp(workshop: Workshop, folder: Path) -> Faults:
    command = [str(workshop.fastmcp), str(HERE / "fastmcp_client.py"), arguments()]
    return faults(_told(command, folder, {**server_environment(folder), "PYTHONSAFEPATH": "1"}))


def _inspector(workshop: Workshop, folder: Path, *, era: str) -> Faults:
    program = workshop.node / "node_modules" / ".bin" / "mcp-inspector"
    told = inspector.tell(program, folder, workshop.environ, era)
    return faults(told, declined=inspector.NOBODY)


def _told(command: list[str], folder: Path, environ: Mapping[str, str]) -> tuple[Told, ...]:
    return read(_run(command, folder=folder, environ=environ).splitlines())


def _conformance(workshop: Workshop) -> list[str]:
    """What failed, a line for each scenario."""
    program = str(workshop.conformance / "node_modules" / ".bin" / "conformance")
    found = []
    with _over_http() as url:
        for scenario in SCENARIOS:
            command = [program, "server", "--url", url, "--scenario", scenario]
            try:
                _run(command, folder=workshop.conformance, environ={**os.environ, **workshop.environ})
            except RuntimeError as error:
                found.append(f"conformance {scenario}: {error}")
    return found


@contextlib.contextmanager
def _over_http() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.clients.over_http"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, encoding="utf-8") as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _run(command: list[str], *, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """What a program printed.

    Raises:
        RuntimeError: It ended with an error.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


ROWS = (
    Row("Python, 2025-11-25", partial(_python, era="legacy")),
    Row("Python, 2026-07-28", partial(_python, era="auto")),
    Row("TypeScript 1.17, 2025-06-18", partial(_typescript, package="sdk-of-2025-06-18", mode="first")),
    Row("TypeScript 1, 2025-11-25", partial(_typescript, package="@modelcontextprotocol/sdk", mode="first")),
    Row("TypeScript 2, 2025-11-25", partial(_typescript, package="@modelcontextprotocol/client", mode="legacy")),
    Row("TypeScript 2, 2026-07-28", partial(_typescript, package="@modelcontextprotocol/client", mode="auto")),
    Row("FastMCP", _fastmcp),
    Row("Inspector*, handshake", partial(_inspector, era="legacy")),
    Row("Inspector*, 2026-07-28", partial(_inspector, era="modern")),
)

if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
