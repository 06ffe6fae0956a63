"""A plan says everything before anybody is asked, and making one changes nothing at Novita."""

from pathlib import Path
from typing import Any

import pytest

from novita_mcp.simulator.catalog import DEFAULT_AUTH_ID, DEFAULT_NETWORK_ID, DEFAULT_VOLUME_ID
from tests.server.support import Desk, desk, failure, structured, text

pytestmark = pytest.mark.anyio


async def preview(d: Desk, **changes: Any) -> dict[str, Any]:
    return structured(await d.create(dryRun=True, **changes))


def verdicts(outcome: dict[str, Any]) -> dict[str, str]:
    return {verdict["rule"]: verdict["verdict"] for verdict in outcome["plan"]["guardrails"]}


async def test_a_preview_has_the_exact_request_its_price_and_the_verdicts(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        outcome = await preview(d, rootfsSize=100, leaseHours=4)
    plan = outcome["plan"]
    assert (outcome["status"], plan["action"]) == ("preview", "create")
    assert plan["request"] == {
        "productId": "4090.16c62g",
        "gpuNum": 1,
        "rootfsSize": 100,
        "imageUrl": "pytorch/pytorch:2.8.0",
        "name": "train",
        "clusterId": "us-ca-6",
        "kind": "gpu",
        "envs": [{"key": "NOVITA_MCP_PLAN", "value": plan["marker"]}],
    }
    assert plan["quote"]["hourly"] == pytest.approx(0.35 + 40 * 0.005 / 24)
    assert plan["quote"]["leaseTotal"] == pytest.approx(plan["quote"]["hourly"] * 4)
    assert plan["product"]["name"] == "RTX 4090 24GB"
    assert set(verdicts(outcome).values()) == {"pass"}
    assert outcome["planId"]


async def test_a_preview_asks_nobody_and_sends_nothing_but_gets(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        await preview(d)
        await preview(d, productId="A100-80GB.14c240g", gpuNum=8)
    assert {request.method for request in d.world.received} == {"GET"}
    assert d.person.questions == []
    assert d.kinds == []


async def test_what_is_previewed_is_what_is_sent(tmp_path: Path, era: str) -> None:
    given: dict[str, Any] = {
        "ports": "8888/http,  22000/tcp",
        "tools": [{"name": "Jupyter", "port": "9999", "type": "http"}],
        "command": "python train.py",
        "entrypoint": "/bin/sh -c",
        "networkStorages": [{"Id": DEFAULT_VOLUME_ID, "mountPoint": "/data"}],
        "networkId": DEFAULT_NETWORK_ID,
        "imageAuthId": DEFAULT_AUTH_ID,
        "minCudaVersion": "12.4",
        "billingMode": "spot",
    }
    async with desk(tmp_path, era=era) as d:
        previewed = (await preview(d, **given))["plan"]["request"]
        await d.created(**given)
    sent = d.creates[0].body
    assert {**previewed, "envs": None} == {**sent, "envs": None}
    assert len(sent["envs"]) == 1


async def test_all_problems_are_told_at_once_and_nothing_is_read_or_sent(tmp_path: Path, era: str) -> None:
    wrong = {
        "gpuNum": 9,
        "rootfsSize": 5,
        "ports": "2222/tcp",
        "imageUrl": "",
        "gpuNumm": 1,
        "envs": [{"key": "A"}] * 101,
    }
    async with desk(tmp_path, era=era) as d:
        said = failure(await d.create(**wrong))
    assert "6 problems" in said
    assert all(path in said for path in ("gpuNum", "rootfsSize", "ports", "imageUrl", "gpuNumm", "envs"))
    assert "did you mean" in said
    assert d.world.received == []


OFFERS: list[tuple[dict[str, Any], str]] = [
    ({"productId": "4090.16c62"}, "did you mean 4090.16c62g?"),
    ({"productId": "RTX 4090 24GB"}, "several products have this name"),
    ({"clusterId": "us-ca-66"}, "did you mean us-ca-6?"),
    ({"clusterId": "US-CA-06"}, "did you mean us-ca-6?"),
    ({"productId": "26", "rootfsSize": 1017}, "rootfsSize: is 1017; 26 allows at most 1016 GB"),
    ({"productId": "A100-80GB.14c240g", "billingMode": "spot"}, "billingMode: spot is not offered"),
    ({"networkStorages": [{"Id": "nope"}]}, "networkStorages[0].Id: the account has no such network volume"),
    ({"clusterId": "us-ca-nas-2", "networkStorages": [{"Id": DEFAULT_VOLUME_ID}]}, "lives in us-ca-6"),
    ({"imageAuthId": "nope"}, "imageAuthId: no such registry credential"),
    ({"networkId": "nope"}, "networkId: the account has no such VPC network"),
    ({"clusterId": "us-ca-nas-2", "networkId": DEFAULT_NETWORK_ID}, "networkId: lives in us-ca-6"),
]


@pytest.mark.parametrize(("changes", "words"), OFFERS)
async def test_what_the_live_offer_forbids_is_told_like_any_other_limit(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    async with desk(tmp_path) as d:
        said = failure(await d.create(**changes))
    assert words in said
    assert "nothing was sent" in said
    assert d.posts == []


WARNINGS: list[tuple[dict[str, Any], str]] = [
    ({"imageUrl": "pytorch/pytorch:latest"}, "no fixed tag"),
    ({"productId": "A100 SXM 80GB"}, "is a name; A100-80GB.14c240g is the product that has it"),
    ({"clusterId": "as-in-1"}, "not in as-in-1; it may refuse"),
    ({"clusterId": "as-in-1"}, "does not list 4090.16c62g for 1 GPUs in as-in-1 now"),
    ({"clusterId": "", "networkStorages": [{"Id": DEFAULT_VOLUME_ID}]}, "lives in us-ca-6; without that clusterId"),
    ({"minCudaVersion": "12.4"}, "it may find no host with 12.4"),
    ({"envs": [{"key": "A", "value": "$NOT_LISTED"}]}, "envs[0].value is sent as it stands"),
    (
        {"networkStorages": [{"Id": DEFAULT_VOLUME_ID}, {"Id": DEFAULT_VOLUME_ID, "mountPoint": "/b"}]},
        "networkStorages[1] is the volume of networkStorages[0] again",
    ),
]


@pytest.mark.parametrize(("changes", "words"), WARNINGS)
async def test_doubtful_use_is_a_warning_and_never_a_refusal(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    async with desk(tmp_path) as d:
        result = await d.create(dryRun=True, **changes)
    assert structured(result)["status"] == "preview"
    assert any(words in warning for warning in structured(result)["plan"]["warnings"])
    assert words in text(result)


@pytest.mark.parametrize(
    ("path", "given", "what"),
    [
        ("/clusters", {}, "clusters"),
        ("/networkstorages/list", {"networkStorages": [{"Id": DEFAULT_VOLUME_ID}]}, "network volumes"),
        ("/repository/auths", {"imageAuthId": DEFAULT_AUTH_ID}, "registry credentials"),
        ("/networks", {"networkId": DEFAULT_NETWORK_ID}, "VPC networks"),
    ],
)
async def test_a_list_that_cannot_be_read_is_a_warning(
    path: str, given: dict[str, Any], what: str, tmp_path: Path
) -> None:
    async with desk(tmp_path) as d:
        d.fault("status", path, "GET", times=99)
        outcome = await preview(d, **given)
    assert any(f"list of {what} could not be read" in warning for warning in outcome["plan"]["warnings"])


DENIALS: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"productId": "A100-80GB.14c240g", "gpuNum": 8}, {}, "max_hourly_usd"),
    ({}, {"max_gpus": "0"}, "max_gpus"),
    ({}, {"max_instances": "0"}, "max_instances"),
    ({}, {"max_total_hourly_usd": "0.34"}, "max_total_hourly_usd"),
    ({}, {"min_balance_hours": "100"}, "min_balance_hours"),
    ({}, {"monthly_budget_usd": "1"}, "monthly_budget_usd"),
    ({}, {"allowed_products": "H100*"}, "allowed_products"),
    ({}, {"allowed_clusters": "eu-*"}, "allowed_clusters"),
    ({}, {"allowed_images": "myorg/*"}, "allowed_images"),
    ({"billingMode": "spot"}, {"allowed_billing": "onDemand"}, "allowed_billing"),
    ({"month": 1}, {"max_hourly_usd": "50", "min_balance_hours": "0"}, "allowed_billing"),
    ({"leaseHours": 9}, {"max_lease_hours": "8"}, "max_lease_hours"),
    ({"productId": "26"}, {}, "stock"),
]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("changes", "limits", "rule"), DENIALS)
async def test_a_denied_plan_asks_nobody_sends_nothing_and_says_what_would_pass(
    changes: dict[str, Any], limits: dict[str, str], rule: str, tmp_path: Path, *, dry_run: bool
) -> None:
    async with desk(tmp_path, **limits) as d:
        result = await d.create(**changes, dryRun=dry_run)
    outcome = structured(result)
    assert outcome["status"] == "denied"
    assert verdicts(outcome)[rule] == "deny"
    assert f"[{rule}]" in text(result)
    assert "nothing was created" in text(result)
    assert d.person.questions == []
    assert d.posts == []


