"""A person at a real terminal: the command runs on a pseudo-terminal of its own, and answers are typed into it."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_SECONDS = 30.0
WITH_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "novita_mcp", *sys.argv[1:]])
"""
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Ended:
    """What was on the screen, without its colours, and the exit status."""

    screen: str
    status: int


def at_a_keyboard(*arguments: str, types: str, env: Mapping[str, str], ahead: str = "") -> Ended:
    """Run a command in a terminal; `ahead` is in its input before it asks, `types` is typed when it has asked."""
    ours, theirs = pty.openpty()
    os.write(ours, ahead.encode())
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_TERMINAL, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "120", **env},
    )
    os.close(theirs)
    try:
        screen = _until(ours, "Type ", ":")
        if types:
            os.write(ours, types.encode())
        screen += _until(ours)
        return Ended(_CODES.sub("", screen).replace("\r", ""), process.wait(LONGEST_SECONDS))
    finally:
        os.close(ours)  # hangs up, which ends a command that still waits
        process.wait(LONGEST_SECONDS)


def through_a_pipe(*arguments: str, types: str, env: Mapping[str, str]) -> Ended:
    """Run a command as a program runs it: its input is what a program writes."""
    done = subprocess.run(
        [sys.executable, "-m", "novita_mcp", *arguments],
        input=types,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        env={"PATH": os.environ["PATH"], **env},
        check=False,
        start_new_session=True,
    )
    return Ended(done.stdout + done.stderr, done.returncode)


def _until(descriptor: int, *wanted: str) -> str:
    """Everything on the screen until the last of the wanted texts came after the ones before it, or the end."""
    screen, deadline = "", time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        ready, _, _ = select.select([descriptor], [], [], 0.1)
        if not ready:
            continue
        try:
            read = os.read(descriptor, 65536)
        except OSError:  # the other end is closed
            return screen
        screen += read.decode(errors="replace")
        if not read or (wanted and _has(screen, wanted)):
            return screen
    raise AssertionError(f"nothing came for {LONGEST_SECONDS} s after: {screen}")


def _has(screen: str, wanted: tuple[str, ...]) -> bool:
    place = 0
    for text in wanted:
        place = screen.find(text, place)
        if place < 0:
            return False
    return True
