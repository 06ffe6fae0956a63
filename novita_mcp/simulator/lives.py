"""The life of an instance, laid out in advance and read by the time of day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

GONE = "gone"
"""The state in which nothing but the books remember an instance."""

LEAVING = frozenset({"toRemove", "removing", "removed"})
ARRIVING = frozenset({"pending", "toCreate", "creating", "pulling"})
TURNING = frozenset({"toStart", "starting", "toStop", "stopping", "toRestart", "restarting"})
CHANGING = frozenset({"toReset", "resetting", "migrating", "freezing"})
STATUS_WORDS = ARRIVING | TURNING | CHANGING | LEAVING | {"running", "exited"}


@dataclass(frozen=True)
class Phase:
    """A status and the moment it begins."""

    status: str
    since: datetime


@dataclass(frozen=True)
class Step:
    """A status and how long it lasts; `None` is until something happens."""

    status: str
    seconds: float | None = None


@dataclass(frozen=True)
class Life:
    """Every phase so far and every phase that is already bound to come, in order."""

    phases: tuple[Phase, ...] = ()

    def phase(self, at: datetime) -> Phase:
        """Return the phase that `at` falls into."""
        return [phase for phase in self.phases if phase.since <= at][-1]

    def status(self, at: datetime) -> str:
        """Return the status at a moment."""
        return self.phase(at).status

    def last(self, status: str, at: datetime) -> datetime | None:
        """Return when the latest phase of this status began, if one has."""
        begun = [phase.since for phase in self.phases if phase.status == status and phase.since <= at]
        return begun[-1] if begun else None

    def then(self, at: datetime, *steps: Step) -> "Life":
        """Return this life with everything from `at` on replaced by `steps`."""
        kept = tuple(phase for phase in self.phases if phase.since <= at)
        return Life(kept + tuple(_laid_out(at, steps)))

    def spans(self, start: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
        """Yield status, start and end of each stretch between two moments."""
        ends = [phase.since for phase in self.phases[1:]] + [end]
        for phase, phase_end in zip(self.phases, ends, strict=True):
            span_start, span_end = max(phase.since, start), min(phase_end, end)
            if span_start < span_end:
                yield phase.status, span_start, span_end


def _laid_out(at: datetime, steps: tuple[Step, ...]) -> Iterator[Phase]:
    for step in steps:
        yield Phase(step.status, at)
        at += timedelta(seconds=step.seconds or 0)
