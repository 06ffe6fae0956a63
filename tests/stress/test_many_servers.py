"""Many servers on one state folder: what one of them spends is seen by all of them."""

import signal
import sys
from collections import Counter
from collections.abc import Mapping

import anyio
import pytest

from novita_mcp.clock import SystemClock
from novita_mcp.domain.history.folds import open_intents, owned_instances
from novita_mcp.ledger import Ledger
from novita_mcp.lock import spending_lock
from tests.stress.processes import driver, said, simulated

pytestmark = pytest.mark.anyio
CAPS = {
    "twenty for the last instance": ({"NOVITA_MCP_MAX_INSTANCES": "3"}, 4, 5, 3),
    "six for the last dollar": ({"NOVITA_MCP_MAX_TOTAL_HOURLY_USD": "0.75"}, 2, 3, 2),
}
"""The limits, how many processes race with how many tasks each, and how many creates may pass."""


async def race(variables: Mapping[str, str], processes: int, tasks: int) -> Counter[str]:
    """Let all processes create at once; what their tasks said, without reasons."""
    answers: list[str] = []

    async def run() -> None:
        async with driver(variables, tasks=tasks) as process:
            answers.extend(await said(process))

    async with anyio.create_task_group() as group:
        for _ in range(processes):
            group.start_soon(run)
    return Counter(answer.split()[0] for answer in answers)


@pytest.mark.parametrize("cap", CAPS)
async def test_creates_racing_for_the_last_one_never_pass_the_cap(tmp_path, cap):
    limits, processes, tasks, allowed = CAPS[cap]
    async with simulated() as (world, url):
        variables = {**limits, "NOVITA_API_BASE_URL": url, "NOVITA_MCP_STATE_DIR": str(tmp_path)}
        answers = await race(variables, processes, tasks)
        assert answers == {"created": allowed, "denied": processes * tasks - allowed}
        assert len(world.existing()) == allowed
        ledger = Ledger.open(tmp_path, SystemClock())
        assert owned_instances(ledger.entries()).keys() == {instance.id for instance in world.existing()}
        assert (open_intents(ledger.entries()), ledger.verify()) == ((), ())
        ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_a_server_that_dies_while_it_spends_holds_nobody_up(tmp_path):
    async with simulated() as (world, url):
        variables = {"NOVITA_API_BASE_URL": url, "NOVITA_MCP_STATE_DIR": str(tmp_path)}
        async with driver(variables, tasks=3) as process:
            with anyio.fail_after(30):
                while not any(request.method == "POST" for request in world.received):
                    await anyio.lowlevel.checkpoint()
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with spending_lock(tmp_path, timeout_seconds=0, clock=SystemClock()):
            assert len(world.existing()) <= 1
