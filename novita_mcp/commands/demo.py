"""`novita-mcp demo`: the main job, end to end, by a real client over stdio against the simulator."""

import io
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from rich.console import Console

from novita_mcp.commands.demo_person import Person
from novita_mcp.commands.demo_screen import Screen
from novita_mcp.commands.demo_stage import Stage, StepFailed
from novita_mcp.commands.demo_story import STORY
from novita_mcp.domain.base import brief
from novita_mcp.errors import NovitaMcpError

LONGEST_ANSWER_SECONDS = 60.0


class NobodyThere(NovitaMcpError):
    """The demo asks a person, and no terminal is there to ask in."""


def run(*, yes: bool) -> int:
    """Play the story; exit status 0 only if every step held."""
    if not yes and not sys.stdin.isatty():
        raise NobodyThere("The demo asks a person twice. Run it in a terminal, or with --yes.")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these letters still shows the story
    screen = Screen(Console(highlight=False))
    return anyio.run(_perform, screen, Person(screen, always_yes=yes))


async def _perform(screen: Screen, person: Person) -> int:
    """Start the server as a host does, with none of the settings of this machine."""
    held = False
    with tempfile.TemporaryDirectory(prefix="novita-mcp-demo-") as folder:
        log = Path(folder) / "stderr.log"
        try:
            async with _client(Path(folder), log, person) as client:
                held = await _play(Stage(client, screen, person))
        except* (MCPError, OSError):
            held = False
            screen.failure(f"The server ended before its time. {_last_words(log)}")
    return 0 if held else 1


@asynccontextmanager
async def _client(folder: Path, log: Path, person: Person) -> AsyncIterator[Client]:
    config = folder / "config.toml"
    config.touch()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "novita_mcp", "serve", "--simulate"],
        env={"NOVITA_MCP_CONFIG": str(config)},
    )
    with log.open("w", encoding="utf-8") as errlog:
        transport = stdio_client(server, errlog=errlog)
        async with Client(
            transport, elicitation_callback=person.answer, read_timeout_seconds=LONGEST_ANSWER_SECONDS
        ) as client:
            yield client


def _last_words(log: Path) -> str:
    """The last line that the server wrote, without a traceback's frame."""
    lines = (line.strip(" |+-") for line in log.read_text(encoding="utf-8", errors="replace").splitlines())
    return brief(next(filter(None, reversed(list(lines))), ""))


async def _play(stage: Stage) -> bool:
    tools = await stage.client.list_tools()
    stage.screen.opening(len(tools.tools), stage.client.protocol_version)
    for number, step in enumerate(STORY, start=1):
        stage.screen.heading(number, step.title)
        try:
            stage.screen.held(await step.play(stage))
        except StepFailed as failure:
            stage.screen.failure(str(failure))
            return False
    return True
