"""A server process that creates as soon as it is told to: `python -m tests.stress.driver TASKS`, settings as usual."""

import os
import sys
from typing import Any

import anyio

from novita_mcp.app import App
from novita_mcp.clock import SystemClock
from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.errors import NovitaMcpError
from novita_mcp.provisioning.acts.create import CreateInstance
from novita_mcp.provisioning.road import Yes, apply, prepare
from novita_mcp.settings import load_settings
from novita_mcp.wiring import opened_app
from tests.stress.memory import ARGUMENTS


async def main(tasks: int) -> None:
    settings = load_settings(os.environ)
    async with opened_app(settings, os.environ, SystemClock()) as app, anyio.create_task_group() as group:
        _say("ready")
        await anyio.to_thread.run_sync(sys.stdin.readline)
        for _ in range(tasks):
            group.start_soon(_create, app)


async def _create(app: App) -> None:
    arguments: dict[str, Any] = {**ARGUMENTS, "leaseHours": 1}
    try:
        held = await prepare(app, CreateInstance(arguments=CreateArguments(**arguments)), taking_up=False)
        outcome = None if held.plan.denials else await apply(app, held, Yes("policy"))
    except NovitaMcpError as error:
        _say(f"error {error}".splitlines()[0])
    else:
        _say("denied" if outcome is None else outcome.status)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]))
