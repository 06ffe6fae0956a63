"""A clock that moves only when it is told to."""

from datetime import UTC, datetime, timedelta

import anyio.lowlevel


class TurnedClock:
    """A `Clock` for tests: waiting on it turns it forward and takes no time."""

    def __init__(self, start: datetime = datetime(2026, 8, 3, 18, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._turned_seconds = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._turned_seconds)

    def monotonic(self) -> float:
        return self._turned_seconds

    async def sleep(self, seconds: float) -> None:
        """Turn the clock by `seconds` and let other tasks run once."""
        self.advance(max(seconds, 0))
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        """Turn the clock forward."""
        if seconds < 0:
            raise ValueError("a clock is not turned back")
        self._turned_seconds += seconds
