"""The last channel: a person's own terminal. A pipe is none, whatever comes out of it."""

import getpass
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

from novita_mcp.errors import NovitaMcpError

KEYBOARD = "CONIN$" if os.name == "nt" else "/dev/tty"


class NotATerminal(NovitaMcpError):
    """An approval without a person at a keyboard; they run the command themselves."""


@dataclass(frozen=True)
class Terminal:
    """A screen to draw on and a keyboard to read from."""

    console: Console
    keyboard: TextIO

    def ask(self, prompt: str) -> str:
        """One line typed after the question was drawn; what was typed or sent ahead of it does not count."""
        _forget_typed(self.keyboard)
        self.console.print(Text(prompt), end=" ")
        self.console.file.flush()
        return self.keyboard.readline().strip()


@contextmanager
def real_terminal() -> Iterator[Terminal]:
    """The terminal that this command was typed in.

    Raises:
        NotATerminal: Input or output is a pipe or a file, or there is no keyboard behind them.

    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NotATerminal(
            "An approval needs a person at a real terminal, and this is a pipe or a file. Nothing was approved. "
            "Open a terminal, run the same command there and type the answer by hand."
        )
    try:
        keyboard = open(KEYBOARD, encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115 - a device
    except OSError as error:
        raise NotATerminal(
            f"This process has no terminal of its own ({error.strerror}). Nothing was approved. "
            "Open a terminal and run the same command there."
        ) from error
    with keyboard:
        yield Terminal(Console(highlight=False), keyboard)


def who() -> str:
    """The person at this terminal, as `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{platform.node()}"


if sys.platform == "win32":

    def _forget_typed(keyboard: TextIO) -> None:
        del keyboard
else:
    import termios

    def _forget_typed(keyboard: TextIO) -> None:
        termios.tcflush(keyboard.fileno(), termios.TCIFLUSH)
