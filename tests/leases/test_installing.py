"""What a person at a terminal is asked before a job or a key is written, and what is then written."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
KEY = "sk_typed_by_hand_1"


QUESTIONS = (b"[y/N] ", b"not shown: ")


def at_a_terminal(home: Path, typed: str, *arguments: str) -> tuple[int, str]:
    """Run a command as a person would, who types when asked; its exit status, and all that the terminal showed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOVITA_", "XDG_"))}
    environ = {**kept, "HOME": str(home), "PATH": f"{_with_systemctl(home)}:{kept['PATH']}"}
    master, slave = os.openpty()
    command = [sys.executable, "-m", "novita_mcp", *arguments]
    ends = {"stdin": slave, "stdout": slave, "stderr": slave}
    with subprocess.Popen(command, env=environ, start_new_session=True, **ends) as person:
        os.close(slave)
        shown = b""
        while part := _next(master):
            shown += part
            if shown.endswith(QUESTIONS):
                os.write(master, typed.encode())
    os.close(master)
    return person.returncode, shown.decode()


def _next(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the last one has left the terminal
        return b""


def _with_systemctl(home: Path) -> Path:
    program = home / "bin" / "systemctl"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program.parent


def written(home: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in home.rglob("novita-mcp-reap.*")}


linux = pytest.mark.skipif(sys.platform != "linux", reason="systemd")


@linux
def test_a_yes_writes_the_units_shows_them_first_and_says_how_to_switch_them_on(tmp_path):
    status, shown = at_a_terminal(tmp_path, "y\n", "install-reaper")
    assert status == 0
    assert set(written(tmp_path)) == {"novita-mcp-reap.service", "novita-mcp-reap.timer"}
    assert shown.index("ExecStart=") < shown.index("Write this?")
    assert "systemctl --user enable --now novita-mcp-reap.timer" in shown
    assert "novita-mcp login --file" in shown


@linux
@pytest.mark.parametrize("typed", ["n\n", "\n", "no\n", "yeah\n"])
def test_anything_but_a_yes_writes_nothing(tmp_path, typed):
    status, _ = at_a_terminal(tmp_path, typed, "install-reaper")
    assert (status, written(tmp_path)) == (1, {})


@linux
def test_what_somebody_changed_is_not_replaced_without_a_yes(tmp_path):
    at_a_terminal(tmp_path, "y\n", "install-reaper")
    (timer,) = tmp_path.rglob("*.timer")
    timer.write_text("# mine\n")
    status, shown = at_a_terminal(tmp_path, "n\n", "install-reaper")
    assert (status, timer.read_text()) == (1, "# mine\n")
    assert "REPLACES what is there" in shown


@linux
def test_a_second_time_there_is_nothing_to_write(tmp_path):
    at_a_terminal(tmp_path, "y\n", "install-reaper")
    status, shown = at_a_terminal(tmp_path, "", "install-reaper")
    assert status == 0
    assert "It is installed already." in shown


def test_a_typed_key_is_kept_for_its_owner_alone_and_never_shown(tmp_path):
    status, shown = at_a_terminal(tmp_path, f"{KEY}\n", "login", "--file")
    assert status == 0, shown
    (file,) = tmp_path.rglob("api-key")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (f"{KEY}\n", 0o600)
    after_the_question = shown.partition("not shown:")[2]
    assert KEY not in after_the_question
    assert "NOVITA_API_KEY_FILE=" in after_the_question


def test_what_is_no_key_is_not_kept(tmp_path):
    status, shown = at_a_terminal(tmp_path, "with spaces in it\n", "login", "--file")
    assert status == 2
    assert "Nothing was kept" in shown
    assert not list(tmp_path.rglob("api-key"))
