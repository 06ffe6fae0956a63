"""What a person is shown of a plan outside the client's dialog holds no secret of it."""

import pytest

from novita_mcp.approval.page.rendering import render
from novita_mcp.approval.page.rooms import Room
from novita_mcp.approval.sheet import sheet_of
from tests.secrets.canaries import CORES, CREATE
from tests.world import opened

pytestmark = pytest.mark.anyio


async def test_the_page_and_the_sheet_behind_it_show_no_secret(tmp_path):
    environ = {"NOVITA_MCP_SECRET_ENVS": "HF_TOKEN", "HF_TOKEN": "CANARYREFERENCED9"}
    async with opened(tmp_path, environ=environ) as server:
        waiting = await server.outcome("create_gpu_instance", CREATE)
        held = server.app.book.find(waiting["planId"])
    sheet = sheet_of(held.plan_id, held.plan, "digest", held.expires_at)
    page = render(Room(sheet, session="its-reader"), seconds_left=60)
    assert "HF_TOKEN" in page
    for shown in (page, sheet.model_dump_json(), repr(held)):
        assert not [core for core in CORES if core in shown]
