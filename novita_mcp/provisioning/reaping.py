"""Stopping what has run past its lease: by any server, by `reap`, and only what carries our marker."""

import logging
from datetime import timedelta
from typing import Literal

from novita_mcp.app import App
from novita_mcp.domain.catalog import Instance
from novita_mcp.domain.history import Ownership, owned_instances
from novita_mcp.domain.leases import due, last_failure
from novita_mcp.domain.record import Record
from novita_mcp.errors import NotFound, NovitaMcpError, OutcomeUnknown
from novita_mcp.ledger import EntryKind

EVERY_SECONDS = 30.0
LOOK_EVERY_SECONDS = 3.0
MOST_LOOKS = 20
REPEAT_FAILURE_AFTER = timedelta(minutes=10)
"""The same failure is written again after this long, so that the ledger shows it going on without growing."""
STILL_RUNS = "Novita accepted the stop, but the instance still runs"
NOT_UP = "it is {status}, and Novita stops only what runs: delete it to end the cost"
STOPPING = frozenset({"toStop", "stopping"})

logger = logging.getLogger(__name__)


class Reaped(Record):
    """What became of one instance whose lease is over."""

    instance_id: str
    name: str
    result: Literal["stopped", "already stopped", "gone", "failed"]
    why: str = ""


async def reap_for_ever(app: App) -> None:
    """Enforce leases until cancelled; a pass that fails is told to the log and made again."""
    while True:
        try:
            await reap(app)
        except NovitaMcpError as error:
            logger.warning("leases could not be enforced: %s", error)
        await app.clock.sleep(EVERY_SECONDS)


async def reap(app: App) -> tuple[Reaped, ...]:
    """Stop every instance of ours whose lease has run out, once.

    Raises:
        LedgerError: The leases cannot be read.
    """
    return tuple([await _reap_one(app, one) for one in due(app.ledger.entries(), app.clock.now())])


async def _reap_one(app: App, one: Ownership) -> Reaped:
    try:
        instance = await app.client.instance(one.instance_id)
        if not _carries_marker(instance, one):
            return _failed(app, one, "it does not carry the marker of its plan, so it is not touched")
        return await _stop(app, one, instance)
    except NotFound:
        app.ledger.append(EntryKind.OBSERVED, instance_id=one.instance_id, facts={"status": "gone"})
        return Reaped(instance_id=one.instance_id, name=one.name, result="gone")
    except NovitaMcpError as error:
        return _failed(app, one, str(error))


def _carries_marker(instance: Instance, one: Ownership) -> bool:
    return one.marker is not None and instance.marker == one.marker


async def _stop(app: App, one: Ownership, instance: Instance) -> Reaped:
    if not instance.runs:
        return _reaped(app, one, "already stopped")
    if not _still_due(app, one):
        return Reaped(instance_id=one.instance_id, name=one.name, result="already stopped", why="extended")
    if instance.status not in STOPPING | {"running"}:
        return _failed(app, one, NOT_UP.format(status=instance.status))
    if instance.status == "running":
        await _send_stop(app, one)
    if await _seen_stopped(app, one):
        return _reaped(app, one, "stopped")
    return _failed(app, one, STILL_RUNS)


async def _send_stop(app: App, one: Ownership) -> None:
    """Ask for the stop; a lost reply is judged by what the instance then shows."""
    try:
        await app.client.stop_instance(one.instance_id)
    except OutcomeUnknown as error:
        logger.warning("the reply to a stop was lost: %s", error)


async def _seen_stopped(app: App, one: Ownership) -> bool:
    for _ in range(MOST_LOOKS):
        instance = await app.client.instance(one.instance_id)
        if not instance.runs:
            return True
        await app.clock.sleep(LOOK_EVERY_SECONDS)
    return False


def _still_due(app: App, one: Ownership) -> bool:
    """Whether nobody has extended the lease since it was read."""
    now = owned_instances(app.ledger.entries()).get(one.instance_id)
    return now is not None and now.lease is not None and now.lease.until <= app.clock.now()


def _reaped(app: App, one: Ownership, result: Literal["stopped", "already stopped"]) -> Reaped:
    app.ledger.append(EntryKind.REAPED, instance_id=one.instance_id, plan_id=one.plan_id, facts={"result": result})
    return Reaped(instance_id=one.instance_id, name=one.name, result=result)


def _failed(app: App, one: Ownership, why: str) -> Reaped:
    """Say loudly that a machine goes on costing; `due` keeps it due, so the next pass tries again."""
    logger.error("lease over, but %s could not be stopped: %s", one.instance_id, why)
    before = last_failure(app.ledger.entries(instance_id=one.instance_id), one.instance_id)
    repeated = before is not None and before.facts.get("why") == why
    if before is None or not repeated or app.clock.now() - before.at >= REPEAT_FAILURE_AFTER:
        app.ledger.append(EntryKind.REAP_FAILED, instance_id=one.instance_id, facts={"why": why})
    return Reaped(instance_id=one.instance_id, name=one.name, result="failed", why=why)
