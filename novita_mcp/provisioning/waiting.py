"""Waiting for an instance, with a word about where it stands and what that costs."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import anyio

from novita_mcp.app import App
from novita_mcp.domain.models import Instance
from novita_mcp.domain.startup import progress

POLL_SECONDS = 2.0
SHORTEST_READ_SECONDS = 2.0
SSH_GRACE_SECONDS = 20.0
"""How long a running instance is given to name its SSH address; some images never have one."""
Tell = Callable[[float, float, str], Awaitable[None]]
"""Takes seconds waited, seconds at most, and where things stand."""


async def awaited(
    app: App, first: Instance, wanted: str, longest_seconds: float, hourly_usd: Decimal | None, tell: Tell | None
) -> Instance:
    """The instance, read again until it is as wanted, has failed, or the time is up.

    Raises:
        NotFound: It is gone.
    """
    started, instance, reached_at = app.clock.monotonic(), first, None
    while True:
        waited = app.clock.monotonic() - started
        if instance.status == wanted and reached_at is None:
            reached_at = waited
        patient = reached_at is not None and waited - reached_at < SSH_GRACE_SECONDS and _ssh_to_come(instance)
        if waited >= longest_seconds or (_settled(instance, wanted) and not patient):
            return instance
        if tell is not None:
            standing = "waiting for SSH" if patient else progress(instance, hourly_usd, app.clock.now())
            await tell(waited, longest_seconds, f"{standing}: {instance.instance_id} is {instance.status}")
        await app.clock.sleep(min(POLL_SECONDS, longest_seconds - waited))
        with anyio.move_on_after(max(SHORTEST_READ_SECONDS, longest_seconds - waited)):
            instance = await app.client.instance(instance.instance_id)


def _settled(instance: Instance, wanted: str) -> bool:
    return instance.status == wanted or bool(instance.status_error) or not instance.exists


def _ssh_to_come(instance: Instance) -> bool:
    return instance.status == "running" and (instance.ssh is None or not instance.ssh.command)
