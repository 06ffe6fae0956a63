"""How busy the dearest GPUs were lately, asked of a few only."""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal

import anyio

from novita_mcp.app import App
from novita_mcp.domain.fleet import Fleet
from novita_mcp.domain.history.glance import WATCHED_FOR
from novita_mcp.errors import ApiError

MOST_ASKED = 5
LONGEST_SECONDS = 5.0
"""The meters are worth a moment, not a time-out of the whole answer."""


async def busiest_percents(app: App, fleet: Fleet | None) -> Mapping[str, float]:
    """The busiest moment of each in percent, by its id; an instance that cannot be asked is left out."""
    running = [member for member in fleet.members if member.instance.status == "running"] if fleet else []
    dearest = sorted(running, key=lambda member: -(member.hourly_usd or Decimal(0)))[:MOST_ASKED]
    found: dict[str, float] = {}
    async with anyio.create_task_group() as group:
        for member in dearest:
            group.start_soon(_ask, app, member.instance.instance_id, found)
    return found


async def _ask(app: App, instance_id: str, found: dict[str, float]) -> None:
    until = app.clock.now()
    with suppress(ApiError), anyio.move_on_after(LONGEST_SECONDS):
        metrics = await app.client.metrics(instance_id, start=until - WATCHED_FOR, end=until)
        if metrics.gpu:
            found[instance_id] = max(measurement.percent for measurement in metrics.gpu)
