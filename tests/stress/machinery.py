"""A server around which anything can happen at any moment that the outside world can see."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx

from novita_mcp.app import App
from novita_mcp.errors import LedgerError
from novita_mcp.ledger import Entry, EntryKind, Ledger
from novita_mcp.settings import load_settings
from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World
from novita_mcp.wiring import opened_app

KEY = "sk_storm_0123456789"
DISK_FULL = "The ledger cannot be written: the disk is full (pretended)."


class Killed(BaseException):
    """The process is dead: nothing of it runs any more."""


def is_death(error: BaseException) -> bool:
    """Whether nothing but a `Killed` came out of all tasks."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_death, error.exceptions))
    return isinstance(error, Killed)


@contextmanager
def dying() -> Iterator[None]:
    """Expect the process to die in here."""
    try:
        yield
    except BaseException as error:
        if not is_death(error):
            raise
    else:
        raise AssertionError("it lived")


@dataclass
class Fate:
    """What befalls one server: at its `point`-th visible step, once; counted from the yes if `after_yes`."""

    point: int = 0
    after_yes: bool = False
    strike: Callable[["Fate"], None] = lambda fate: None
    steps: int = 0
    dead: bool = False
    full_for_writes: int = 0
    skew: timedelta = timedelta(0)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def step(self) -> None:
        """Pass a point at which something outside can be seen or done."""
        self.live()
        if self.after_yes:
            return
        self.steps += 1
        if self.steps == self.point:
            self.strike(self)

    def live(self) -> None:
        """Go on only while alive."""
        if self.dead:
            raise Killed


def kill(fate: Fate) -> None:
    """End the process at once."""
    fate.dead = True
    raise Killed


def cancel(fate: Fate) -> None:
    """Cancel the call, as a client that has lost patience does."""
    fate.scope.cancel()


def fill_disk(writes: int) -> Callable[[Fate], None]:
    """Let the next so many writes to the ledger fail."""

    def strike(fate: Fate) -> None:
        fate.full_for_writes = writes

    return strike


def turn_clock(length: timedelta) -> Callable[[Fate], None]:
    """Set the server's wall clock forward or back, as a person or NTP does."""

    def strike(fate: Fate) -> None:
        fate.skew += length

    return strike


class FatefulClock:
    """A server's own clock: the true time, and how far somebody has turned it away from that."""

    def __init__(self, true: TurnedClock, fate: Fate) -> None:
        self._true = true
        self._fate = fate

    def now(self) -> datetime:
        return self._true.now() + self._fate.skew

    def monotonic(self) -> float:
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        self._fate.step()
        await self._true.sleep(seconds)
        self._fate.live()


class FatefulTransport(httpx.AsyncBaseTransport):
    """The way to the simulator, with a visible step before and after each request."""

    def __init__(self, world: World, fate: Fate) -> None:
        self._inner = SimulatorTransport(world)
        self._fate = fate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._fate.step()
        response = await self._inner.handle_async_request(request)
        self._fate.step()
        return response


class FatefulLedger(Ledger):
    """A ledger whose disk may be full, with a visible step before and after each write."""

    fate: Fate

    def append(
        self,
        kind: EntryKind,
        *,
        plan_id: str | None = None,
        instance_id: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Entry:
        if kind is EntryKind.APPROVED:
            self.fate.after_yes = False
        self.fate.step()
        if self.fate.full_for_writes:
            self.fate.full_for_writes -= 1
            raise LedgerError(DISK_FULL)
        entry = super().append(kind, plan_id=plan_id, instance_id=instance_id, facts=facts or {})
        self.fate.step()
        return entry


@asynccontextmanager
async def fateful_app(
    folder: Path, world: World, fate: Fate, settings: Mapping[str, str] | None = None
) -> AsyncIterator[App]:
    """A server on a state folder, at the mercy of its fate."""
    assert isinstance(world.clock, TurnedClock)
    clock = FatefulClock(world.clock, fate)
    given = {"NOVITA_API_KEY": KEY, "NOVITA_MCP_STATE_DIR": str(folder), **(settings or {})}
    loaded = load_settings(given, config_dir=folder / "no-config")
    transport = FatefulTransport(world, fate)
    async with opened_app(loaded, {}, clock, transport=transport) as app:
        app.close()
        ledger = FatefulLedger.open(folder, clock)
        ledger.fate = fate
        app.opened = ledger
        yield app
