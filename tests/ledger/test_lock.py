"""One spender at a time, in order, with an end to every wait."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from novita_mcp.clock import SystemClock
from novita_mcp.errors import LedgerError, LockTimeout
from novita_mcp.lock import spending_lock

pytestmark = pytest.mark.anyio

HOLDER = """
import sys, anyio
from pathlib import Path
from novita_mcp.clock import SystemClock
from novita_mcp.lock import spending_lock

async def hold():
    async with spending_lock(Path(sys.argv[1]), timeout_seconds=30, clock=SystemClock()):
        print("held", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)

anyio.run(hold)
"""
ADDER = """
import sys, anyio
from pathlib import Path
from novita_mcp.clock import SystemClock
from novita_mcp.lock import spending_lock

async def add(total):
    async with spending_lock(total.parent, timeout_seconds=60, clock=SystemClock()):
        seen = int(total.read_text())
        await anyio.lowlevel.checkpoint()
        total.write_text(str(seen + 1))

async def main():
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(add, Path(sys.argv[1]))

anyio.run(main)
"""


def start(code: str, argument: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(argument)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def holder(state_dir):
    """Another process that holds the lock until its stdin closes."""
    process = start(HOLDER, state_dir)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate()


def taken(state_dir, *, timeout_seconds=5.0, clock=None):
    return spending_lock(state_dir, timeout_seconds=timeout_seconds, clock=clock or SystemClock())


async def test_tasks_of_one_process_come_one_at_a_time_and_in_order(state_dir, clock):
    order: list[int] = []
    inside: list[int] = []

    async def spend(number: int) -> None:
        async with taken(state_dir, clock=clock):
            inside.append(number)
            assert inside == [number]
            await anyio.lowlevel.checkpoint()
            order.append(number)
            inside.remove(number)

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(spend, number)
    assert order == list(range(10))


async def test_processes_exclude_each_other(state_dir):
    state_dir.mkdir()
    total = state_dir / "total"
    total.write_text("0")
    processes = [start(ADDER, total) for _ in range(4)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert total.read_text() == "20"


async def test_a_wait_ends_and_names_the_process_that_holds_the_lock(state_dir, holder, clock):
    with pytest.raises(LockTimeout, match=rf"process {holder.pid}, since 20.* nothing was sent"):
        async with taken(state_dir, timeout_seconds=1, clock=clock):
            pass


async def test_a_wait_within_the_process_ends_too(state_dir):
    async with taken(state_dir):

        async def wait_in_vain() -> None:
            with pytest.raises(LockTimeout, match=f"process {os.getpid()}"):
                async with taken(state_dir, timeout_seconds=0.05):
                    pass

        async with anyio.create_task_group() as group:
            group.start_soon(wait_in_vain)


async def test_without_time_a_free_lock_is_still_taken(state_dir):
    async with taken(state_dir, timeout_seconds=0):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_death_lets_go(state_dir, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    async with taken(state_dir, timeout_seconds=0):
        pass


async def test_an_error_and_a_cancellation_let_go(state_dir):
    with pytest.raises(ZeroDivisionError):
        async with taken(state_dir):
            raise ZeroDivisionError
    with anyio.CancelScope() as scope:
        async with taken(state_dir):
            scope.cancel()
            await anyio.sleep_forever()
    async with taken(state_dir, timeout_seconds=0):
        pass


async def test_a_cancelled_wait_leaves_nothing_behind(state_dir, holder):
    async def wait() -> None:
        async with taken(state_dir):
            pytest.fail("it is held")

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    holder.communicate()
    async with taken(state_dir, timeout_seconds=0):
        pass


async def test_a_lock_file_with_anything_in_it_still_locks(state_dir, holder, clock):
    (state_dir / "spending.lock").write_text("nonsense")
    with pytest.raises(LockTimeout, match="Another call is still spending"):
        async with taken(state_dir, timeout_seconds=0, clock=clock):
            pass


async def test_a_lock_file_out_of_reach_is_a_clear_error(state_dir):
    (state_dir / "spending.lock").mkdir(parents=True)
    with pytest.raises(LedgerError, match=r"spending.lock cannot be used"):
        async with taken(state_dir):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
async def test_the_lock_file_is_its_owner_s_alone(state_dir):
    async with taken(state_dir):
        assert (state_dir / "spending.lock").stat().st_mode & 0o777 == 0o600
