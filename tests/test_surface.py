"""What a host sees of the server: names, schemas, hints and their size, the same in both eras."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp.types import Tool

from tests.server.support import desk, structured

pytestmark = pytest.mark.anyio

CORE = [
    "search_gpu_products",
    "create_gpu_instance",
    "apply_plan",
    "list_gpu_instances",
    "get_gpu_instance",
    "start_gpu_instance",
    "stop_gpu_instance",
    "restart_gpu_instance",
    "delete_gpu_instance",
    "get_spending",
    "list_resources",
]
"""The default toolset, in the contract's order."""
READING = {"search_gpu_products", "list_gpu_instances", "get_gpu_instance", "get_spending", "list_resources"}
REPEATABLE = READING | {"stop_gpu_instance", "delete_gpu_instance"}
ARGUMENTS = {
    "search_gpu_products": {
        "query", "gpuNum", "billingMode", "clusterId", "minVramGb", "maxHourlyUsd", "availableOnly", "limit",
    },
    "create_gpu_instance": {
        "name", "productId", "gpuNum", "rootfsSize", "imageUrl", "imageAuth", "imageAuthId", "ports", "envs", "tools",
        "command", "entrypoint", "clusterId", "networkStorages", "networkId", "kind", "month", "billingMode",
        "autoRenew", "autoRenewMonth", "minCudaVersion", "templateId", "dryRun", "leaseHours",
    },
    "apply_plan": {"planId"},
    "list_gpu_instances": {"status", "name"},
    "get_gpu_instance": {"instanceId", "waitFor", "timeoutSeconds"},
    "start_gpu_instance": {"instanceId", "dryRun", "leaseHours"},
    "stop_gpu_instance": {"instanceId", "dryRun"},
    "restart_gpu_instance": {"instanceId", "dryRun"},
    "delete_gpu_instance": {"instanceId", "dryRun"},
    "get_spending": set(),
    "list_resources": {"kind", "query"},
}  # fmt: skip
LONGEST_TEXT = 2048
"""Claude Code cuts descriptions and instructions there."""
MOST_TOKENS = 4000
BYTES_PER_TOKEN = 4
REFUSED_BY_HOSTS = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "definitions"}


async def tools_of(tmp_path: Path, era: str = "auto") -> list[Tool]:
    async with desk(tmp_path, era=era) as d:
        return (await d.client.list_tools()).tools


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


@pytest.fixture(params=["legacy", "auto"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_the_tools_are_those_of_the_contract_in_its_order(tmp_path: Path, era: str) -> None:
    assert [tool.name for tool in await tools_of(tmp_path, era)] == CORE


async def test_each_tool_takes_the_arguments_of_the_contract(tmp_path: Path) -> None:
    found = {tool.name: set(tool.input_schema["properties"]) for tool in await tools_of(tmp_path)}
    expected = {name: set(arguments) for name, arguments in ARGUMENTS.items()}
    assert found == expected


async def test_each_tool_has_a_title_a_description_and_hints(tmp_path: Path, era: str) -> None:
    for tool in await tools_of(tmp_path, era):
        assert tool.title
        assert 40 < len(tool.description or "") < LONGEST_TEXT
        assert "\n" not in (tool.description or "")
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name in READING)
        assert tool.annotations.destructive_hint is (tool.name not in READING)
        assert tool.annotations.idempotent_hint is (tool.name in REPEATABLE)


async def test_names_are_short_enough_for_every_host(tmp_path: Path) -> None:
    assert [tool.name for tool in await tools_of(tmp_path) if len(f"novita-{tool.name}") > 60] == []


async def test_input_schemas_are_flat_closed_and_self_contained(tmp_path: Path, era: str) -> None:
    for tool in await tools_of(tmp_path, era):
        schema = tool.input_schema
        jsonschema.Draft202012Validator.check_schema(schema)
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        for node in nodes(schema):
            assert not REFUSED_BY_HOSTS & node.keys()
            assert node.get("type") != "null"
            assert not isinstance(node.get("type"), list)
            assert node.get("additionalProperties", False) is False


async def test_every_argument_has_a_description_that_helps_to_choose(tmp_path: Path) -> None:
    create = next(tool for tool in await tools_of(tmp_path) if tool.name == "create_gpu_instance")
    for name, schema in create.input_schema["properties"].items():
        assert len(schema.get("description", "")) > 10, name


async def test_output_schemas_are_self_contained(tmp_path: Path, era: str) -> None:
    for tool in await tools_of(tmp_path, era):
        assert tool.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.output_schema["type"] == "object"
        assert not [node for node in nodes(tool.output_schema) if {"$ref", "$defs"} & node.keys()]


async def test_the_whole_list_fits_into_four_thousand_tokens(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        listed = (await d.client.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)
    size = len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode())
    assert size / BYTES_PER_TOKEN < MOST_TOKENS


async def test_the_instructions_are_not_cut_by_any_host(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        instructions = d.client.instructions or ""
    assert 200 < len(instructions) < LONGEST_TEXT
    assert set(re.findall(r"\b[a-z]+_[a-z_]+\b", instructions)) <= {*CORE, "approval_required"}


async def test_every_structured_result_holds_its_own_schema(tmp_path: Path, era: str) -> None:
    async with desk(tmp_path, era=era) as d:
        schemas = {tool.name: tool.output_schema for tool in (await d.client.list_tools()).tools}
        instance_id = await d.created(ports="8888/http", leaseHours=3)
        foreign = d.world.add_foreign_instance()
        await d.until("running", instance_id)
        calls: list[tuple[str, dict[str, Any]]] = [
            ("search_gpu_products", {}),
            ("search_gpu_products", {"query": "no such gpu"}),
            ("create_gpu_instance", {**_order(), "dryRun": True}),
            ("create_gpu_instance", {**_order(), "productId": "26"}),
            ("create_gpu_instance", _order()),
            ("list_gpu_instances", {}),
            ("get_gpu_instance", {"instanceId": instance_id}),
            ("get_gpu_instance", {"instanceId": foreign.id, "waitFor": "running"}),
            ("restart_gpu_instance", {"instanceId": instance_id, "dryRun": True}),
            ("stop_gpu_instance", {"instanceId": instance_id}),
            ("get_gpu_instance", {"instanceId": instance_id, "waitFor": "exited"}),
            ("start_gpu_instance", {"instanceId": instance_id, "dryRun": True}),
            ("delete_gpu_instance", {"instanceId": foreign.id}),
            ("get_spending", {}),
            *(("list_resources", {"kind": kind}) for kind in _kinds()),
        ]
        for tool, given in calls:
            result = structured(await d.call(tool, **given))
            jsonschema.validate(result, schemas[tool] or {}, cls=jsonschema.Draft202012Validator)


def _order() -> dict[str, Any]:
    return {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 100, "imageUrl": "a:1", "clusterId": "us-ca-6"}


def _kinds() -> tuple[str, ...]:
    return ("clusters", "networkStorages", "registryAuths", "templates", "networks")
