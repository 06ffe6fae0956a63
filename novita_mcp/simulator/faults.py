"""Faults on demand, as data: which call goes wrong, how, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

FaultKind = Literal[
    "status",  # answers `status` with `body` and `headers`
    "html",  # answers a proxy's page, 502 unless `status` says otherwise
    "half_body",  # carries the call out, sends half of the answer and closes the connection
    "truncated",  # carries the call out and sends half of the JSON as if it were all
    "garbage",  # carries the call out and sends what is no JSON
    "empty",  # carries the call out and sends 200 with nothing
    "drop_before",  # closes the connection, nothing has happened
    "drop_after",  # carries the call out, then closes the connection
    "hang",  # never answers
    "late_commit",  # answers `status`, or nothing, and carries the call out `delay_seconds` later
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
ALWAYS_COMMITS = frozenset({"half_body", "truncated", "garbage", "empty", "drop_after"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls of a method on a path, `after` so many have gone well.

    `method` may be `*`. `commits` makes a `status`, `html` or `hang` carry the call out
    first. A `body` of text is sent as it is, anything else as JSON.
    """

    method: str = "*"
    path_ends_with: str = ""
    kind: FaultKind
    times: int = 1
    after: int = 0
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    commits: bool = False
    delay_seconds: float = 5

    def concerns(self, method: str, path: str) -> bool:
        """Whether a call is one of those that it is about."""
        return self.method in {"*", method} and path.endswith(self.path_ends_with)

    @property
    def carries_out(self) -> bool:
        """Whether the call takes effect before the fault is played."""
        return self.commits or self.kind in ALWAYS_COMMITS


@dataclass
class _Armed:
    fault: Fault
    passing: int
    left: int


@dataclass
class FaultQueue:
    """The faults that wait, in the order in which they were added."""

    _armed: list[_Armed] = field(default_factory=list)

    def add(self, *faults: Fault) -> None:
        """Let faults wait for their calls."""
        self._armed += [_Armed(fault, fault.after, fault.times) for fault in faults]

    def clear(self) -> None:
        """Forget every fault."""
        self._armed.clear()

    def waiting(self) -> list[Fault]:
        """Return the faults that have not been used up."""
        return [armed.fault for armed in self._armed]

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that this call meets, if any, and count it."""
        armed = next((each for each in self._armed if each.fault.concerns(method, path)), None)
        if armed is None:
            return None
        if armed.passing:
            armed.passing -= 1
            return None
        armed.left -= 1
        if not armed.left:
            self._armed.remove(armed)
        return armed.fault
