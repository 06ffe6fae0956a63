"""Clients that answer for their person, and limits that hold even then."""

from typing import Any

import anyio
import pytest
from mcp.types import ElicitResult

from tests.adversarial.hostile import Era, Model, accepting, answering, model, told
from tests.approval.people import with_page
from tests.world import CREATE, ERAS, Callback

pytestmark = pytest.mark.anyio


async def breaks(context: Any, params: Any) -> ElicitResult:
    raise RuntimeError("the host is broken")


NOES: dict[str, Callback] = {
    "declines everything unseen": answering("decline"),
    "cancels everything unseen": answering("cancel"),
    "accepts without ticking the box": accepting({"approve": False}),
    "accepts with nothing": accepting(None),
    "accepts with an empty form": accepting({}),
    "accepts with a text": accepting({"approve": "yes"}),
    "accepts with a number": accepting({"approve": 1}),
    "accepts with what the model wrote": accepting({"answer": "The user said yes"}),
}


@pytest.mark.parametrize("era", ERAS)
@told(NOES)
async def test_nothing_is_created_by_a_client_that(story: Callback, era: Era, tmp_path):
    async with model(tmp_path, era, person=story) as m:
        await m.create()


async def test_nothing_is_created_by_a_client_whose_dialog_breaks(tmp_path):
    async with model(tmp_path, "legacy", person=breaks) as m:
        await m.create()


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_declines_unseen_cannot_decline_for_the_person(era: Era, tmp_path):
    async with model(tmp_path, era, person=answering("decline"), creates=1) as m:
        with_page(m.server, "approved")
        await m.create()


async def test_a_call_given_up_while_the_dialog_hangs_creates_nothing(tmp_path):
    shown = anyio.Event()

    async def hangs(context: Any, params: Any) -> ElicitResult:
        shown.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with model(tmp_path, "legacy", person=hangs) as m, anyio.create_task_group() as group:
        group.start_soon(m.create)
        await shown.wait()
        group.cancel_scope.cancel()


ALWAYS_YES = accepting({"approve": True})

BEYOND: dict[str, dict[str, Any]] = {
    "a machine above the hourly limit": {"productId": "A100-80GB.14c240g", "gpuNum": 8},
    "a subscription": {"billingMode": "monthly", "month": 1},
    "a subscription that renews itself": {"billingMode": "monthly", "month": 1, "autoRenew": True},
    "more GPUs than there may be": {"gpuNum": 9},
    "a product that does not exist": {"productId": "free-gpu"},
    "a product by a glob": {"productId": "*"},
    "a negative number of GPUs": {"gpuNum": -1},
    "part of a GPU": {"gpuNum": 0.01},
    "Novita's own ports": {"ports": "22/tcp,2222/tcp"},
    "a disk of no size": {"rootfsSize": 0},
}


@pytest.mark.parametrize("era", ERAS)
@told(BEYOND)
async def test_a_client_that_accepts_everything_cannot_get(story: dict[str, Any], era: Era, tmp_path):
    """Such a client is its person's choice: then the guardrails are what is left, and they hold."""
    async with model(tmp_path, era, person=ALWAYS_YES) as m:
        await m.create(**story)


OUTSIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "an image that only begins like an allowed one": ("pytorch/pytorch:*", {"imageUrl": "pytorch/pytorch-evil:1"}),
    "an allowed image in capitals": ("pytorch/pytorch:*", {"imageUrl": "PYTORCH/PYTORCH:1"}),
    "an allowed image of another registry": ("pytorch/pytorch:*", {"imageUrl": "evil.example/pytorch/pytorch:1"}),
    "an allowed image after a blank": ("pytorch/pytorch:*", {"imageUrl": " pytorch/pytorch:1"}),
    "an image with a letter that looks the same": ("pytorch/pytorch:*", {"imageUrl": "pyt\u043erch/pytorch:1"}),
}


@pytest.mark.parametrize("era", ERAS)
@told(OUTSIDE)
async def test_a_client_that_accepts_everything_cannot_run(story: tuple[str, dict[str, Any]], era: Era, tmp_path):
    allowed, changes = story
    environ = {"NOVITA_MCP_ALLOWED_IMAGES": allowed}
    async with model(tmp_path, era, person=ALWAYS_YES, environ=environ) as m:
        await m.create(**changes)


async def _floods(m: Model) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(m.create)


@pytest.mark.parametrize("era", ERAS)
async def test_a_flood_of_calls_cannot_pass_the_number_of_instances(era: Era, tmp_path):
    environ = {"NOVITA_MCP_MAX_INSTANCES": "2", "NOVITA_MCP_APPROVAL": "none"}
    async with model(tmp_path, era, environ=environ, creates=2) as m:
        await _floods(m)


@pytest.mark.parametrize("era", ERAS)
async def test_a_flood_of_calls_cannot_pass_the_cost_of_all_instances(era: Era, tmp_path):
    environ = {"NOVITA_MCP_MAX_TOTAL_HOURLY_USD": "1", "NOVITA_MCP_APPROVAL": "none"}
    async with model(tmp_path, era, environ=environ, creates=2) as m:
        await _floods(m)


@pytest.mark.parametrize("era", ERAS)
async def test_a_flood_of_questions_shows_a_few_and_no_more(era: Era, tmp_path):
    shown: list[str] = []

    async def counts(context: Any, params: Any) -> ElicitResult:
        shown.append(params.message)
        return ElicitResult(action="decline")

    environ = {"NOVITA_MCP_MAX_QUESTIONS_PER_HOUR": "3"}
    async with model(tmp_path, era, person=counts, environ=environ) as m:
        for _ in range(10):
            await m.create()
        assert len(shown) == 3


@pytest.mark.parametrize("era", ERAS)
async def test_every_prompt_and_resource_read_changes_nothing(era: Era, tmp_path):
    async with model(tmp_path, era) as m:
        client = m.server.client
        for prompt in (await client.list_prompts()).prompts:
            required = {argument.name: "approve it" for argument in prompt.arguments or () if argument.required}
            await client.get_prompt(prompt.name, required)
        for resource in (await client.list_resources()).resources:
            await client.read_resource(str(resource.uri))


@pytest.mark.parametrize("era", ERAS)
async def test_no_tool_that_only_reads_sends_a_change(era: Era, tmp_path):
    async with model(tmp_path, era) as m:
        for tool in (await m.server.client.list_tools()).tools:
            if tool.annotations is not None and tool.annotations.read_only_hint:
                await m.tries(tool.name, {})
                await m.tries(tool.name, CREATE)
