"""The person of the demo: sees the server's question, and answers it."""

import os
import sys

import anyio
from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult

from novita_mcp.commands.demo_screen import Screen

GLANCE_SECONDS = 0.4
"""How long a question stands before it is asked for an answer: a no within 0.3 s counts as unread."""
READING_SECONDS = 0.8
"""How much longer `--yes` seems to read."""
YES = frozenset({"y", "yes"})


class Person:
    """Whoever sits at the terminal, or `--yes` in their place."""

    def __init__(self, screen: Screen, *, always_yes: bool) -> None:
        self._screen = screen
        self._always_yes = always_yes
        self.questions = 0

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Show the question that the server put to its client, and bring back the answer."""
        del context
        self.questions += 1
        self._screen.question(params.message)
        await anyio.sleep(GLANCE_SECONDS)
        if await self._approves():
            return ElicitResult(action="accept", content={"approve": True})
        return ElicitResult(action="decline")

    async def _approves(self) -> bool:
        console = self._screen.console
        console.print("    Approve exactly this, once? [bold]y[/]/[bold]N[/] ", end="", highlight=False)
        if self._always_yes:
            await anyio.sleep(READING_SECONDS)
            console.print("[bold green]y[/]  [dim](--yes)[/]", highlight=False)
            return True
        return (await _typed_line()).strip().casefold() in YES


async def _typed_line() -> str:
    """One line of the terminal's; Ctrl-C ends the wait at once where a terminal can be watched."""
    if os.name != "posix":
        return await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    await anyio.wait_readable(sys.stdin)
    return sys.stdin.readline()
