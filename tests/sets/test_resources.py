"""Volumes, templates, registry logins, networks, prewarming and bills."""

from pathlib import Path
from typing import Any

import pytest

from novita_mcp.domain.history.folds import spent_estimate
from novita_mcp.domain.spending import month_start
from novita_mcp.simulator.catalog import DEFAULT_TEMPLATE_ID, DEFAULT_VOLUME_ID
from tests.sets.rooms import Room, room

pytestmark = pytest.mark.anyio

VOLUME = {"clusterId": "us-ca-6", "storageName": "data", "storageSize": 1000}
PASSWORD = "registry-Pa55word"
LISTED = {"NOVITA_MCP_SECRET_ENVS": "REGISTRY_PASSWORD", "REGISTRY_PASSWORD": PASSWORD}
LOGIN = {"name": "ghcr.io", "username": "me", "password": "$REGISTRY_PASSWORD"}


def ledger_text(opened: Room) -> str:
    return " ".join(str(entry) for entry in opened.app.ledger.entries())


async def test_a_volume_is_shown_with_its_price_per_month(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        outcome = await opened.outcome("create_network_storage", VOLUME)
        [asked] = opened.person.asked
        assert "about $60.83 per month until it is deleted" in asked
        assert outcome["plan"]["quote"]["monthly"] == pytest.approx(1000 * 0.002 / 24 * 730)
        result = await opened.call("list_network_storages", {"query": "data", "clusterId": "us-ca-6"})
        rows = result.structured_content["volumes"]
        assert [row["storageName"] for row in rows] == ["shared-data", "data"]
        assert "«shared-data» 100 GB" in opened.text_of(result)
        assert "about $66.92 per month together" in opened.text_of(result)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("MAX_TOTAL_HOURLY_USD", "0.40"),
        ("MONTHLY_BUDGET_USD", "250"),
        ("ALLOWED_CLUSTERS", "us-ca-6"),
        ("MIN_BALANCE_HOURS", "12000"),
    ],
)
async def test_a_volume_must_pass_the_guardrails_that_concern_it(limit: str, value: str, tmp_path: Path) -> None:
    async with room(tmp_path, environ={f"NOVITA_MCP_{limit}": value}) as opened:
        wanted = {**VOLUME, "clusterId": "as-sgp-2"}
        outcome = await opened.outcome("create_network_storage", wanted)
        assert (outcome["status"], opened.written) == ("denied", [])
        assert limit.lower() in outcome["message"]
        rules = {verdict["rule"] for verdict in outcome["plan"]["guardrails"]}
        assert not rules & {"stock", "max_gpus", "max_instances", "allowed_images", "allowed_products"}


