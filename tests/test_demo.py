"""The demo is played as a stranger plays it: a real process, a real client, a real server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from novita_mcp.commands.demo_digits import FIGURES, HEIGHT, large
from novita_mcp.commands.demo_story import STORY

COMMAND = (sys.executable, "-m", "novita_mcp", "demo")
PATIENCE_SECONDS = 90.0
WIDTH = 80


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "COLUMNS": str(WIDTH), **more}


@pytest.fixture(scope="module")
def played() -> subprocess.CompletedProcess[str]:
    """One run through a pipe, in a place whose own settings would forbid everything."""
    return subprocess.run(
        [*COMMAND, "--yes"],
        env=_environment(NOVITA_MCP_MAX_HOURLY_USD="0", NOVITA_MCP_APPROVAL="none", PYTHONIOENCODING="utf-8"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_every_step_holds(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stderr == ""
    headings = re.findall(r"^ (\d)   (.+)$", played.stdout, re.MULTILINE)
    assert headings == [(str(number), step.title) for number, step in enumerate(STORY, start=1)]
    assert played.stdout.count("✔ ") >= len(STORY)


@pytest.mark.parametrize(
    "seen",
    [
        "4090.16c62g",
        "$0.3583 per hour",
        "max_hourly_usd",
        "this instance would cost $11.6083/h; at most",
        "Create this instance on Novita AI and start paying for it?",
        "Delete this instance for good?",
        "exactly one instance",
        "▸ running; it costs $0.3583 per hour now",
        "ssh -p ",
        "▸ exited; it costs $0.0083 per hour now",
        "nothing runs, nothing costs",
        "Cost in the real world",
    ],
)
def test_it_shows(played: subprocess.CompletedProcess[str], seen: str) -> None:
    assert seen in played.stdout


def test_a_pipe_gets_plain_text_of_80_columns(played: subprocess.CompletedProcess[str]) -> None:
    assert "\x1b" not in played.stdout
    assert max(map(len, played.stdout.splitlines())) <= WIDTH


def test_without_a_terminal_it_asks_nobody_and_says_so() -> None:
    ran = subprocess.run(
        COMMAND, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "--yes" in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminal in the standard library")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_person_in_a_terminal_says_no(no_color: str) -> None:
    environment = _environment(TERM="xterm-256color", NO_COLOR=no_color)
    status, shown = _in_a_terminal(answer=b"n\n", environment=environment)
    assert status == 1
    assert "The person declined it; nothing was created." in shown
    assert ("\x1b[1;32m" in shown) is (not no_color)
    assert "Traceback" not in shown


def _in_a_terminal(answer: bytes, environment: dict[str, str]) -> tuple[int, str]:
    """Run the demo in a pseudo-terminal and answer its first question."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(COMMAND, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        for chunk in _chunks(ours):
            asked_before = b"once?" in shown
            shown += chunk
            if b"once?" in shown and not asked_before:
                os.write(ours, answer)
        os.close(ours)
    return process.returncode, shown.decode()


def _chunks(descriptor: int) -> Iterator[bytes]:
    """What a terminal shows until its last user is gone, which Linux reports as an error."""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def test_large_figures_are_of_one_height_and_width() -> None:
    for lines in FIGURES.values():
        assert len(lines) == HEIGHT
        assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("price", ["$0.35", "$1,204.50"])
def test_a_price_is_drawn_in_large_figures(price: str) -> None:
    drawn = large(price).splitlines()
    assert len(drawn) == HEIGHT
    assert len({len(line) for line in drawn}) == 1


def test_a_price_that_is_unknown_stays_a_word() -> None:
    assert large("unknown") == "unknown"
