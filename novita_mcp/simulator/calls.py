"""A call as the endpoints see it: parsed, timed, and nothing of HTTP left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from novita_mcp.simulator.world import World


@dataclass(frozen=True)
class Call:
    """One request; `body` is what its JSON says, `None` without one."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    key: str
    at: datetime


Endpoint = Callable[[World, Call], Any]
"""Does what a call asks and returns the answer's JSON; `None` is an answer with no body."""

Endpoints = Mapping[tuple[str, str], Endpoint]

GPU = "/gpu-instance/openapi/v1"
BASIC = "/openapi/v1"
