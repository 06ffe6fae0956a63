"""No secret comes out: of no tool, prompt, resource, question, error, log line or byte on the disk."""

import logging
import os
import sys
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import PromptReference, ResourceTemplateReference

from novita_mcp.simulator.catalog import DEFAULT_AUTH_ID, DEFAULT_NETWORK_ID, DEFAULT_TEMPLATE_ID, VOLUMES
from novita_mcp.simulator.faults import Fault
from tests.secrets.canaries import AUTH, CREATE, ENV, FORMS, KEY, REFERENCED, REGISTRY, Heard, bugged
from tests.stress.processes import simulated

pytestmark = pytest.mark.anyio
LAST = ("stop_gpu_instance", "delete_gpu_instance")
VALUES: dict[str, Any] = {
    **CREATE,
    "imageAuthId": DEFAULT_AUTH_ID,
    "networkId": DEFAULT_NETWORK_ID,
    "templateId": DEFAULT_TEMPLATE_ID,
    "storageId": VOLUMES[0].id,
    "clusterId": "us-ca-6",
    "kind": "templates",
    "name": "swept",
    "username": "somebody",
    "password": REGISTRY,
    "month": 1,
    "storageName": "swept",
    "storageSize": 20,
    "image": "ghcr.io/example/saved:1",
    "jobId": "0123456789abcdef",
    "planId": "plan-unknown",
    "id": "unknown",
    "productIds": ["4090.16c62g"],
    "autoMigrateOpen": True,
    "autoRenew": True,
}


def arguments(tool: Any, instance_id: str) -> dict[str, Any]:
    """What a tool wants, and every secret that it takes."""
    known = {**VALUES, "instanceId": instance_id}
    taken = {"envs"} & tool.input_schema["properties"].keys()
    if tool.name == "create_gpu_instance":
        return dict(CREATE)
    return {name: known[name] for name in {*tool.input_schema.get("required", ()), *taken}}


async def every_tool(server: Any) -> list[Any]:
    tools = (await server.client.list_tools()).tools
    return sorted(tools, key=lambda tool: tool.name in LAST)


async def created(server: Any) -> str:
    result = await server.call("create_gpu_instance", CREATE)
    assert not result.is_error, result.content
    await server.call(
        "get_gpu_instance", {"instanceId": result.structured_content["instance"]["instanceId"], "waitFor": "running"}
    )
    return str(result.structured_content["instance"]["instanceId"])


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_nothing_that_a_client_can_ask_for_shows_a_secret(tmp_path, caplog, era):
    caplog.set_level(logging.DEBUG)
    async with bugged(tmp_path / "state", era) as server:
        instance_id = await created(server)
        sent = next(request.body for request in server.world.received if request.path.endswith("/create"))
        assert (sent["imageAuth"], {env["value"] for env in sent["envs"]} >= {ENV, REFERENCED}) == (AUTH, True)
        for tool in await every_tool(server):
            await server.call(tool.name, arguments(tool, instance_id))
        for kind in ("clusters", "networkStorages", "registryAuths", "templates", "networks"):
            await server.call("list_resources", {"kind": kind})
        await server.call("create_gpu_instance", {**CREATE, "templateId": DEFAULT_TEMPLATE_ID, "dryRun": True})
        await _everything_else(server, instance_id)
        server.heard.add("the log", caplog.text)
        server.heard.add("the app", repr(server.app))
        server.app.ledger.compact(keep_lines=1)
        for file in (tmp_path / "state").iterdir():
            server.heard.add(file.name, file.read_bytes().decode("latin-1"))
        assert server.heard.leaks(server.world) == []
    assert len(server.heard.said) > 60


