"""A ledger in a folder of its own, on a clock that a test turns."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio.lowlevel
import pytest

from novita_mcp.ledger import Ledger


class HandClock:
    """A clock that stands still until it is turned, in either direction."""

    def __init__(self) -> None:
        self.at = datetime(2026, 8, 3, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.turn(seconds=seconds)
        await anyio.lowlevel.checkpoint()

    def turn(self, **length: float) -> None:
        self.at += timedelta(**length)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def ledger(state_dir: Path, clock: HandClock) -> Iterator[Ledger]:
    opened = Ledger.open(state_dir, clock)
    yield opened
    opened.close()
