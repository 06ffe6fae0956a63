"""Edit, upgrade, migrate, subscriptions, images and metrics of an instance."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from novita_mcp.domain.history.folds import owned_instances
from novita_mcp.domain.models import MARKER_ENV
from novita_mcp.simulator.catalog import DEFAULT_VOLUME_ID
from novita_mcp.simulator.faults import Fault
from tests.sets.rooms import SUBSCRIPTIONS, UNTIL_RUNNING_SECONDS, Room, room

pytestmark = pytest.mark.anyio

IMAGE = "vllm/vllm-openai:v0.6.3"
SECRET = "hf_TopSecretValue"
WITH_EVERYTHING = {
    "envs": [{"key": "HF_TOKEN", "value": SECRET}, {"key": "MODE", "value": "train"}],
    "command": "python train.py",
    "networkStorages": [{"Id": DEFAULT_VOLUME_ID, "mountPoint": "/data"}],
}


async def stop(opened: Room) -> None:
    await opened.outcome("stop_gpu_instance", {"instanceId": opened.instance_id})
    opened.clock.advance(UNTIL_RUNNING_SECONDS)
    opened.world.received.clear()


def facts(opened: Room) -> str:
    return opened.person.asked[-1]


async def test_growing_a_disk_shows_the_price_of_the_bigger_disk(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        arguments = {"instanceId": opened.instance_id, "expandRootDisk": 40, "ports": "80/http, 3306/tcp"}
        outcome = await opened.outcome("edit_gpu_instance", arguments)
        assert outcome["plan"]["quote"]["stoppedHourly"] == pytest.approx(40 * 0.005 / 24)
        assert "60 GB, then 100 GB" in facts(opened)
        assert "80/http, 3306/tcp" in facts(opened)
        assert opened.last_body == {
            "instanceId": opened.instance_id,
            "ports": [{"port": 80, "type": "http"}, {"port": 3306, "type": "tcp"}],
            "expandRootDisk": 40,
        }


async def test_growing_the_disk_of_a_stopped_instance_is_priced_stopped(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        await stop(opened)
        arguments = {"instanceId": opened.instance_id, "expandRootDisk": 40, "dryRun": True}
        quote = (await opened.outcome("edit_gpu_instance", arguments))["plan"]["quote"]
        assert quote["hourly"] == quote["stoppedHourly"] == pytest.approx(40 * 0.005 / 24)


async def test_a_bigger_disk_must_pass_the_guardrails(tmp_path: Path) -> None:
    async with room(tmp_path, environ={"NOVITA_MCP_MAX_HOURLY_USD": "0.40"}) as opened:
        outcome = await opened.outcome("edit_gpu_instance", {"instanceId": opened.instance_id, "expandRootDisk": 1000})
        assert (outcome["status"], opened.written) == ("denied", [])
        assert "max_hourly_usd" in outcome["message"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "ports"),
        ({"ports": "2222/tcp"}, "ports"),
        ({"ports": "80/http, 80/tcp"}, "ports"),
        ({"ports": "80/https"}, "ports"),
        ({"ports": ", ".join(f"{port}/tcp" for port in range(80, 96))}, "ports"),
        ({"expandRootDisk": 100_000}, "expandRootDisk"),
        ({"expandRootDisk": -1}, "expandRootDisk"),
    ],
)
async def test_an_edit_that_novita_forbids_is_not_sent(arguments: dict[str, Any], path: str, tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        result = await opened.call("edit_gpu_instance", {"instanceId": opened.instance_id, **arguments})
        assert result.is_error
        assert f"- {path}: " in opened.text_of(result)
        assert opened.written == []


async def test_an_upgrade_says_what_is_lost_and_keeps_the_marker_and_the_volumes(tmp_path: Path) -> None:
    async with room(tmp_path, create=WITH_EVERYTHING) as opened:
        arguments = {"instanceId": opened.instance_id, "imageUrl": IMAGE, "envs": [{"key": "MODE", "value": "serve"}]}
        outcome = await opened.outcome("upgrade_gpu_instance", arguments)
        assert "Variables lost   HF_TOKEN" in facts(opened)
        assert "dropped" in facts(opened)
        assert "everything on the 60 GB is lost for good" in facts(opened)
        body = opened.last_body
        assert [env["key"] for env in body["envs"]] == ["MODE", MARKER_ENV]
        mounted = [{"type": "network", "id": DEFAULT_VOLUME_ID, "mountPath": "/data"}]
        assert body["networkVolume"]["volumeMounts"] == mounted
        assert outcome["plan"]["request"]["envs"][0]["value"] == "***"


async def test_an_upgrade_detaches_volumes_only_if_it_says_so(tmp_path: Path) -> None:
    async with room(tmp_path, create=WITH_EVERYTHING) as opened:
        arguments = {"instanceId": opened.instance_id, "imageUrl": IMAGE, "networkStorages": [], "save": True}
        await opened.outcome("upgrade_gpu_instance", arguments)
        assert "Volume detached" in facts(opened)
        assert opened.last_body["networkVolume"] == {"volumeMounts": []}
        assert opened.last_body["save"] is True


async def test_an_upgrade_fills_in_listed_secrets_and_shows_none(tmp_path: Path) -> None:
    listed = {"NOVITA_MCP_SECRET_ENVS": "HF_TOKEN", "HF_TOKEN": SECRET}
    async with room(tmp_path, environ=listed) as opened:
        envs = [{"key": "TOKEN", "value": "$HF_TOKEN"}, {"key": "OTHER", "value": "sk-plain"}]
        arguments = {"instanceId": opened.instance_id, "imageUrl": IMAGE, "envs": envs}
        result = await opened.call("upgrade_gpu_instance", arguments)
        assert opened.last_body["envs"][0] == {"key": "TOKEN", "value": SECRET}
        written = " ".join(str(entry.facts) for entry in opened.app.ledger.entries())
        for secret in (SECRET, "sk-plain"):
            assert secret not in result.model_dump_json() + facts(opened) + written


async def test_an_upgraded_instance_is_still_ours(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        await opened.outcome("upgrade_gpu_instance", {"instanceId": opened.instance_id, "imageUrl": IMAGE})
        opened.clock.advance(UNTIL_RUNNING_SECONDS)
        [instance] = await opened.app.client.instances()
        assert (instance.image_url, instance.marker is not None) == (IMAGE, True)


@pytest.mark.parametrize(
    ("tool", "more"), [("migrate_gpu_instance", {}), ("upgrade_gpu_instance", {"imageUrl": IMAGE})]
)
async def test_a_stopped_instance_that_runs_again_is_planned_as_a_start(
    tool: str, more: dict[str, Any], tmp_path: Path
) -> None:
    async with room(tmp_path, environ={"NOVITA_MCP_DEFAULT_LEASE_HOURS": "3"}) as opened:
        await stop(opened)
        outcome = await opened.outcome(tool, {"instanceId": opened.instance_id, **more})
        assert outcome["plan"]["quote"]["hourly"] == pytest.approx(0.35)
        assert outcome["plan"]["leaseHours"] == 3
        assert "3 hours, then it is stopped" in facts(opened)
        owned = owned_instances(opened.app.ledger.entries())[opened.instance_id]
        assert owned.running
        assert owned.lease is not None
        assert owned.lease.hours == 3


async def test_a_running_instance_keeps_its_lease_when_it_moves(tmp_path: Path) -> None:
    async with room(tmp_path, create={"leaseHours": 5}) as opened:
        before = owned_instances(opened.app.ledger.entries())[opened.instance_id].lease
        await opened.outcome("migrate_gpu_instance", {"instanceId": opened.instance_id})
        assert owned_instances(opened.app.ledger.entries())[opened.instance_id].lease == before


@pytest.mark.parametrize("tool", ["migrate_gpu_instance", "edit_gpu_instance", "save_image"])
async def test_what_is_between_two_states_is_left_alone(tool: str, tmp_path: Path) -> None:
    more = {"edit_gpu_instance": {"expandRootDisk": 1}, "save_image": {"image": "r.example.com/a:1"}}.get(tool, {})
    async with room(tmp_path) as opened:
        await opened.outcome("restart_gpu_instance", {"instanceId": opened.instance_id})
        opened.world.received.clear()
        result = await opened.call(tool, {"instanceId": opened.instance_id, **more})
        assert result.is_error
        assert "Nothing was sent" in opened.text_of(result)
        assert opened.writes == []


async def test_a_subscription_is_converted_then_renewed_and_paid_up_front(tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        arguments = {"instanceId": opened.instance_id, "month": 1}
        converted = await opened.outcome("subscribe_gpu_instance", arguments)
        assert converted["plan"]["quote"]["upfront"] == 230
        assert "$230.00, cannot be undone" in facts(opened)
        renewed = await opened.outcome("subscribe_gpu_instance", arguments)
        assert (converted["status"], renewed["status"]) == ("converted", "renewed")
        assert "paid until 2026-09-03" in facts(opened)
        paths = ["/gpu/instance/transToMonthlyInstance", "/gpu/instance/renewInstance"]
        assert opened.written == paths


async def test_a_renewal_whose_reply_was_lost_is_paid_once(tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        arguments = {"instanceId": opened.instance_id, "month": 1}
        await opened.outcome("subscribe_gpu_instance", arguments)
        opened.world.faults.add(Fault(method="POST", path_ends_with="renewInstance", kind="drop_after"))
        assert (await opened.outcome("subscribe_gpu_instance", arguments))["status"] == "renewed"
        assert len(opened.world.account.purchases) == 2


async def test_subscriptions_must_be_allowed_by_name(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        outcome = await opened.outcome("subscribe_gpu_instance", {"instanceId": opened.instance_id, "month": 1})
        assert (outcome["status"], opened.written) == ("denied", [])
        assert "allowed_billing" in outcome["message"]


@pytest.mark.parametrize(("approval", "status"), [("human", "preview"), ("none", "denied")])
async def test_an_unknown_subscription_price_is_for_a_person_to_decide(
    approval: str, status: str, tmp_path: Path
) -> None:
    environ = {**SUBSCRIPTIONS, "NOVITA_MCP_APPROVAL": approval}
    async with room(tmp_path, environ=environ) as opened:
        arguments = {"instanceId": opened.instance_id, "month": 7, "dryRun": True}
        outcome = await opened.outcome("subscribe_gpu_instance", arguments)
        assert outcome["plan"]["quote"]["upfront"] is None
        assert outcome["status"] == status


async def test_auto_renew_needs_the_owners_leave_and_costs_nothing_now(tmp_path: Path) -> None:
    environ = {**SUBSCRIPTIONS, "NOVITA_MCP_ALLOW_AUTO_RENEW": "false"}
    async with room(tmp_path, environ=environ) as opened:
        await opened.outcome("subscribe_gpu_instance", {"instanceId": opened.instance_id, "month": 1})
        on = {"instanceId": opened.instance_id, "autoRenew": True}
        denied = await opened.outcome("set_auto_renew", on)
        assert (denied["status"], "allow_auto_renew" in denied["message"]) == ("denied", True)
        off = await opened.outcome("set_auto_renew", {**on, "autoRenew": False})
        assert off["status"] == "changed"


async def test_auto_renew_asks_with_the_price_of_each_renewal(tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        await opened.outcome("subscribe_gpu_instance", {"instanceId": opened.instance_id, "month": 1})
        spent = opened.world.account.spent_usd
        outcome = await opened.outcome("set_auto_renew", {"instanceId": opened.instance_id, "autoRenew": True})
        assert outcome["status"] == "changed"
        assert "$230.00 for 1 month" in facts(opened)
        assert outcome["plan"]["quote"] is None
        assert opened.world.account.spent_usd - spent < Decimal(1)


async def test_what_is_no_subscription_does_not_renew(tmp_path: Path) -> None:
    async with room(tmp_path, environ=SUBSCRIPTIONS) as opened:
        result = await opened.call("set_auto_renew", {"instanceId": opened.instance_id, "autoRenew": True})
        assert result.is_error
        assert opened.written == []


async def test_an_image_goes_where_the_person_saw_and_its_job_can_be_broken_off(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        arguments = {"instanceId": opened.instance_id, "image": "registry.example.com/team/image:1"}
        saved = await opened.outcome("save_image", arguments)
        assert "on registry.example.com" in facts(opened)
        [job] = (await opened.outcome("list_jobs"))["jobs"]
        assert saved["resource"] == {"kind": "job", "id": job["jobId"]}
        assert (await opened.outcome("break_job", {"jobId": job["jobId"]}))["status"] == "stopped"
        [broken] = (await opened.outcome("list_jobs", {"instanceId": opened.instance_id}))["jobs"]
        assert broken["state"] == "break"
        assert (await opened.call("break_job", {"jobId": job["jobId"]})).is_error
        assert (await opened.call("break_job", {"jobId": "nosuchjob"})).is_error


async def test_breaking_off_a_strangers_job_asks(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        foreign = opened.world.add_foreign_instance().id
        job_id = await opened.app.client.save_image({"instanceId": foreign, "image": "r.example.com/a:1"})
        await opened.outcome("break_job", {"jobId": job_id})
        assert "NO: somebody else started it" in facts(opened)


async def test_changes_without_cost_ask_only_about_strangers(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        ours = {"instanceId": opened.instance_id, "autoMigrateOpen": True, "autoMigrateSystemDisk": True}
        assert (await opened.outcome("set_auto_migrate", ours))["status"] == "changed"
        assert opened.person.asked == []
        foreign = {**ours, "instanceId": opened.world.add_foreign_instance().id}
        assert (await opened.outcome("set_auto_migrate", foreign))["status"] == "changed"
        assert "NO: somebody else started it" in facts(opened)


async def test_metrics_are_numbers_with_a_sparkline_and_the_logs_addresses(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        opened.clock.advance(1200)
        result = await opened.call("get_gpu_metrics", {"instanceId": opened.instance_id})
        report = result.structured_content
        assert [series["name"] for series in report["series"]] == ["GPU", "GPU memory", "CPU", "memory", "root disk"]
        assert report["series"][0] | {"values": ()} == {
            "name": "GPU",
            "latest": 87.0,
            "mean": 87.0,
            "highest": 87.0,
            "values": (),
        }
        assert len(report["series"][0]["values"]) <= 30
        assert "▇▇" in opened.text_of(result)
        assert set(report["logs"]) == {"system", "instance"}


async def test_logs_are_shown_even_where_the_meters_cannot_be_read(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        opened.world.faults.add(Fault(method="GET", path_ends_with="metrics/gpu/instance", kind="status", status=403))
        report = await opened.outcome("get_gpu_metrics", {"instanceId": opened.instance_id})
        assert report["series"] == []
        assert report["logs"]
        assert "could not be read" in report["note"]