async def _everything_else(server: Any, instance_id: str) -> None:
    client, heard = server.client, server.heard
    heard.add("the list of tools", (await client.list_tools()).model_dump(mode="json"))
    for resource in (await client.list_resources()).resources:
        heard.add(str(resource.uri), (await client.read_resource(str(resource.uri))).model_dump(mode="json"))
    uri = f"novita://instances/{instance_id}"
    heard.add(uri, (await client.read_resource("novita://instances")).model_dump(mode="json"))
    for prompt in (await client.list_prompts()).prompts:
        given = {argument.name: "x" for argument in prompt.arguments or ()}
        heard.add(prompt.name, (await client.get_prompt(prompt.name, given)).model_dump(mode="json"))
    for ref, name in (
        (PromptReference(type="ref/prompt", name="rent_gpu"), "productId"),
        (PromptReference(type="ref/prompt", name="rent_gpu"), "clusterId"),
        (ResourceTemplateReference(type="ref/resource", uri="novita://instances/{instanceId}"), "instanceId"),
    ):
        completion = await client.complete(ref, {"name": name, "value": ""})
        heard.add(f"completion of {name}", completion.model_dump(mode="json"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_error_that_echoes_the_request_shows_no_secret(tmp_path, caplog, form, method):
    caplog.set_level(logging.DEBUG)
    async with bugged(tmp_path / "state", APPROVAL="none") as server:
        instance_id = await created(server)
        server.echo.form, server.echo.method = form, method
        for tool in await every_tool(server):
            await server.call(tool.name, arguments(tool, instance_id))
        server.heard.add("the log", caplog.text)
        for file in (tmp_path / "state").iterdir():
            server.heard.add(file.name, file.read_bytes().decode("latin-1"))
        assert server.heard.leaks(server.world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"imageAuth": AUTH + "\ud800"},
        {"imageAuth": [AUTH]},
        {"envs": ENV},
        {"envs": {"TOKEN": ENV}},
        {"envs": [{"key": "TOKEN", "value": {"nested": ENV}}]},
        {"envs": [{"key": "TOKEN", "value": ENV * 200}]},
        {"envs": [{"key": "TOKEN", "vlaue": ENV}]},
        {"envs": [ENV]},
        {"imageAuth": AUTH * 2000},
        {"imageAuth": AUTH, "imageAuthId": "x"},
        {"imageAuth": "$CANARYUSER3"},
    ],
    ids=lambda wrong: str(next(iter(wrong))),
)
async def test_a_validation_error_shows_no_secret(tmp_path, wrong):
    async with bugged(tmp_path / "state") as server:
        result = await server.call("create_gpu_instance", {**CREATE, **wrong})
        assert result.is_error
        assert server.heard.leaks(server.world) == []


async def test_a_real_process_writes_no_secret_to_stderr_or_its_folder(tmp_path):
    heard = Heard()
    async with simulated() as (world, url):
        world.faults.add(Fault(kind="garbage", path_ends_with="/gpu/instance/create", method="POST"))
        environ = {
            **_environment(tmp_path, url),
            "NOVITA_MCP_APPROVAL": "none",
            "NOVITA_MCP_SECRET_ENVS": "HF_TOKEN",
            "HF_TOKEN": REFERENCED,
        }
        parameters = StdioServerParameters(command=sys.executable, args=["-m", "novita_mcp"], env=environ)
        with (tmp_path / "stderr").open("w") as errors:
            async with Client(stdio_client(parameters, errlog=errors)) as client:
                result = await client.call_tool("create_gpu_instance", CREATE)
                heard.add("the result", result.model_dump(mode="json"))
                heard.add("spending", (await client.call_tool("get_spending", {})).model_dump(mode="json"))
        for command in (["doctor"], ["ledger"], ["ledger", "--json"], ["reap"], ["pending"]):
            run = [sys.executable, "-m", "novita_mcp", *command]
            done = await anyio.run_process(run, env=environ, check=False)
            heard.add(f"novita-mcp {command}", done.stdout.decode() + done.stderr.decode())
        heard.add("stderr", (tmp_path / "stderr").read_text())
        for file in (tmp_path / "state").iterdir():
            heard.add(file.name, file.read_bytes().decode("latin-1"))
        assert [instance.name for instance in world.existing()] != []
        assert heard.leaks(world) == []


def _environment(tmp_path: Any, url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    return {
        **kept,
        "NOVITA_API_KEY": KEY,
        "NOVITA_API_BASE_URL": url,
        "NOVITA_MCP_STATE_DIR": str(tmp_path / "state"),
        "NOVITA_MCP_CONFIG": os.devnull,
    }
