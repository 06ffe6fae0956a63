"""Finding out what became of requests whose reply was lost, before anything else is spent."""

from collections.abc import Iterable
from datetime import timedelta

from novita_mcp.app import App
from novita_mcp.domain.history.folds import REMEMBERED_FOR, Intent, open_intents, owned_instances, recent_absences
from novita_mcp.domain.models import Instance
from novita_mcp.errors import ApiError, OutcomeUnknown
from novita_mcp.ledger import EntryKind
from novita_mcp.provisioning.finding import find_created

GRACE = timedelta(seconds=15)
"""How long after sending a create may still be missing from the list without being judged absent."""
PATIENCE_SECONDS = 2.0
SEEN_ON_INSTANCES = frozenset({"create", "start", "stop", "restart", "delete"})
"""What the list of instances tells; of anything else the ledger believes that it happened, and over-counts."""
STOPPING = frozenset({"toStop", "stopping"})


async def settle_open(app: App) -> None:
    """Settle every open intent of any server on this ledger; the caller holds the spending lock.

    Raises:
        OutcomeUnknown: Something is open and Novita cannot be asked, so nothing may be spent.

    """
    entries = app.ledger.entries()
    waiting = _without_extensions(app, open_intents(entries))
    watched = recent_absences(entries, app.clock.now())
    if not waiting and not watched:
        return
    instances = await _listed(app, waiting or watched)
    adopt_late(app, instances)
    await _settle_all(app, waiting, instances)


def adopt_late(app: App, instances: Iterable[Instance]) -> None:
    """Take over what was judged absent and is there after all, however late it came."""
    entries, listed = app.ledger.entries(), tuple(instances)
    owned = owned_instances(entries)
    for intent in recent_absences(entries, app.clock.now(), REMEMBERED_FOR):
        found = _match(intent, listed)
        if found is None or not found.exists:
            continue
        known = owned.get(found.instance_id)
        restarted = intent.action == "start" and found.runs and known is not None and not known.running
        if (intent.action == "create" and known is None) or restarted:
            _write(app, intent, "yes", found.instance_id)


async def _settle_all(app: App, waiting: tuple[Intent, ...], instances: tuple[Instance, ...]) -> None:
    """Look again and again until each is seen or its time is up, by either clock: the wall's may be turned."""
    started = app.clock.monotonic()
    while True:
        waited = app.clock.monotonic() - started >= GRACE.total_seconds()
        found = {intent.plan_id: await _found(app, intent, instances) for intent in waiting}
        waiting = tuple(intent for intent in waiting if not _settle(app, intent, found[intent.plan_id], give_up=waited))
        if not waiting:
            return
        await app.clock.sleep(PATIENCE_SECONDS)
        instances = await _listed(app, waiting)


def _without_extensions(app: App, waiting: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Settle what only the ledger knows of: a longer lease is there, or it is not."""
    for intent in waiting:
        if intent.action == "extend":
            written = app.ledger.entries(plan_id=intent.plan_id, kinds=(EntryKind.LEASE_SET,))
            _write(app, intent, "yes" if written else "no", intent.instance_id)
    return tuple(intent for intent in waiting if intent.action != "extend")


async def _listed(app: App, waiting: Iterable[Intent]) -> tuple[Instance, ...]:
    try:
        return await app.client.instances()
    except ApiError as error:
        raise _cannot_ask(waiting, error) from error


def _cannot_ask(waiting: Iterable[Intent], error: ApiError) -> OutcomeUnknown:
    plans = ", ".join(intent.plan_id for intent in waiting)
    return OutcomeUnknown(
        f"What became of {plans} is not known yet, and Novita cannot be asked now ({error}). "
        "Nothing new is sent until that is settled. Try again in a minute."
    )


async def _found(app: App, intent: Intent, instances: tuple[Instance, ...]) -> Instance | None:
    """The instance of an intent, read in detail where the list does not show markers.

    Raises:
        OutcomeUnknown: Novita cannot be asked.

    """
    if intent.action != "create":
        return _match(intent, instances)
    try:
        return await find_created(app, intent.marker, instances, intent.instances_before)
    except ApiError as error:
        raise _cannot_ask((intent,), error) from error


def _settle(app: App, intent: Intent, found: Instance | None, *, give_up: bool) -> bool:
    if intent.action not in SEEN_ON_INSTANCES:
        _write(app, intent, "yes", intent.instance_id)
        return True
    if found is not None and _shows(intent, found):
        _write(app, intent, "yes", found.instance_id)
        return True
    gone = intent.action == "delete" and found is None
    if gone or give_up or app.clock.now() - intent.sent_at >= GRACE:
        _write(app, intent, "yes" if gone else "no", intent.instance_id)
        return True
    return False


def _match(intent: Intent, instances: Iterable[Instance]) -> Instance | None:
    if intent.action == "create":
        return next((instance for instance in instances if instance.marker == intent.marker), None)
    return next((instance for instance in instances if instance.instance_id == intent.instance_id), None)


def _shows(intent: Intent, instance: Instance) -> bool:
    """Whether the instance's state shows that the request was carried out."""
    match intent.action:
        case "start":
            return instance.runs
        case "stop":
            return not instance.runs or instance.status in STOPPING
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
