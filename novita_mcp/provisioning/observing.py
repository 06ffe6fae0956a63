"""Noticing what happened to instances of ours elsewhere: in Novita's console, or by Novita itself."""

from datetime import timedelta

from novita_mcp.app import App
from novita_mcp.domain.history.folds import REMEMBERED_FOR, Ownership, owned_instances, recent_absences
from novita_mcp.domain.models import STOPPED, Instance
from novita_mcp.errors import NotFound
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.settling import adopt_late

YOUNG = timedelta(minutes=10)
"""A list may lack an instance for a moment after its creation; that is no sign of its end."""


async def observe(app: App) -> None:
    """Write down what a listing shows and no line explains, so that the ledger's sums stay true.

    Raises:
        ApiError: The instances cannot be listed.
        LedgerError: The ledger cannot be read or written.
    """
    entries, now = app.ledger.entries(), app.clock.now()
    owned = owned_instances(entries)
    if not owned and not recent_absences(entries, now, REMEMBERED_FOR):
        return
    listed = {instance.instance_id: instance for instance in await app.client.instances()}
    adopt_late(app, listed.values())
    for one in owned.values():
        status = await _unexplained(app, one, listed.get(one.instance_id))
        if status:
            app.ledger.append(EntryKind.OBSERVED, instance_id=one.instance_id, facts={"status": status})


async def _unexplained(app: App, one: Ownership, instance: Instance | None) -> str:
    if instance is None:
        return "gone" if await _is_gone(app, one) else ""
    if not instance.exists:
        return "gone"
    if one.running and instance.status in STOPPED:
        return "exited"
    return "running" if instance.status == "running" and not one.running else ""


async def _is_gone(app: App, one: Ownership) -> bool:
    """A list alone is not enough: what is taken for gone has no lease any more."""
    if app.clock.now() - one.created_at < YOUNG:
        return False
    try:
        return not (await app.client.instance(one.instance_id)).exists
    except NotFound:
        return True