async def test_out_of_stock_or_too_dear_names_the_next_best_products(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        sold_out = (await preview(d, productId="26"))["plan"]["alternatives"]
        too_dear = (await preview(d, productId="A100-80GB.14c240g", gpuNum=8))["plan"]["alternatives"]
        too_long = (await preview(d, gpuNum=1, leaseHours=8760))["plan"]["alternatives"]
    assert sold_out[0].startswith("4090.16c62g") or sold_out[0].startswith("3090")
    assert [row.split(" ")[0] for row in too_dear] == ["H100-SXM-80GB.26c220g"]
    assert too_long == []


async def test_guardrails_count_what_others_started(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        d.world.add_foreign_instance(product_id="A100-80GB.14c240g", gpu_num=6)
        outcome = await preview(d, gpuNum=2)
        assert verdicts(outcome)["max_total_hourly_usd"] == "deny"
        assert verdicts(await preview(d, gpuNum=1))["max_total_hourly_usd"] == "pass"


async def test_guardrails_count_instances_of_others(tmp_path: Path) -> None:
    async with desk(tmp_path, max_instances="2") as d:
        d.world.add_foreign_instance()
        assert verdicts(await preview(d))["max_instances"] == "pass"
        d.world.add_foreign_instance()
        assert verdicts(await preview(d))["max_instances"] == "deny"


UNREAD = [
    ("/billing/balance/detail", "min_balance_hours"),
    ("/gpu/instances", "max_total_hourly_usd"),
    ("/gpu/instances", "max_instances"),
]


@pytest.mark.parametrize(("path", "rule"), UNREAD)
@pytest.mark.parametrize(("approval", "verdict"), [("human", "warn"), ("confirm", "deny"), ("none", "deny")])
async def test_facts_that_cannot_be_read_deny_where_nobody_is_asked(
    path: str, rule: str, approval: str, verdict: str, tmp_path: Path
) -> None:
    async with desk(tmp_path, approval=approval) as d:
        d.fault("status", path, "GET", times=99)
        assert verdicts(await preview(d))[rule] == verdict


async def test_an_unknown_price_is_never_guessed(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        d.world.set_price("4090.16c62g", price_raw=9_999_999)
        outcome = await preview(d)
    assert outcome["plan"]["quote"]["hourly"] is None
    assert verdicts(outcome)["known_price"] == "warn"


async def test_a_template_fills_what_the_call_leaves_out(tmp_path: Path, era: str) -> None:
    given = {"productId": "4090.16c62g", "gpuNum": 1, "templateId": "107672"}
    async with desk(tmp_path, era=era) as d:
        d.world.templates["107672"]["envs"] = [{"key": "MODE", "value": "template-value"}]
        d.world.templates["107672"]["startCommand"] = "serve"
        result = structured(await d.call("create_gpu_instance", **given, command="mine"))
    sent = d.creates[0].body
    assert result["status"] == "created"
    assert (sent["imageUrl"], sent["rootfsSize"], sent["command"]) == ("pytorch/pytorch:latest", 60, "mine")
    assert sent["tools"] == [{"name": "Jupyter", "port": "8888", "type": "http"}]
    assert "templateId" not in sent
    assert {env["key"] for env in sent["envs"]} == {"MODE", "NOVITA_MCP_PLAN"}
    assert "template-value" not in str(result)


async def test_a_template_that_does_not_exist_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        said = failure(await d.call("create_gpu_instance", productId="4090.16c62g", gpuNum=1, templateId="nope"))
    assert "list_resources kind templates" in said
    assert d.posts == []


async def test_snake_case_is_understood(tmp_path: Path) -> None:
    given = {"product_id": "4090.16c62g", "gpu_num": 1, "rootfs_size": 60, "image_url": "a:1", "dry_run": True}
    async with desk(tmp_path) as d:
        assert structured(await d.call("create_gpu_instance", **given))["status"] == "preview"


async def test_a_cpu_instance_is_priced_whole(tmp_path: Path) -> None:
    given = {"productId": "cpu.8c16g", "kind": "cpu", "imageUrl": "a:1"}
    async with desk(tmp_path) as d:
        outcome = structured(await d.call("create_gpu_instance", **given))
    assert outcome["status"] == "created"
    assert outcome["plan"]["quote"]["hourly"] == 0.05
    assert {"gpuNum", "rootfsSize"} & d.creates[0].body.keys() == set()


async def test_a_hundred_variables_leave_the_marker_in_the_name(tmp_path: Path) -> None:
    envs = [{"key": f"V{number}", "value": "x"} for number in range(100)]
    async with desk(tmp_path) as d:
        await d.created(envs=envs, name="n" * 255)
        assert len(d.creates[0].body["envs"]) == 100
        assert len(d.creates[0].body["name"]) == 255
        d.fault("drop_after")
        second = structured(await d.create(envs=envs, name="n" * 255))
    assert second["status"] == "created"
    assert d.world.created_count() == 2
