"""Real server processes against the simulator over HTTP, killed without a warning."""

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from novita_mcp.clock import SystemClock
from novita_mcp.settings import load_settings
from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.serve import serve
from novita_mcp.simulator.world import World, build_world
from novita_mcp.wiring import opened_app
from tests.stress.machinery import KEY
from tests.stress.memory import CAP, Findings, aftermath, judge
from tests.stress.schedules import CREATE, REPLIES

LONGEST_LIFE_SECONDS = 0.5
MET = (
    *("calm", "calm", "5xx after commit", "reset after commit", "half a body", "late commit"),
    *("time-out before commit", "time-out after commit"),
)
"""What the create may meet; a time-out is longer than the process lives."""
REAPED_FIRST = 5
"""Every so many-th restart is a real `novita-mcp reap`."""


class LeapingClock:
    """The machine's clock, which leaps over every wait, and a world that leaps with it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._leapt = 0.0

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=self._leapt)

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self._leapt

    async def sleep(self, seconds: float) -> None:
        self._leapt += seconds
        self._world.advance(seconds)
        await anyio.lowlevel.checkpoint()


async def slaughter(seed: int, number: int, folder: Path) -> Findings:
    """Kill a process in the middle of a create, start again, and judge what is left."""
    rng = random.Random(f"process/{seed}/{number}")
    async with simulated() as (world, url):
        world.faults.add(*_fault(rng))
        variables = {**CAP, "NOVITA_API_BASE_URL": url, "NOVITA_MCP_STATE_DIR": str(folder)}
        async with driver(variables, tasks=1) as process:
            await anyio.sleep(rng.uniform(0, LONGEST_LIFE_SECONDS))
            with contextlib.suppress(ProcessLookupError):  # it was faster than its fate
                process.send_signal(signal.SIGKILL)
            await process.wait()
        world.faults.clear()
        if number % REAPED_FIRST == 0:
            await _reaped(variables)
        found = await _begun_again(world, variables, number)
        judge(folder, world, found)
    return found


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[World, str]]:
    """A simulator on loopback for as long as this lasts."""
    world = build_world(SystemClock())
    async with anyio.create_task_group() as group:
        with contextlib.redirect_stdout(io.StringIO()):
            url = await group.start(partial(serve, world=world))
        yield world, url
        group.cancel_scope.cancel()


@asynccontextmanager
async def driver(variables: Mapping[str, str], *, tasks: int) -> AsyncIterator[Process]:
    """A process that has just been told to create so many instances at once."""
    process = await anyio.open_process(
        [sys.executable, "-m", "tests.stress.driver", str(tasks)],
        env=environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    async with process:
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            assert (await process.stdout.receive()).startswith(b"ready")
            await process.stdin.send(b"go\n")
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """What a driver needs of this process's environment, and its settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    settings = {"NOVITA_API_KEY": KEY, "NOVITA_MCP_APPROVAL": "none", "NOVITA_MCP_CONFIG": os.devnull}
    return {**kept, **settings, **variables}


async def said(process: Process) -> list[str]:
    """Every line that a driver prints until it ends."""
    assert process.stdout is not None
    text = "".join([part async for part in TextReceiveStream(process.stdout)])
    await process.wait()
    return text.splitlines()


def _fault(rng: random.Random) -> tuple[Fault, ...]:
    given = dict(REPLIES[rng.choice(MET)])
    if not given:
        return ()
    if given["kind"] == "late_commit":
        given |= {"status": rng.choice([None, 502]), "delay_seconds": rng.choice([1, 30, 200])}
    return (Fault(method="POST", path_ends_with=CREATE, **given),)


async def _reaped(variables: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "novita_mcp", "reap"]
    result = await anyio.run_process(command, env=environment(variables), check=False)
    assert result.returncode == 0, result.stdout + result.stderr


async def _begun_again(world: World, variables: Mapping[str, str], number: int) -> Findings:
    found, settings = Findings(), load_settings(environment(variables))
    async with opened_app(settings, {}, LeapingClock(world)) as app:
        await aftermath(app, world, found, number=number)
    return found
