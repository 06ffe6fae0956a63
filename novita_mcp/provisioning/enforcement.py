"""Whether anything would stop an instance at the end of its lease right now."""

import json
import os
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from novita_mcp.domain.base import Record
from novita_mcp.files import open_private, private_folder
from novita_mcp.reapers import installed_units

Enforcer = Literal["serve", "watch", "reap"]
ENFORCERS: tuple[Enforcer, ...] = ("serve", "watch", "reap")
WORDS: dict[Enforcer, str] = {
    "serve": "a running server",
    "watch": "`novita-mcp reap --watch`",
    "reap": "a job that calls `novita-mcp reap`",
}
FRESH = timedelta(minutes=3)
"""A process that lives beats twice a minute, but one pass over a slow API may take this long."""
REGULAR = timedelta(minutes=15)
"""A job that last ran longer ago than this is not one to rely on."""


class Heartbeat(Record):
    """The last sign of life of one kind of enforcer on a state folder."""

    kind: Enforcer
    pid: int
    at: AwareDatetime


class Enforcement(Record):
    """Who enforces leases at this moment; `units` are installed units, active or not."""

    by: tuple[Heartbeat, ...]
    units: tuple[Path, ...]

    @property
    def enforced(self) -> bool:
        """Whether a lease that runs out now would end its instance."""
        return bool(self.by)

    @property
    def sentence(self) -> str:
        """The answer in one line, with what to do where it is no."""
        if self.by:
            return f"Leases are enforced by {', '.join(WORDS[beat.kind] for beat in self.by)}."
        if self.units:
            names = ", ".join(str(unit) for unit in self.units)
            return f"No lease is enforced now: {names} is installed, but has not run in the last minutes."
        return "No lease is enforced while no server runs. `novita-mcp install-reaper` sets up a job that does it."


def enforcement(state_dir: Path, now: datetime, home: Path | None = None) -> Enforcement:
    """Read the signs of life on a state folder, and the units in a home folder; changes nothing."""
    beats = (_read(_file(state_dir, kind)) for kind in ENFORCERS)
    alive = tuple(beat for beat in beats if beat and _counts(beat, now))
    return Enforcement(by=alive, units=installed_units(home))


def beat(state_dir: Path, kind: Enforcer, now: datetime) -> None:
    """Leave a sign of life; a full disk must not keep anybody from stopping a machine."""
    file = _file(private_folder(state_dir), kind)
    fresh = file.with_suffix(f".{os.getpid()}.new")
    text = json.dumps({"kind": kind, "pid": os.getpid(), "at": now.isoformat(timespec="seconds")})
    with suppress(OSError):
        descriptor = open_private(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(text)
        fresh.replace(file)


def rest(state_dir: Path, kind: Enforcer) -> None:
    """Take back the sign of life of this process, unless another one has overwritten it."""
    file = _file(state_dir, kind)
    last = _read(file)
    if last is not None and last.pid == os.getpid():
        with suppress(OSError):
            file.unlink()


def _file(state_dir: Path, kind: Enforcer) -> Path:
    return state_dir / f"enforcer-{kind}.json"


def _read(file: Path) -> Heartbeat | None:
    try:
        return Heartbeat.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _counts(heartbeat: Heartbeat, now: datetime) -> bool:
    """A job's process has ended when its pass is over; the others must be alive."""
    age = abs(now - heartbeat.at)
    if heartbeat.kind == "reap":
        return age <= REGULAR
    return age <= FRESH and _lives(heartbeat.pid)


def _lives(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # a signal would end the process there; the age has to do
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
