"""`novita-mcp ssh`: the password is for a person at a terminal, or for a file of theirs."""

import os
import pty
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from novita_mcp.simulator.instances import password
from novita_mcp.simulator.serve import serve
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world

pytestmark = pytest.mark.anyio

LONGEST_SECONDS = 30


@pytest.fixture
def world() -> World:
    return build_world(TurnedClock())


@pytest.fixture
async def environ(world: World, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """Settings for a simulator that serves on loopback."""
    async with anyio.create_task_group() as group:
        url = await group.start(lambda task_status: serve(world=world, task_status=task_status))
        yield {
            "PATH": os.environ["PATH"],
            "NOVITA_API_KEY": "sk_test_key",
            "NOVITA_API_BASE_URL": url,
            "NOVITA_MCP_STATE_DIR": str(tmp_path / "state"),
            "HOME": str(tmp_path),
        }
        group.cancel_scope.cancel()


async def test_a_pipe_gets_the_command_but_never_the_password(world: World, environ: dict[str, str]) -> None:
    instance = world.add_foreign_instance()
    done = await _run(environ, instance.id)
    assert done.stdout.startswith("ssh -p ")
    assert len(done.stdout.splitlines()) == 1
    assert "real terminal only" in done.stderr
    assert done.returncode == 1
    assert password(instance) not in done.stdout + done.stderr


async def test_a_terminal_gets_both(world: World, environ: dict[str, str]) -> None:
    instance = world.add_foreign_instance()
    screen = await _on_a_terminal(environ, instance.id)
    assert screen.startswith("ssh -p ")
    assert f"Password: {password(instance)}" in screen
    assert "Web terminal: https://" in screen


async def test_a_password_file_is_the_owners_alone_even_where_it_was_not(
    world: World, environ: dict[str, str], tmp_path: Path
) -> None:
    instance, file = world.add_foreign_instance(), tmp_path / "word"
    file.write_text("an older and much longer password than the new one")
    file.chmod(0o644)
    done = await _run(environ, instance.id, "--password-file", str(file))
    assert done.returncode == 0
    assert file.read_text() == password(instance) + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password(instance) not in done.stdout + done.stderr


async def test_a_password_file_is_not_written_through_a_link(
    world: World, environ: dict[str, str], tmp_path: Path
) -> None:
    instance, target, link = world.add_foreign_instance(), tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    done = await _run(environ, instance.id, "--password-file", str(link))
    assert done.returncode == 1
    assert "was not kept" in done.stderr
    assert target.read_text() == "precious"


async def test_what_does_not_run_has_no_login(world: World, environ: dict[str, str]) -> None:
    done = await _run(environ, "0123456789abcdef")
    assert done.returncode == 1
    assert "list_gpu_instances" in done.stderr


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "novita_mcp", "ssh", *arguments]


async def _run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _command(*arguments),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    return await anyio.to_thread.run_sync(run)


async def _on_a_terminal(environ: dict[str, str], *arguments: str) -> str:
    ours, theirs = pty.openpty()

    def run() -> int:
        ways = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        return subprocess.run(
            _command(*arguments), env=environ, timeout=LONGEST_SECONDS, check=False, **ways
        ).returncode

    try:
        assert await anyio.to_thread.run_sync(run) == 0
        return os.read(ours, 65536).decode().replace("\r", "")
    finally:
        os.close(theirs)
        os.close(ours)
