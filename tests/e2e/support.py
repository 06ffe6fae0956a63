"""A real server process on stdio, a client that speaks to it, and a simulated Novita over HTTP on loopback."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ElicitResult

from novita_mcp.clock import SystemClock
from novita_mcp.ledger import Ledger
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.serve import serve
from novita_mcp.simulator.tempo import Tempo
from novita_mcp.simulator.world import Received, World, build_world

ROOT = Path(__file__).parents[2]
TEE = Path(__file__).with_name("tee.py")
SERVE = ("-m", "novita_mcp", "serve")
KEY = "sk_e2e_Zq81xT0p"
CREATE = "/gpu/instance/create"
ARGS: Mapping[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "pytorch/pytorch:2.8.0",
    "clusterId": "us-ca-6",
}
PATIENCE_SECONDS = 60


@dataclass
class Novita:
    """One simulated account and where it is served."""

    world: World
    url: str

    def fault(self, kind: Any, path: str = CREATE, method: str = "POST", **more: Any) -> None:
        self.world.faults.add(Fault(kind=kind, path_ends_with=path, method=method, **more))

    @property
    def creates(self) -> list[Received]:
        return [request for request in self.world.received if request.path.endswith(CREATE)]


@contextmanager
def novita(portal: BlockingPortal, *, keys: frozenset[str] | None = None) -> Iterator[Novita]:
    world = build_world(SystemClock(), tempo=Tempo.brisk(), keys=keys)

    async def run(*, task_status: Any) -> None:
        await serve(world=world, task_status=task_status)

    running, url = portal.start_task(run)
    try:
        yield Novita(world, url)
    finally:
        running.cancel()


@dataclass
class Session:
    """A client at a server process; `stdout` is everything the process wrote there."""

    portal: BlockingPortal
    client: Client
    folder: Path
    questions: list[str] = field(default_factory=list)

    def start(self, tool: str, **arguments: Any) -> Future[CallToolResult]:
        return self.portal.start_task_soon(self.client.call_tool, tool, arguments)

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return self.start(tool, **arguments).result(PATIENCE_SECONDS)

    def create(self, **changes: Any) -> CallToolResult:
        return self.call("create_gpu_instance", **{**ARGS, **changes})

    @property
    def kinds(self) -> list[str]:
        return ledger_kinds(self.folder)


@contextmanager
def session(
    portal: BlockingPortal,
    folder: Path,
    environ: Mapping[str, str],
    *,
    era: str = "auto",
    arguments: tuple[str, ...] = (),
) -> Iterator[Session]:
    """Start a server process and connect; at the end its stdout must have been nothing but the protocol."""
    folder.mkdir(parents=True, exist_ok=True)
    questions: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    log = folder / "stdout.log"
    command = StdioServerParameters(
        command=sys.executable,
        args=[str(TEE), str(log), sys.executable, *SERVE, *arguments],
        env=environment(folder, environ),
        cwd=ROOT,
    )
    with (folder / "stderr.log").open("w", encoding="utf-8") as errors:
        connection = portal.wrap_async_context_manager(
            Client(stdio_client(command, errlog=errors), mode=era, elicitation_callback=person)
        )
        with connection as client:
            yield Session(portal, client, folder, questions)
    assert_protocol(log.read_bytes())


def environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the machine's own configuration, and no browser."""
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONPATH": str(ROOT),
        "NOVITA_MCP_STATE_DIR": str(folder / "state"),
        "NOVITA_MCP_APPROVAL_CHANNELS": "dialog",
        **environ,
    }


def at(novita: Novita, **more: str) -> dict[str, str]:
    """The settings that point a server at a simulated Novita."""
    return {"NOVITA_API_KEY": KEY, "NOVITA_API_BASE_URL": novita.url, **more}


def assert_protocol(stdout: bytes) -> None:
    lines = stdout.splitlines()
    assert lines
    assert {json.loads(line)["jsonrpc"] for line in lines} == {"2.0"}


def refused_start(folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a server that must not start, to its end."""
    return subprocess.run(
        [sys.executable, *SERVE],
        env=environment(folder, environ),
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def ledger_kinds(folder: Path) -> list[str]:
    ledger = Ledger.open(folder / "state", SystemClock())
    try:
        assert ledger.verify() == ()
        return [entry.kind.value for entry in ledger.entries()]
    finally:
        ledger.close()


def text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if part.type == "text")


def structured(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return result.structured_content


def failure(result: CallToolResult) -> str:
    """The one message; a wall of text or a traceback is none."""
    assert result.is_error, text(result)
    assert len(result.content) == 1
    said = text(result)
    assert "Traceback" not in said
    assert 0 < len(said) < 1500
    return said


def eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    """Look until it is so; a fixed pause would be too long or too short."""
    import time

    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.02)
