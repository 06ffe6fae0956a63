"""One run in memory: a create under attack, a restart, and what is left at the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.types import CallToolResult, ElicitResult

from novita_mcp.app import App
from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.history.folds import open_intents, owned_instances
from novita_mcp.domain.history.leases import reminders
from novita_mcp.domain.models import MARKER_ENV
from novita_mcp.errors import NovitaMcpError, OutcomeUnknown
from novita_mcp.ledger import EntryKind, Ledger
from novita_mcp.provisioning.acts.create import CreateInstance
from novita_mcp.provisioning.road import Yes, apply, prepare
from novita_mcp.provisioning.tending import settle_if_needed, tend
from novita_mcp.server import build_server, holding
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world
from tests.stress.machinery import Fate, fateful_app, is_death
from tests.stress.schedules import Schedule

ARGUMENTS: dict[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "pytorch/pytorch:2.8.0",
    "clusterId": "us-ca-6",
    "name": "storm",
}
CAP = {"NOVITA_MCP_MAX_INSTANCES": "1"}
LATER_THAN_ANYTHING_SECONDS = 1200.0


@dataclass
class Findings:
    """What is wrong after a run, by its kind; empty if nothing is."""

    instances: int = 0
    duplicates: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    over_cap: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Every complaint."""
        return (*self.duplicates, *self.orphans, *self.unsettled, *self.over_cap, *self.untold)


@dataclass
class Told:
    """What the agent was told: a status or an error's text, or nothing because nobody was left to tell."""

    status: str = ""
    text: str = ""


async def weather(schedule: Schedule, folder: Path) -> Findings:
    """Run a schedule in an empty folder and judge what it left."""
    clock = TurnedClock()
    clock.advance(1)
    world, found = build_world(clock), Findings()
    world.faults.add(*schedule.faults)
    told = await _attacked(schedule, folder, world)
    _judge_telling(schedule, world, told, found)
    world.faults.clear()
    await _restarted(schedule, folder, world, found)
    judge(folder, world, found)
    return found


async def _attacked(schedule: Schedule, folder: Path, world: World) -> Told:
    fate = Fate(schedule.point, schedule.after_yes, schedule.strike)
    async with fateful_app(folder, world, fate, CAP) as app:
        arguments = dict(ARGUMENTS)
        if schedule.lease_hours is not None:
            arguments["leaseHours"] = schedule.lease_hours
        if schedule.blow in {"killed", "cancelled"}:
            return await _created_directly(app, arguments, fate)
        return await _created_by_tool(app, arguments)


async def _created_directly(app: App, arguments: dict[str, Any], fate: Fate) -> Told:
    """Without a protocol around it, so that the process can die under the call."""
    told = Told()
    try:
        with fate.scope:
            held = await prepare(app, CreateInstance(arguments=CreateArguments(**arguments)), taking_up=False)
            outcome = await apply(app, held, Yes("elicitation"))
            told = Told(outcome.status, outcome.message)
    except NovitaMcpError as error:
        return Told("error", str(error))
    except BaseException as error:
        if not is_death(error):
            raise
    return told


async def _created_by_tool(app: App, arguments: dict[str, Any]) -> Told:
    async def agree(context: Any, params: Any) -> ElicitResult:
        await anyio.lowlevel.checkpoint()
        return ElicitResult(action="accept", content={"approve": True})

    async with Client(build_server(holding(app)), elicitation_callback=agree) as client:
        return _told(await client.call_tool("create_gpu_instance", arguments))


def _told(result: CallToolResult) -> Told:
    text = "\n".join(part.text for part in result.content if part.type == "text")
    if result.is_error or result.structured_content is None:
        return Told("error", text)
    return Told(str(result.structured_content["status"]), text)


async def _restarted(schedule: Schedule, folder: Path, world: World, found: Findings) -> None:
    """Another server starts on the folder."""
    fate = Fate(skew=schedule.skew_at_restart)
    async with fateful_app(folder, world, fate, {**CAP, "NOVITA_MCP_APPROVAL": "none"}) as app:
        await aftermath(app, world, found, number=schedule.number)


async def aftermath(app: App, world: World, found: Findings, *, number: int) -> None:
    """Settle, or leave that to one more create; then wait out what may come late."""
    if number % 4:
        await _settled(app)
    _judge_cap(world, found)
    if number % 2 == 0:
        await _one_more(app)
        _judge_cap(world, found)
    for _ in range(4):
        await app.clock.sleep(LATER_THAN_ANYTHING_SECONDS / 4)
        await tend(app, observing=True)
        _judge_cap(world, found)
    _judge_reminders(app, world, found)


