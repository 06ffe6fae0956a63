"""A client that watches resources hears of every instance that a call has changed."""

import anyio
import pytest

from tests.world import CREATE, opened

pytestmark = pytest.mark.anyio


WATCHED = ("novita://instances", "novita://ledger")


async def test_a_watcher_hears_of_a_new_instance_and_of_no_preview(tmp_path):
    async with (
        opened(tmp_path, environ={"NOVITA_MCP_APPROVAL": "none"}) as server,
        server.client.listen(resource_subscriptions=WATCHED) as heard,
    ):
        await server.outcome("create_gpu_instance", {**CREATE, "dryRun": True})
        await server.outcome("create_gpu_instance", CREATE)
        with anyio.fail_after(5):
            events = [await anext(heard), await anext(heard)]
    assert {event.uri for event in events} == set(WATCHED)
