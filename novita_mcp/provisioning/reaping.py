"""Stopping what has run past its lease: by any server, by `reap`, and only what carries our marker."""

import logging
from datetime import timedelta
from typing import Literal

import anyio

from novita_mcp.app import App
from novita_mcp.domain.base import Record
from novita_mcp.domain.history.folds import Ownership, owned_instances
from novita_mcp.domain.history.leases import due, last_failure
from novita_mcp.domain.models import Instance
from novita_mcp.errors import ApiError, NotFound, NovitaMcpError, OutcomeUnknown
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.settling import STOPPING

LOOK_EVERY_SECONDS = 3.0
MOST_LOOKS = 20
REPEAT_FAILURE_AFTER = timedelta(minutes=10)
"""The same failure is written again after this long, so that the ledger shows it going on without growing."""
STILL_RUNS = "Novita accepted the stop, but the instance still runs"
NOT_UP = "it is {status}, and Novita stops only what runs: delete it to end the cost"

logger = logging.getLogger(__name__)


class Reaped(Record):
    """What became of one instance whose lease is over."""

    instance_id: str
    name: str
    result: Literal["stopped", "already stopped", "extended", "gone", "failed"]
    why: str = ""


async def reap(app: App) -> tuple[Reaped, ...]:
    """Stop every instance of ours whose lease has run out, once, side by side.

    Raises:
        LedgerError: The leases cannot be read.
    """
    results: list[Reaped] = []
    async with anyio.create_task_group() as group:
        for one in due(app.ledger.entries(), app.clock.now()):
            group.start_soon(_reap_into, app, one, results)
    return tuple(sorted(results, key=lambda result: result.instance_id))


async def _reap_into(app: App, one: Ownership, results: list[Reaped]) -> None:
    results.append(await _reap_one(app, one))


async def _reap_one(app: App, one: Ownership) -> Reaped:
    try:
        return await _stop_if_due(app, one)
    except NovitaMcpError as error:
        return _failed(app, one, str(error))


async def _stop_if_due(app: App, one: Ownership) -> Reaped:
    try:
        instance = await app.client.instance(one.instance_id)
    except NotFound:
        app.ledger.append(EntryKind.OBSERVED, instance_id=one.instance_id, facts={"status": "gone"})
        return Reaped(instance_id=one.instance_id, name=one.name, result="gone")
    if not _carries_marker(instance, one):
        return _failed(app, one, "it does not carry the marker of its plan, so it is not touched")
    return await _stop(app, one, instance)


def _carries_marker(instance: Instance, one: Ownership) -> bool:
    return one.marker is not None and instance.marker == one.marker


async def _stop(app: App, one: Ownership, instance: Instance) -> Reaped:
    if not instance.runs:
        return _reaped(app, one, "already stopped")
    if not _still_due(app, one):
        return Reaped(instance_id=one.instance_id, name=one.name, result="extended")
    if instance.status not in STOPPING | {"running"}:
        return _failed(app, one, NOT_UP.format(status=instance.status))
    trouble = await _send_stop(app, one) if instance.status == "running" else None
    if await _seen_stopped(app, one, patient=trouble is None or isinstance(trouble, OutcomeUnknown)):
        return _reaped(app, one, "stopped")
    return _failed(app, one, STILL_RUNS if trouble is None else str(trouble))


async def _send_stop(app: App, one: Ownership) -> ApiError | None:
    """Ask for the stop; what went wrong, if anything: what the instance then shows decides."""
    try:
        await app.client.stop_instance(one.instance_id)
    except ApiError as error:
        return error
    return None


async def _seen_stopped(app: App, one: Ownership, *, patient: bool) -> bool:
    """Whether it stops; after a refusal only if somebody else's stop is under way already."""
    for _ in range(MOST_LOOKS):
        instance = await app.client.instance(one.instance_id)
        if not instance.runs:
            return True
        if not patient and instance.status not in STOPPING:
            return False
        await app.clock.sleep(LOOK_EVERY_SECONDS)
    return False


def _still_due(app: App, one: Ownership) -> bool:
    """Whether nobody has extended the lease since it was read."""
    now = owned_instances(app.ledger.entries()).get(one.instance_id)
    return now is not None and now.lease is not None and now.lease.until <= app.clock.now()


def _reaped(app: App, one: Ownership, result: Literal["stopped", "already stopped"]) -> Reaped:
    """Write the end of the lease down, unless another server was faster."""
    if _still_due(app, one):
        facts = {"result": result}
        app.ledger.append(EntryKind.REAPED, instance_id=one.instance_id, plan_id=one.plan_id, facts=facts)
    return Reaped(instance_id=one.instance_id, name=one.name, result=result)


def _failed(app: App, one: Ownership, why: str) -> Reaped:
    """Say loudly that a machine goes on costing; `due` keeps it due, so the next pass tries again."""
    logger.error("lease over, but %s could not be stopped: %s", one.instance_id, why)
    before = last_failure(app.ledger.entries(instance_id=one.instance_id), one.instance_id)
    repeated = before is not None and before.facts.get("why") == why
    if before is None or not repeated or app.clock.now() - before.at >= REPEAT_FAILURE_AFTER:
        app.ledger.append(EntryKind.REAP_FAILED, instance_id=one.instance_id, facts={"why": why})
    return Reaped(instance_id=one.instance_id, name=one.name, result="failed", why=why)