async def _settled(app: App) -> None:
    try:
        await settle_if_needed(app)
    except OutcomeUnknown:
        await app.clock.sleep(60)
        await settle_if_needed(app)


async def _one_more(app: App) -> None:
    action = CreateInstance(arguments=CreateArguments(**ARGUMENTS))
    held = await prepare(app, action, taking_up=False)
    if not held.plan.denials:
        await apply(app, held, Yes("policy"))


def _judge_telling(schedule: Schedule, world: World, told: Told, found: Findings) -> None:
    """What an agent was told must be so, and something it can act on."""
    there = bool(_created(world))
    if told.status == "created" and not there:
        found.untold.append(f"told of an instance that is not there: {told.text}")
    if told.status == "error" and not told.text.strip():
        found.untold.append("an error without a word")
    if there and told.status not in {"created", "unknown", ""}:
        found.untold.append(f"not told of an instance that is there: {told.text}")
    if told.status == "error" and "Error executing tool" in told.text:
        found.untold.append(f"an error that hides its reason: {told.text}")
    if not told.status and schedule.blow not in {"killed", "cancelled"}:
        found.untold.append("nothing was told")


def _judge_cap(world: World, found: Findings) -> None:
    if len(world.existing()) > 1:
        found.over_cap.append(f"{len(world.existing())} instances, where one is allowed")


def _judge_reminders(app: App, world: World, found: Findings) -> None:
    """Whoever was not told of an instance when it was made is told with the next result of any tool."""
    entries = app.ledger.entries()
    answered = {entry.instance_id for entry in entries if entry.kind is EntryKind.DONE}
    text = "\n".join(reminders(entries, app.clock.now()))
    recent = {entry.instance_id for entry in entries if entry.kind is EntryKind.SETTLED}
    for instance in world.existing():
        if instance.id in recent - answered and instance.id not in text and not _old(entries, instance.id, app):
            found.untold.append(f"nobody is told of {instance.id}")


def _old(entries: Any, instance_id: str, app: App) -> bool:
    settled = [entry for entry in entries if entry.kind is EntryKind.SETTLED and entry.instance_id == instance_id]
    return abs((app.clock.now() - settled[-1].at).total_seconds()) > 3600


def judge(folder: Path, world: World, found: Findings) -> None:
    """Compare what the ledger says with what there is."""
    ledger = Ledger.open(folder, world.clock)
    try:
        entries, broken = ledger.entries(), ledger.verify()
    finally:
        ledger.close()
    owned, markers = owned_instances(entries), _created(world)
    found.instances = len(world.existing())
    found.unsettled += [f"{intent.plan_id} is still open" for intent in open_intents(entries)]
    found.unsettled += [f"the ledger is broken: {fault}" for fault in broken]
    found.duplicates += [f"{marker} was created {len(ids)} times" for marker, ids in markers.items() if len(ids) > 1]
    there = {instance_id for ids in markers.values() for instance_id in ids}
    found.orphans += [f"{lost} exists and the ledger does not know it" for lost in there - owned.keys()]
    found.orphans += [f"{invented} is in the ledger only" for invented in owned.keys() - there]
    found.orphans += list(_wrong_leases(entries, owned))


def _wrong_leases(entries: Any, owned: Any) -> Iterator[str]:
    """A lease rides on its request, so no crash can lose it; only its end takes it off."""
    ended = {entry.instance_id for entry in entries if entry.kind is EntryKind.REAPED}
    asked = {entry.plan_id: entry.facts["lease_hours"] for entry in entries if entry.kind is EntryKind.SENDING}
    for one in owned.values():
        hours = None if one.lease is None else str(one.lease.hours)
        if hours != asked[one.plan_id] and one.instance_id not in ended:
            yield f"{one.instance_id} has a lease of {hours} hours instead of {asked[one.plan_id]}"


def _created(world: World) -> dict[str, list[str]]:
    """The ids of all instances ever made, by their marker."""
    made: dict[str, list[str]] = {}
    for instance in world.instances.values():
        marker = dict(instance.envs).get(MARKER_ENV, "none")
        made.setdefault(marker, []).append(instance.id)
    return made
