"""What a host shows to a person beside the tools: prompts, resources and completions, in both eras."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from novita_mcp.simulator.faults import Fault
from novita_mcp.simulator.instances import password
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.world import CREATE, ERAS, Opened, Person, opened, yes

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", ERAS)]

RESOURCES = [
    "novita://policy",
    "novita://instances",
    "novita://ledger",
    "novita://schemas/create-gpu-instance",
]
INSTANCE = "novita://instances/{instanceId}"
SECRET = "hunter2-hunter2"
NOT_FOUND = -32602
"""What the specification of 2026-07-28 answers for a resource that is not there."""
PROMPT, TEMPLATE = (
    PromptReference(type="ref/prompt", name="rent_gpu"),
    ResourceTemplateReference(uri=INSTANCE, type="ref/resource"),
)


async def test_everything_is_listed_with_a_title_and_a_description(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        prompts = (await server.client.list_prompts()).prompts
        resources = (await server.client.list_resources()).resources
        templates = (await server.client.list_resource_templates()).resource_templates
    assert [prompt.name for prompt in prompts] == ["rent_gpu", "review_spending", "clean_up"]
    assert [str(resource.uri) for resource in resources] == RESOURCES
    assert [template.uri_template for template in templates] == [INSTANCE]
    assert [one.name for one in (*prompts, *resources, *templates) if not (one.title and one.description)] == []


async def test_renting_takes_a_need_and_what_is_chosen_already(mode: Any, tmp_path: Path) -> None:
    given = {"need": "fine-tune a 7B model", "budget": "2 USD per hour", "clusterId": "us-ca-6"}
    async with opened(tmp_path, mode=mode) as server:
        (prompt, *_) = (await server.client.list_prompts()).prompts
        text = await _prompt(server, "rent_gpu", given)
    arguments = {argument.name: argument.required for argument in prompt.arguments or ()}
    assert arguments == {"need": True, "productId": False, "clusterId": False, "budget": False}
    assert [value for value in given.values() if value not in text] == []
    assert "Product:" not in text
    assert [tool for tool in ("search_gpu_products", "create_gpu_instance", "dryRun") if tool not in text] == []


async def test_a_prompt_without_its_need_is_refused(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        with pytest.raises(MCPError):
            await server.client.get_prompt("rent_gpu", {})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("review_spending", ["get_spending", "list_gpu_instances", "without a lease", "change nothing"]),
        ("clean_up", ["list_gpu_instances", "only what I name", "network volumes"]),
    ],
)
async def test_the_other_prompts_ask_before_they_change_anything(
    name: str, words: list[str], mode: Any, tmp_path: Path
) -> None:
    async with opened(tmp_path, mode=mode) as server:
        text = await _prompt(server, name, {})
    assert [word for word in words if word not in text] == []


async def test_the_policy_is_the_one_in_force(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode, environ={"NOVITA_MCP_MAX_HOURLY_USD": "1.25"}) as server:
        policy = await _read(server, "novita://policy")
    assert (policy["approval"], policy["maxHourlyUsd"]) == ("human", 1.25)


async def test_instances_and_ledger_are_as_they_stand_now(mode: Any, tmp_path: Path) -> None:
    clock = TurnedClock()
    async with opened(tmp_path, mode=mode, clock=clock, person=Person(yes(), clock)) as server:
        instance_id = await _created(server)
        one = await _read(server, f"novita://instances/{instance_id}")
        everything = await _read(server, "novita://instances")
        ledger = await _read(server, "novita://ledger")
    assert (one["instanceId"], one["ours"]) == (instance_id, True)
    assert [row["instanceId"] for row in everything["instances"]] == [instance_id]
    assert instance_id in {entry["instanceId"] for entry in ledger}


async def test_the_schema_is_the_one_that_the_tool_publishes(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        tools = {tool.name: tool for tool in (await server.client.list_tools()).tools}
        schema = await _read(server, "novita://schemas/create-gpu-instance")
    assert schema == tools["create_gpu_instance"].input_schema


@pytest.mark.parametrize(
    "uri",
    [
        "novita://instances/0123456789abcdef",
        f"novita://instances/{'a' * 300}",
        "novita://nope",
        "novita://instances/a/b",
    ],
)
async def test_what_is_not_there_is_not_found(uri: str, mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        with pytest.raises(MCPError) as refused:
            await server.client.read_resource(uri)
    assert refused.value.error.code == NOT_FOUND


async def test_a_resource_that_cannot_be_read_says_why(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        server.world.faults.add(Fault(kind="status", status=401, path_ends_with="/gpu/instances", times=99))
        with pytest.raises(MCPError) as refused:
            await server.client.read_resource("novita://instances")
    assert "NOVITA_API_KEY" in str(refused.value)


async def test_no_secret_is_in_any_of_them(mode: Any, tmp_path: Path) -> None:
    clock = TurnedClock()
    async with opened(tmp_path, mode=mode, clock=clock, person=Person(yes(), clock)) as server:
        instance_id = await _created(server, envs=[{"key": "TOKEN", "value": SECRET}])
        await server.outcome(
            "get_gpu_instance", {"instanceId": instance_id, "waitFor": "running", "timeoutSeconds": 90}
        )
        read = [json.dumps(await _read(server, uri)) for uri in (*RESOURCES, f"novita://instances/{instance_id}")]
        secrets = {SECRET, server.app.settings.api_key.get_secret_value()}
        secrets |= {password(instance) for instance in server.world.instances.values()}
    assert [text for text in read for secret in secrets if secret in text] == []


COMPLETIONS = [
    (PROMPT, "productId", "4090", {}, ["4090.16c62g", "4090.16c96g.v2", "26"]),
    (PROMPT, "productId", "l40", {}, ["L40S.22c125g"]),
    (PROMPT, "productId", "sxm", {"clusterId": "as-sgp-2"}, ["H100-SXM-80GB.26c220g"]),
    (PROMPT, "clusterId", "as-", {}, ["as-sgp-2", "as-in-1", "us-ca-nas-2"]),
    (PROMPT, "clusterId", "singapore", {}, ["as-sgp-2"]),
    (PROMPT, "need", "x", {}, []),
    (TEMPLATE, "instanceId", "nothing-like-it", {}, []),
]


@pytest.mark.parametrize(("ref", "name", "typed", "given", "values"), COMPLETIONS)
async def test_ids_are_completed_by_their_start_or_by_their_name(
    ref: Any, name: str, typed: str, given: dict[str, str], values: list[str], mode: Any, tmp_path: Path
) -> None:
    async with opened(tmp_path, mode=mode) as server:
        argument = {"name": name, "value": typed}
        found = (await server.client.complete(ref, argument, context_arguments=given)).completion
    assert found.values == values


async def test_instance_ids_are_completed_by_the_instances_name(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        instance = server.world.add_foreign_instance(name="night-run")
        found = await server.client.complete(TEMPLATE, {"name": "instanceId", "value": "night"})
    assert found.completion.values == [instance.id]


async def test_a_completion_without_novita_is_empty_and_no_error(mode: Any, tmp_path: Path) -> None:
    async with opened(tmp_path, mode=mode) as server:
        server.world.faults.add(Fault(kind="status", path_ends_with="/clusters", method="GET", times=99))
        found = await server.client.complete(PROMPT, {"name": "clusterId", "value": ""})
    assert found.completion.values == []


async def _prompt(server: Opened, name: str, arguments: dict[str, str]) -> str:
    (message,) = (await server.client.get_prompt(name, arguments)).messages
    assert message.content.type == "text"
    return message.content.text


async def _read(server: Opened, uri: str) -> Any:
    (content,) = (await server.client.read_resource(uri)).contents
    assert content.mime_type == "application/json"
    return json.loads(content.text)


async def _created(server: Opened, **changes: Any) -> str:
    outcome = await server.outcome("create_gpu_instance", {**CREATE, **changes})
    assert outcome["status"] == "created", outcome
    return str(outcome["instance"]["instanceId"])