@pytest.mark.parametrize(
    ("tool", "arguments", "problem"),
    [
        ("create_network_storage", {**VOLUME, "clusterId": "us-ca-7"}, "did you mean us-ca-6"),
        ("create_network_storage", {**VOLUME, "clusterId": "as-in-1"}, "has no network volumes"),
        ("create_network_storage", {**VOLUME, "storageSize": 9}, "storageSize"),
        ("grow_network_storage", {"storageId": DEFAULT_VOLUME_ID, "storageSize": 50}, "only grows"),
        ("grow_network_storage", {"storageId": "nosuch", "storageSize": 50}, "no network volume nosuch"),
        ("delete_network_storage", {"storageId": "nosuch"}, "no network volume nosuch"),
    ],
)
async def test_what_cannot_be_done_with_a_volume_is_not_sent(
    tool: str, arguments: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    async with room(tmp_path) as opened:
        result = await opened.call(tool, arguments)
        assert result.is_error
        assert problem in opened.text_of(result)
        assert opened.written == []


async def test_a_mounted_volume_is_not_deleted(tmp_path: Path) -> None:
    mounted = {"networkStorages": [{"Id": DEFAULT_VOLUME_ID}]}
    async with room(tmp_path, create=mounted) as opened:
        result = await opened.call("delete_network_storage", {"storageId": DEFAULT_VOLUME_ID})
        assert opened.instance_id in opened.text_of(result)
        assert opened.written == []


async def test_a_deleted_volume_costs_no_more_in_the_ledger(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        await opened.outcome("stop_gpu_instance", {"instanceId": opened.instance_id})
        volume = (await opened.outcome("create_network_storage", VOLUME))["resource"]["id"]
        opened.clock.advance(3600)
        await opened.outcome("delete_network_storage", {"storageId": volume})
        assert "NO:" not in opened.person.asked[-1]

        def spent() -> Any:
            now = opened.clock.now()
            return spent_estimate(opened.app.ledger.entries(), month_start(now), now)

        before = spent()
        opened.clock.advance(36_000)
        assert spent() == before > 0


async def test_a_template_keeps_what_an_update_leaves_out(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        envs = [{"key": "TOKEN", "value": "keep-this-secret"}]
        values = {
            "name": "dev",
            "imageUrl": "a/b:1",
            "ports": "80/http, 22/tcp, 81/http",
            "envs": envs,
            "command": "go",
        }
        template_id = (await opened.outcome("create_template", values))["templateId"]
        assert opened.last_body["template"]["ports"] == [
            {"type": "http", "ports": [80, 81]},
            {"type": "tcp", "ports": [22]},
        ]
        await opened.outcome("update_template", {"templateId": template_id, "imageUrl": "a/b:2"})
        assert opened.last_body["template"]["envs"] == envs
        assert opened.person.asked == []
        result = await opened.call("list_templates", {"templateId": template_id})
        [row] = result.structured_content["templates"]
        assert (row["imageUrl"], row["command"], row["envNames"]) == ("a/b:2", "go", ["TOKEN"])
        assert "keep-this-secret" not in result.model_dump_json() + ledger_text(opened)


async def test_an_update_resolves_only_the_references_that_it_was_given(tmp_path: Path) -> None:
    """A value that looks like a reference and is stored as it stands must not turn into the secret."""
    async with room(tmp_path, environ=LISTED) as opened:
        kept = {"Id": "9", "name": "n", "type": "instance", "channel": "private", "image": "a/b:1", "rootfsSize": 10}
        opened.world.templates["9"] = {**kept, "envs": [{"key": "A", "value": "$REGISTRY_PASSWORD"}]}
        await opened.outcome("update_template", {"templateId": "9", "name": "m"})
        assert opened.last_body["template"]["envs"] == [{"key": "A", "value": "$REGISTRY_PASSWORD"}]


async def test_templates_are_found_by_channel_and_words(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        rows = (await opened.outcome("list_templates", {"channel": "official", "query": "vllm"}))["templates"]
        assert [row["name"] for row in rows] == ["vLLM OpenAI server"]
        result = await opened.call("list_templates")
        assert "«pytorch-dev» private" in opened.text_of(result)


async def test_a_template_fills_a_create(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        wanted = {"productId": "H100 SXM 80GB", "gpuNum": 1, "templateId": DEFAULT_TEMPLATE_ID}
        outcome = await opened.outcome("create_gpu_instance", wanted)
        body = opened.last_body
        assert outcome["status"] == "created"
        assert (body["productId"], body["imageUrl"]) == ("H100-SXM-80GB.26c220g", "pytorch/pytorch:latest")
        assert body["tools"] == [{"name": "Jupyter", "port": "8888", "type": "http"}]
        assert "templateId" not in body
        assert any("H100-SXM-80GB.26c220g is the product" in warning for warning in outcome["plan"]["warnings"])


async def test_a_registry_password_goes_from_the_environment_to_novita_and_nowhere_else(tmp_path: Path) -> None:
    async with room(tmp_path, environ=LISTED) as opened:
        saved = await opened.call("save_registry_auth", LOGIN)
        assert opened.last_body == {"name": "ghcr.io", "username": "me", "password": PASSWORD}
        shown = await opened.call("list_registry_auths")
        assert [row["name"] for row in shown.structured_content["auths"]] == ["docker.io", "ghcr.io"]
        auth_id = saved.structured_content["imageAuthId"]
        deleted = await opened.call("delete_registry_auth", {"imageAuthId": auth_id})
        texts = "".join(result.model_dump_json() for result in (saved, shown, deleted))
        for secret in (PASSWORD, "EXAMPLE-NOT-A-REAL-PASSWORD"):
            assert secret not in texts + ledger_text(opened) + "".join(opened.person.asked)


@pytest.mark.parametrize(
    ("environ", "password", "problem"),
    [
        (LISTED, "hunter2-in-clear", "has the wrong form"),
        ({}, "$REGISTRY_PASSWORD", "is not listed in NOVITA_MCP_SECRET_ENVS"),
        ({"NOVITA_MCP_SECRET_ENVS": "REGISTRY_PASSWORD"}, "$REGISTRY_PASSWORD", "not set"),
        (LISTED, "$NOVITA_API_KEY", "is not listed in NOVITA_MCP_SECRET_ENVS"),
    ],
)
async def test_no_other_password_is_sent_or_repeated(
    environ: dict[str, str], password: str, problem: str, tmp_path: Path
) -> None:
    async with room(tmp_path, environ=environ) as opened:
        result = await opened.call("save_registry_auth", {**LOGIN, "password": password})
        assert result.is_error
        assert problem in opened.text_of(result)
        assert "hunter2-in-clear" not in result.model_dump_json()
        assert opened.written == []


async def test_a_network_is_made_renamed_shown_and_deleted(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        made = await opened.outcome("create_network", {"clusterId": "us-ca-6", "name": "train"})
        network_id = made["networkId"]
        await opened.outcome("rename_network", {"networkId": network_id, "name": "serve"})
        [row] = (await opened.outcome("list_networks", {"networkId": network_id}))["networks"]
        assert (row["networkId"], row["name"], row["clusterId"]) == (network_id, "serve", "us-ca-6")
        assert opened.person.asked == []
        assert (await opened.outcome("delete_network", {"networkId": network_id}))["status"] == "deleted"
        assert "Created here  yes" in opened.person.asked[-1]


async def test_a_prewarm_task_is_made_listed_with_the_quota_and_deleted(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        wanted = {"imageUrl": "a/b:1", "clusterId": "us-ca-6", "productIds": ["4090.16c62g"]}
        made = await opened.outcome("create_prewarm", wanted)
        opened.clock.advance(120)
        listed = await opened.outcome("list_prewarms", {"state": "Succeeded", "clusterId": "us-ca-6"})
        assert [(row["id"], row["state"], row["imageGb"]) for row in listed["prewarms"]] == [
            (made["id"], "Succeeded", 8.1)
        ]
        assert (listed["used"], listed["limit"], listed["maxImageGb"]) == (1, 5, 100)
        assert (await opened.outcome("delete_prewarm", made))["status"] == "deleted"
        assert (await opened.call("delete_prewarm", made)).is_error


async def test_bills_are_added_up_by_instance_and_day(tmp_path: Path) -> None:
    async with room(tmp_path) as opened:
        opened.clock.advance(24 * 3600)
        result = await opened.call("get_bills", {"instanceId": opened.instance_id})
        bills = result.structured_content
        assert [row["day"] for row in bills["bills"]] == ["2026-08-04", "2026-08-03"]
        assert {row["instanceId"] for row in bills["bills"]} == {opened.instance_id}
        assert sum(row["usd"] for row in bills["bills"]) == pytest.approx(bills["total"])
        assert "«RTX 4090 24GB»" in opened.text_of(result)
        assert (await opened.call("get_bills", {"days": 32})).is_error
