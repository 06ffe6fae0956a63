"""How long things take in the simulated data centre."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """Seconds spent in each passing state; the default is the real thing in small."""

    to_create: float = 1
    creating: float = 5
    pulling: float = 34
    to_start: float = 1
    starting: float = 9
    to_stop: float = 1
    stopping: float = 5
    to_restart: float = 1
    restarting: float = 9
    to_reset: float = 1
    resetting: float = 30
    migrating: float = 60
    to_remove: float = 1
    removing: float = 5
    removed: float = 30
    network_creating: float = 5
    job: float = 45
    prewarm: float = 60
    spot_protected: float = 3600
    spot_notice: float = 3600

    @classmethod
    def brisk(cls) -> Self:
        """Return a tempo for demonstrations: about three seconds until an instance runs."""
        return cls(
            to_create=0.3,
            creating=0.7,
            pulling=2,
            to_start=0.2,
            starting=1.3,
            to_stop=0.2,
            stopping=0.8,
            to_restart=0.2,
            restarting=1.3,
            to_reset=0.2,
            resetting=1.8,
            migrating=2,
            to_remove=0.2,
            removing=0.8,
            removed=1,
            network_creating=0.5,
            job=2,
            prewarm=2,
        )
