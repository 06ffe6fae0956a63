"""Every tool that spends or destroys takes the same road: preview, question, one request, outcome."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from novita_mcp.ledger import EntryKind
from novita_mcp.simulator.catalog import (
    DEFAULT_AUTH_ID,
    DEFAULT_NETWORK_ID,
    DEFAULT_TEMPLATE_ID,
    DEFAULT_VOLUME_ID,
)
from novita_mcp.simulator.faults import Fault
from tests.sets.rooms import SUBSCRIPTIONS, Room, room
from tests.world import ERAS

pytestmark = pytest.mark.anyio

IMAGE = "vllm/vllm-openai:v0.6.3"


class Act(NamedTuple):
    tool: str
    path: str
    status: str
    arguments: Callable[[Room], dict[str, Any]]


def on_instance(**more: Any) -> Callable[[Room], dict[str, Any]]:
    return lambda opened: {"instanceId": opened.instance_id, **more}


def plain(**arguments: Any) -> Callable[[Room], dict[str, Any]]:
    return lambda _: arguments


VOLUME = {"clusterId": "us-ca-6", "storageName": "data", "storageSize": 50}
PATHS = "/gpu/instance/"
ACTS = (
    Act("edit_gpu_instance", PATHS + "edit", "changed", on_instance(expandRootDisk=40)),
    Act("upgrade_gpu_instance", PATHS + "upgrade", "upgraded", on_instance(imageUrl=IMAGE)),
    Act("migrate_gpu_instance", PATHS + "migrate", "migrated", on_instance()),
    Act("subscribe_gpu_instance", PATHS + "transToMonthlyInstance", "converted", on_instance(month=1)),
    Act("save_image", "/job/save/image", "started", on_instance(image="registry.example.com/team/image:1")),
    Act("create_network_storage", "/networkstorage/create", "created", plain(**VOLUME)),
    Act(
        "grow_network_storage",
        "/networkstorage/update",
        "changed",
        plain(storageId=DEFAULT_VOLUME_ID, storageSize=200),
    ),
    Act("delete_network_storage", "/networkstorage/delete", "deleted", plain(storageId=DEFAULT_VOLUME_ID)),
    Act("delete_template", "/template/delete", "deleted", plain(templateId=DEFAULT_TEMPLATE_ID)),
    Act("delete_registry_auth", "/repository/auth/delete", "deleted", plain(imageAuthId=DEFAULT_AUTH_ID)),
    Act("delete_network", "/network/delete", "deleted", plain(networkId=DEFAULT_NETWORK_ID)),
)
SPENDS_ONLY = {"create_network_storage", "grow_network_storage"}
"""They destroy nothing, so that the guardrails decide."""
SHOWS_LATE = {"edit_gpu_instance"}
"""Novita takes a minute over it, so that a lost reply stays unknown."""


def by_tool(acts: tuple[Act, ...]) -> Any:
    return pytest.mark.parametrize("act", acts, ids=lambda act: act.tool)


@by_tool(ACTS)
async def test_a_preview_sends_nothing_and_asks_nobody(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        outcome = await opened.outcome(act.tool, {**act.arguments(opened), "dryRun": True})
        assert outcome["status"] == "preview"
        assert opened.written == []
        assert opened.person.asked == []


@by_tool(ACTS)
async def test_without_anybody_to_ask_it_waits_and_nothing_is_sent(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS, says="nothing") as opened:
        outcome = await opened.outcome(act.tool, act.arguments(opened))
        assert outcome["status"] == "approval_required"
        assert opened.written == []


@by_tool(ACTS)
async def test_a_no_sends_nothing(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS, says="no") as opened:
        outcome = await opened.outcome(act.tool, act.arguments(opened))
        assert outcome["status"] == "declined"
        assert len(opened.person.asked) == 1
        assert opened.written == []


@pytest.mark.parametrize("era", ERAS)
@by_tool(ACTS)
async def test_a_yes_sends_exactly_one_request_in_both_eras(act: Act, era: Any, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS, mode=era) as opened:
        outcome = await opened.outcome(act.tool, act.arguments(opened))
        assert outcome["status"] == act.status
        assert outcome["approval"]["channel"] == "elicitation"
        assert len(opened.person.asked) == 1
        assert opened.written == [act.path]
        shown = {name: value for name, value in outcome["plan"]["request"].items() if name != "envs"}
        assert shown.items() <= opened.last_body.items()


@by_tool(tuple(act for act in ACTS if act.tool not in SHOWS_LATE))
async def test_a_lost_reply_is_looked_up_and_found_done(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        opened.world.faults.add(Fault(method="POST", path_ends_with=act.path, kind="drop_after"))
        outcome = await opened.outcome(act.tool, act.arguments(opened))
        assert outcome["status"] == act.status
        assert opened.written == [act.path]


@by_tool(tuple(act for act in ACTS if act.tool not in SHOWS_LATE))
async def test_a_request_that_was_lost_is_looked_up_and_found_undone(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        opened.world.faults.add(Fault(method="POST", path_ends_with=act.path, kind="drop_before"))
        result = await opened.call(act.tool, act.arguments(opened))
        assert result.is_error
        assert "did not happen" in opened.text_of(result)
        assert opened.written == [act.path]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_what_novita_does_not_show_stays_unknown_and_is_not_repeated(kind: Any, tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        opened.world.faults.add(Fault(method="POST", path_ends_with="setAutoMigrate", kind=kind))
        arguments = {"instanceId": opened.instance_id, "autoMigrateOpen": True}
        outcome = await opened.outcome("set_auto_migrate", arguments)
        assert outcome["status"] == "unknown"
        assert opened.written == [PATHS + "setAutoMigrate"]


@by_tool(tuple(act for act in ACTS if act.tool not in SPENDS_ONLY))
async def test_under_none_only_what_was_created_here_is_touched(act: Act, tmp_path: Path) -> None:
    """The volume, template, login and network of the sample account are somebody else's."""
    async with room(tmp_path, environ={**SUBSCRIPTIONS, "NOVITA_MCP_APPROVAL": "none"}) as opened:
        foreign = opened.world.add_foreign_instance().id
        arguments = act.arguments(opened)
        if "instanceId" in arguments:
            arguments["instanceId"] = foreign
        outcome = await opened.outcome(act.tool, arguments)
        assert outcome["status"] == "denied"
        assert "created_here" in outcome["message"]
        assert opened.written == []


