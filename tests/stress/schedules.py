"""What goes wrong in one run, all of it drawn from a seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from novita_mcp.simulator.faults import Fault
from tests.stress.machinery import Fate, cancel, fill_disk, kill, turn_clock

CREATE = "/gpu/instance/create"
LIST = "/gpu/instances"
STEPS_BEFORE_YES, STEPS_AFTER_YES = 60, 24
"""A create in calm weather passes about 50 steps, the last ten after the yes; lost replies add to these."""

REPLIES: dict[str, dict[str, Any]] = {
    "calm": {},
    "refused": {"kind": "status", "status": 400},
    "rate limited": {"kind": "status", "status": 429},
    "5xx before commit": {"kind": "status", "status": 500},
    "5xx after commit": {"kind": "status", "status": 503, "commits": True},
    "HTML before commit": {"kind": "html"},
    "HTML after commit": {"kind": "html", "status": 504, "commits": True},
    "reset before commit": {"kind": "drop_before"},
    "reset after commit": {"kind": "drop_after"},
    "half a body": {"kind": "half_body"},
    "half a JSON": {"kind": "truncated"},
    "garbage": {"kind": "garbage"},
    "empty body": {"kind": "empty"},
    "time-out before commit": {"kind": "hang"},
    "time-out after commit": {"kind": "hang", "commits": True},
    "late commit": {"kind": "late_commit"},
}
BLOWS = ("killed", "cancelled", "disk full", "clock turned", "list unreadable")
KINDS = (*REPLIES, *BLOWS)


@dataclass(frozen=True)
class Schedule:
    """One run: how the create is answered, and what befalls the server meanwhile."""

    number: int
    kind: str
    reply: str
    blow: str
    strike: Callable[[Fate], None]
    point: int
    after_yes: bool
    faults: tuple[Fault, ...]
    lease_hours: float | None
    skew_at_restart: timedelta

    @property
    def words(self) -> str:
        """The run, for whoever has to find out what went wrong in it."""
        when = f"step {self.point}{' after the yes' if self.after_yes else ''}"
        return f"#{self.number} {self.kind}: reply {self.reply!r}, {self.blow or 'nothing'} at {when}"


def schedule(seed: int, number: int) -> Schedule:
    """The `number`-th run of a seed; every kind comes in turn."""
    rng = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    reply = kind if kind in REPLIES else rng.choice(list(REPLIES))
    blow = kind if kind in BLOWS else rng.choice(["", "", *BLOWS])
    after_yes = rng.random() < 0.8
    return Schedule(
        number=number,
        kind=kind,
        reply=reply,
        blow=blow,
        strike=_strike(blow, reply, rng),
        point=rng.randint(1, STEPS_AFTER_YES if after_yes else STEPS_BEFORE_YES),
        after_yes=after_yes,
        faults=(*_reply_fault(reply, rng), *_list_faults(blow, rng)),
        lease_hours=rng.choice([None, 1.0, 8.5]),
        skew_at_restart=timedelta(seconds=rng.choice([0, 0, 0, -7200, -40, 40, 300])),
    )


def _strike(blow: str, reply: str, rng: random.Random) -> Callable[[Fate], None]:
    # late arrivals are watched for 15 minutes by the wall clock: the cap cannot hold over one if that leaps further
    turns = [-5, 5, 60, 300] if reply == "late commit" else [-86400, -3600, -5, 5, 60, 300, 86400]
    turned = timedelta(seconds=rng.choice(turns))
    strikes = {
        "killed": kill,
        "cancelled": cancel,
        "disk full": fill_disk(rng.choice([1, 2, 50])),
        "clock turned": turn_clock(turned),
    }
    return strikes.get(blow, lambda fate: None)


def _reply_fault(reply: str, rng: random.Random) -> tuple[Fault, ...]:
    given = dict(REPLIES[reply])
    if not given:
        return ()
    if reply == "late commit":
        given |= {"delay_seconds": rng.choice([1, 10, 20, 50, 120, 300]), "status": rng.choice([None, 502])}
    return (Fault(method="POST", path_ends_with=CREATE, **given),)


def _list_faults(blow: str, rng: random.Random) -> tuple[Fault, ...]:
    if blow != "list unreadable":
        return ()
    kind = rng.choice(["status", "html", "hang", "garbage", "drop_before"])
    return (Fault(method="GET", path_ends_with=LIST, kind=kind, after=rng.randint(1, 4), times=rng.choice([1, 5, 60])),)
