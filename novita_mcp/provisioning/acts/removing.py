"""Deleting what costs nothing but cannot be had back: templates, credentials, networks, prewarm tasks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief
from novita_mcp.domain.deeds import DEEDS, LISTED_BY
from novita_mcp.domain.plans import Fact, Plan
from novita_mcp.errors import NotFound
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.noting import made_here, not_made_here

RemovalName = Literal["delete_template", "delete_registry_auth", "delete_network", "delete_prewarm"]


@dataclass(frozen=True)
class _Way:
    """How one kind of thing is looked up and deleted; `made_by` is the action that makes one."""

    made_by: str
    request: Callable[[str], dict[str, Any]]
    facts: Callable[[App, str], Awaitable[tuple[Fact, ...]]]
    delete: Callable[[App, str], Awaitable[None]]


class Remove(Record):
    """Delete one thing of a kind."""

    name: RemovalName
    thing_id: str
    spends: Literal[False] = False
    commits_upfront: Literal[False] = False

    async def plan(self, app: App, marker: str) -> Plan:
        way, deed = _WAYS[self.name], DEEDS[self.name]
        facts = await way.facts(app, self.thing_id)
        ours = made_here(app, way.made_by, self.thing_id)
        created = Fact(label="Created here", value="yes" if ours else "NO: somebody else created it")
        return Plan(
            action=self.name,
            request=way.request(self.thing_id),
            product=None,
            quote=None,
            guardrails=() if ours else not_made_here(app, self.thing_id),
            warnings=(),
            lease_hours=None,
            marker=marker,
            facts=(Fact(label=deed.thing[0].upper() + deed.thing[1:], value=brief(self.thing_id)), *facts, created),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await _WAYS[self.name].delete(app, self.thing_id)
        return self.thing_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        try:
            await _WAYS[self.name].facts(app, self.thing_id)
        except NotFound:
            return "yes", self.thing_id
        return "no", self.thing_id


async def _template(app: App, thing_id: str) -> tuple[Fact, ...]:
    template = await app.client.template(thing_id)
    return _lines({"Name": template.name, "Image": template.image_url, "Channel": template.channel})


async def _registry_auth(app: App, thing_id: str) -> tuple[Fact, ...]:
    auth = next((one for one in await app.client.registry_auths() if one.auth_id == thing_id), None)
    if auth is None:
        raise _missing("delete_registry_auth", thing_id)
    return _lines({"Registry": auth.name, "User": auth.username})


async def _network(app: App, thing_id: str) -> tuple[Fact, ...]:
    network = next((one for one in await app.client.networks() if one.network_id == thing_id), None)
    if network is None:
        raise _missing("delete_network", thing_id)
    return _lines({"Name": network.name, "Region": network.cluster_id, "Segment": network.segment})


async def _prewarm(app: App, thing_id: str) -> tuple[Fact, ...]:
    prewarm = next((one for one in await app.client.prewarms() if one.prewarm_id == thing_id), None)
    if prewarm is None:
        raise _missing("delete_prewarm", thing_id)
    return _lines({"Image": prewarm.image_url, "Region": prewarm.cluster_id, "State": prewarm.state})


_WAYS: Mapping[RemovalName, _Way] = MappingProxyType(
    {
        "delete_template": _Way(
            "create_template",
            lambda thing_id: {"templateId": thing_id},
            _template,
            lambda app, thing_id: app.client.delete_template(thing_id),
        ),
        "delete_registry_auth": _Way(
            "save_registry_auth",
            lambda thing_id: {"id": thing_id},
            _registry_auth,
            lambda app, thing_id: app.client.delete_registry_auth(thing_id),
        ),
        "delete_network": _Way(
            "create_network",
            lambda thing_id: {"networkId": thing_id},
            _network,
            lambda app, thing_id: app.client.delete_network(thing_id),
        ),
        "delete_prewarm": _Way(
            "create_prewarm",
            lambda thing_id: {"ids": [thing_id]},
            _prewarm,
            lambda app, thing_id: app.client.delete_prewarms((thing_id,)),
        ),
    }
)


def _missing(action: RemovalName, thing_id: str) -> NotFound:
    thing = DEEDS[action].thing
    return NotFound(f"The account has no {thing} {brief(thing_id)}; {LISTED_BY[thing]} has them. Nothing was sent.")


def _lines(values: Mapping[str, str]) -> tuple[Fact, ...]:
    return tuple(Fact(label=label, value=brief(value) or "(none)") for label, value in values.items())
