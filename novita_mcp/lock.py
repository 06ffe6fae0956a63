"""The spending lock: one holder at a time among all tasks of all servers on one state folder."""

import json
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
from anyio.lowlevel import RunVar

from novita_mcp.clock import Clock
from novita_mcp.errors import LedgerError, LockTimeout
from novita_mcp.files import open_private, private_folder

FILE_NAME = "spending.lock"
SHORTEST_POLL_SECONDS = 0.02
LONGEST_POLL_SECONDS = 0.05
_LABEL_BYTES = 200
_GATES: RunVar[dict[Path, anyio.Lock]] = RunVar("novita_mcp_spending_gates")

if sys.platform == "win32":
    import msvcrt

    _FAR_BYTE = 1 << 30  # beyond the label, so that others can read the label meanwhile

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@asynccontextmanager
async def spending_lock(state_dir: Path, *, timeout_seconds: float, clock: Clock) -> AsyncIterator[None]:
    """Hold the lock; tasks of one process come in order, processes by chance, the dead let go.

    Raises:
        LockTimeout: Another task or process held it all the time; the text says which.
        LedgerError: The lock file cannot be used.
    """
    path = private_folder(state_dir) / FILE_NAME
    deadline = clock.monotonic() + timeout_seconds
    async with _turn_in_this_process(path, timeout_seconds, clock):
        with _opened(path) as descriptor:
            await _take(descriptor, path, deadline, clock)
            _label(descriptor, clock)
            yield


@asynccontextmanager
async def _turn_in_this_process(path: Path, timeout_seconds: float, clock: Clock) -> AsyncIterator[None]:
    gate = _gates().setdefault(path, anyio.Lock())
    waited = await _pass(gate, path, timeout_seconds)
    try:
        if waited:
            # a process with a queue of its own must not be faster than the others' next try, every time
            await clock.sleep(LONGEST_POLL_SECONDS)
        yield
    finally:
        gate.release()


async def _pass(gate: anyio.Lock, path: Path, timeout_seconds: float) -> bool:
    """Take the gate; return whether another task had it."""
    try:
        gate.acquire_nowait()
    except anyio.WouldBlock:
        with anyio.move_on_after(timeout_seconds) as wait:
            await gate.acquire()
        if wait.cancelled_caught:
            raise _too_long(path) from None
        return True
    return False


def _gates() -> dict[Path, anyio.Lock]:
    """The gates of this event loop: locks of one loop cannot be waited for in another."""
    try:
        return _GATES.get()
    except LookupError:
        gates: dict[Path, anyio.Lock] = {}
        _GATES.set(gates)
        return gates


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The lock file; closing it releases the lock, and so does the death of the process."""
    try:
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise LedgerError(f"The lock {path} cannot be used: {error.strerror}. Nothing was sent.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _take(descriptor: int, path: Path, deadline: float, clock: Clock) -> None:
    while not _lock_now(descriptor, path):
        if clock.monotonic() >= deadline:
            raise _too_long(path)
        await clock.sleep(random.uniform(SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS))  # noqa: S311


def _lock_now(descriptor: int, path: Path) -> bool:
    try:
        return _try_lock(descriptor)
    except OSError as error:
        raise LedgerError(f"The file system of {path} has no locks ({error.strerror}). Nothing was sent.") from error


def _label(descriptor: int, clock: Clock) -> None:
    """Write down who holds the lock, for those who wait in vain."""
    label = json.dumps({"pid": os.getpid(), "since": clock.now().isoformat(timespec="seconds")})
    with suppress(OSError):  # a full disk takes the name from the message, not the lock from its holder
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, label.encode().ljust(_LABEL_BYTES))


def _too_long(path: Path) -> LockTimeout:
    return LockTimeout(
        f"{_holder(path)} is still spending, so nothing was sent. Trying again is safe. "
        "If that process hangs, end it: its lock ends with it."
    )


def _holder(path: Path) -> str:
    try:
        label = json.loads(path.read_text())
        return f"Another call (process {int(label['pid'])}, since {label['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "Another call"
