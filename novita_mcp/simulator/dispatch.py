"""Which endpoint answers which call, and whether the caller may call at all."""

import re
from typing import Any

from novita_mcp.simulator.calls import Call, Endpoints
from novita_mcp.simulator.endpoints import (
    billing,
    catalog,
    changes,
    instances,
    jobs,
    metrics,
    networks,
    prewarm,
    registry,
    storage,
    templates,
)
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import World

ENDPOINTS: Endpoints = {
    **catalog.ENDPOINTS,
    **instances.ENDPOINTS,
    **changes.ENDPOINTS,
    **jobs.ENDPOINTS,
    **templates.ENDPOINTS,
    **registry.ENDPOINTS,
    **storage.ENDPOINTS,
    **networks.ENDPOINTS,
    **prewarm.ENDPOINTS,
    **metrics.ENDPOINTS,
    **billing.ENDPOINTS,
}

ANY_KEY = re.compile(r"sk_.+")


def perform(world: World, call: Call) -> Any:
    """Do what a call asks, or raise the refusal that answers it."""
    _check_key(world, call.key)
    endpoint = ENDPOINTS.get((call.method, call.path))
    if endpoint is None:
        raise Refusal("NOT_FOUND", f"no such endpoint: {call.method} {call.path}", status=404)
    return endpoint(world, call)


def _check_key(world: World, key: str) -> None:
    accepted = ANY_KEY.fullmatch(key) is not None if world.keys is None else key in world.keys
    if not accepted:
        raise Refusal("UNAUTHORIZED", "unauthorized", status=401)