async def test_what_was_made_here_may_be_deleted_unattended(tmp_path: Path) -> None:
    async with room(tmp_path, environ={"NOVITA_MCP_APPROVAL": "none"}) as opened:
        volume = (await opened.outcome("create_network_storage", VOLUME))["resource"]["id"]
        assert (await opened.outcome("delete_network_storage", {"storageId": volume}))["status"] == "deleted"
        template = (await opened.outcome("create_template", {"name": "t", "imageUrl": IMAGE}))["templateId"]
        assert (await opened.outcome("delete_template", {"templateId": template}))["status"] == "deleted"


@by_tool(ACTS)
async def test_a_yes_under_confirm_is_a_second_call(act: Act, tmp_path: Path) -> None:
    async with room(tmp_path, environ={**SUBSCRIPTIONS, "NOVITA_MCP_APPROVAL": "confirm"}) as opened:
        waiting = await opened.outcome(act.tool, act.arguments(opened))
        assert (waiting["status"], opened.written) == ("approval_required", [])
        outcome = await opened.outcome("apply_plan", {"planId": waiting["planId"]})
        assert (outcome["status"], opened.written) == (act.status, [act.path])


async def test_what_a_crash_left_open_and_no_list_of_instances_shows_counts_as_done(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        ledger = opened.app.ledger
        sent = {"action": "grow_storage", "marker": "abcdefghijkm", "hourly_usd": "0.01"}
        ledger.append(EntryKind.SENDING, plan_id="plan-abcdefghijkm", facts=sent)
        assert (await opened.outcome("create_network_storage", VOLUME))["status"] == "created"
        [settled] = ledger.entries(plan_id="plan-abcdefghijkm", kinds=(EntryKind.SETTLED,))
        assert settled.facts["happened"] == "yes"
