"""Finding out what became of requests whose reply was lost, before anything else is spent."""

from collections.abc import Iterable
from datetime import timedelta

from novita_mcp.app import App
from novita_mcp.domain.catalog import Instance
from novita_mcp.domain.history import Intent, open_intents, recent_absences
from novita_mcp.errors import ApiError, OutcomeUnknown
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.finding import find_created

GRACE = timedelta(seconds=15)
"""How long after sending a create may still be missing from the list without being judged absent."""
PATIENCE_SECONDS = 2.0


async def settle_open(app: App) -> None:
    """Settle every open intent of any server on this ledger; the caller holds the spending lock.

    Raises:
        OutcomeUnknown: Something is open and Novita cannot be asked, so nothing may be spent.

    """
    now, entries = app.clock.now(), app.ledger.entries()
    waiting, absent = open_intents(entries), recent_absences(entries, now)
    if not waiting and not absent:
        return
    await _adopt_late(app, absent)
    while waiting:
        instances = await _listed(app, waiting)
        waiting = tuple([intent for intent in waiting if not await _settle(app, intent, instances)])
        if waiting:
            await app.clock.sleep(PATIENCE_SECONDS)


async def _listed(app: App, waiting: Iterable[Intent]) -> tuple[Instance, ...]:
    try:
        return await app.client.instances()
    except ApiError as error:
        plans = ", ".join(intent.plan_id for intent in waiting)
        raise OutcomeUnknown(
            f"What became of {plans} is not known yet, and Novita cannot be asked now ({error}). "
            "Nothing new is sent until that is settled. Try again in a minute."
        ) from error


async def _adopt_late(app: App, absent: tuple[Intent, ...]) -> None:
    if not absent:
        return
    instances = await _listed(app, absent)
    for intent in absent:
        found = await _match(app, intent, instances) if intent.action == "create" else None
        if found is not None:
            _write(app, intent, "yes", found.instance_id)


async def _settle(app: App, intent: Intent, instances: tuple[Instance, ...]) -> bool:
    found = await _match(app, intent, instances)
    if found is not None and _shows(intent, found):
        _write(app, intent, "yes", found.instance_id)
        return True
    gone = intent.action == "delete" and found is None
    if gone or app.clock.now() - intent.sent_at >= GRACE:
        _write(app, intent, "yes" if gone else "no", intent.instance_id)
        return True
    return False


async def _match(app: App, intent: Intent, instances: Iterable[Instance]) -> Instance | None:
    if intent.action == "create":
        return await find_created(app, intent.marker, instances, intent.instances_before)
    return next((instance for instance in instances if instance.instance_id == intent.instance_id), None)


def _shows(intent: Intent, instance: Instance) -> bool:
    """Whether the instance's state shows that the request was carried out."""
    match intent.action:
        case "start":
            return instance.runs
        case "stop":
            return not instance.runs
        case "delete":
            return not instance.exists
    return True


def _write(app: App, intent: Intent, happened: str, instance_id: str | None) -> None:
    facts = {
        "happened": happened,
        "action": intent.action,
        "marker": intent.marker,
        "instance_id": instance_id,
    }
    app.ledger.append(EntryKind.SETTLED, plan_id=intent.plan_id, instance_id=instance_id, facts=facts)
