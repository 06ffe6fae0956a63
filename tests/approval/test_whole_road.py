"""The channels as they are wired: the real page with somebody's browser, and real processes with a real terminal."""

import sys
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.approval.keyboard import Ended, at_a_keyboard
from tests.page.person import Person as Visitor
from tests.world import CREATE, ERAS, opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(("decision", "status"), [("approved", "created"), ("declined", "declined")])
async def test_a_click_on_the_real_page_decides(tmp_path, mode, decision, status):
    visitor = Visitor()
    async with opened(tmp_path, mode=mode, open_browser=visitor.open) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        assert (waiting["status"], waiting["approval"]["channel"]) == ("approval_required", "page")
        assert visitor.address not in str(waiting)
        assert visitor.token not in str(waiting)
        form = await visitor.form()
        server.clock.advance(2)
        await visitor.answer(decision, form)
        outcome = await server.outcome("apply_plan", {"planId": waiting["planId"]})
        assert outcome["status"] == status
        assert server.world.created_count() == (status == "created")


async def test_a_browser_that_cannot_be_opened_leaves_the_terminal(tmp_path):
    async with opened(tmp_path, open_browser=Visitor(has_browser=False).open) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        assert waiting["approval"]["channel"] == "terminal"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to open here")
@pytest.mark.parametrize("mode", ERAS)
async def test_a_terminal_approves_what_another_process_waits_for(tmp_path: Path, mode):
    config = tmp_path / "config.toml"
    config.touch()
    state_dir, env = tmp_path / "state dir", {"NOVITA_MCP_CONFIG": str(config)}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "novita_mcp", "serve", "--simulate"],
        env={**env, "NOVITA_MCP_STATE_DIR": str(state_dir)},
    )
    ended: list[Ended] = []

    async def person(plan_id: str) -> None:
        arguments = ("approve", plan_id, "--state-dir", str(state_dir))
        ended.append(await to_thread.run_sync(lambda: at_a_keyboard(*arguments, types="0.35\n", env=env)))

    async with Client(server, mode=mode) as client:
        waiting = (await client.call_tool("create_gpu_instance", CREATE)).structured_content
        assert f"novita-mcp approve {waiting['planId']} --state-dir '{state_dir}'" in waiting["approval"]["howTo"]
        async with anyio.create_task_group() as group:
            group.start_soon(person, waiting["planId"])
            with anyio.fail_after(40):
                result = await client.call_tool("apply_plan", {"planId": waiting["planId"]})
    assert ended[0].status == 0, ended[0].screen
    assert result.structured_content["status"] == "created"
    assert result.structured_content["approval"]["channel"] == "terminal"
