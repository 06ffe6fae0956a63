"""The demo's story: what the agent does, and what must hold after each step."""

from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple

from novita_mcp.commands.demo_stage import Stage, require
from novita_mcp.domain.base import usd
from novita_mcp.domain.outcome import Outcome
from novita_mcp.tools.account import Spending
from novita_mcp.tools.catalog import ProductList
from novita_mcp.tools.instances import InstanceDetails, InstanceList

REQUEST: Mapping[str, object] = MappingProxyType(
    {
        "name": "train",
        "gpuNum": 1,
        "rootfsSize": 100,
        "imageUrl": "pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime",
        "ports": "8888/http",
        "clusterId": "us-ca-6",
        "leaseHours": 2,
    }
)
TOO_MUCH = MappingProxyType({"productId": "H100-SXM-80GB.26c220g", **REQUEST, "gpuNum": 8})


class Step(NamedTuple):
    """One step; `play` returns what was checked."""

    title: str
    play: Callable[[Stage], Awaitable[str]]


async def find(stage: Stage) -> str:
    """Search, and take the cheapest."""
    found = await stage.call("search_gpu_products", {"query": "4090"}, ProductList)
    stage.screen.offers(found.products)
    prices = [row.hourly for row in found.products if row.hourly is not None]
    require(bool(prices), "The search found no product with a price.")
    require(prices == sorted(prices), "The products are not sorted by price.")
    stage.products = found.products
    return f"{found.total} products, cheapest first"


async def preview(stage: Stage) -> str:
    """Ask for the plan only."""
    outcome = await stage.call("create_gpu_instance", {**_request(stage), "dryRun": True}, Outcome)
    require(outcome.status == "preview" and outcome.plan is not None, f"The preview ended as {outcome.status}.")
    assert outcome.plan is not None
    stage.screen.plan(outcome.plan)
    stage.hourly_usd = usd(outcome.plan.hourly_usd)
    require(stage.hourly_usd != usd(None), "The plan has no price.")
    require(await _count(stage) == 0, "A preview created something.")
    return "a price for every part, every guardrail passed, nothing was sent"


async def overreach(stage: Stage) -> str:
    """Ask for more than the owner allows."""
    outcome = await stage.call("create_gpu_instance", TOO_MUCH, Outcome)
    require(outcome.status == "denied" and outcome.plan is not None, f"Too much ended as {outcome.status}.")
    assert outcome.plan is not None
    stage.screen.denial(outcome.plan.denials, outcome.next_steps)
    require(stage.person.questions == 0, "A person was asked about what the guardrails refuse.")
    require(await _count(stage) == 0, "Something was created against the guardrails.")
    return "refused before anybody was asked, and nothing was created"


async def create(stage: Stage) -> str:
    """Create for real: a person is asked."""
    outcome = await stage.call("create_gpu_instance", _request(stage), Outcome)
    require(stage.person.questions > 0, "The server asked nobody.")
    require(outcome.status == "created", f"Nothing was created: {outcome.message}")
    assert outcome.instance is not None
    stage.instance_id = outcome.instance.instance_id
    require(await _count(stage) == 1, "There is not exactly one instance.")
    return f"exactly one instance, {stage.instance_id}, at {stage.hourly_usd} per hour"


async def wait_until_running(stage: Stage) -> str:
    """Wait with progress until it runs."""
    return await _wait_for(stage, "running")


async def connect(stage: Stage) -> str:
    """Read the ways in."""
    details = await stage.call("get_gpu_instance", {"instanceId": stage.instance_id}, InstanceDetails)
    stage.screen.connections(details.connections)
    require(details.connections.ssh_command.startswith("ssh "), "There is no SSH command.")
    require(any(port.port == 8888 and port.endpoint for port in details.connections.ports), "Port 8888 is not open.")  # noqa: PLR2004
    return "ready to paste; the password stays away from the model"


async def stop(stage: Stage) -> str:
    """Stop it: nobody has to approve that, since it was created here."""
    asked = stage.person.questions
    outcome = await stage.call("stop_gpu_instance", {"instanceId": stage.instance_id}, Outcome)
    require(outcome.status == "stopped", f"It was not stopped: {outcome.message}")
    require(stage.person.questions == asked, "A person was asked about stopping an instance of ours.")
    return await _wait_for(stage, "exited")


async def delete(stage: Stage) -> str:
    """Delete it: what is lost for good needs a yes again."""
    asked = stage.person.questions
    outcome = await stage.call("delete_gpu_instance", {"instanceId": stage.instance_id}, Outcome)
    require(stage.person.questions > asked, "The server deleted without asking.")
    require(outcome.status == "deleted", f"It was not deleted: {outcome.message}")
    return "gone, after a second yes"


async def account(stage: Stage) -> str:
    """Show what it all came to."""
    spending = await stage.call("get_spending", {}, Spending)
    stage.screen.totals(spending, monotonic() - stage.began_at, stage.person.questions)
    require(spending.running == 0 and spending.burn_hourly == 0, "Something still runs.")
    require(spending.month_to_date > 0, "The simulator charged nothing.")
    written = {entry.kind for entry in spending.ledger if entry.instance_id or entry.plan_id}
    require({"approved", "sending", "done"} <= written, "The ledger does not tell what was done.")
    return "nothing runs, nothing costs, and the ledger has every step"


STORY = (
    Step("An agent looks for a GPU", find),
    Step("It previews: free, and nothing is sent", preview),
    Step("It wants eight H100: a guardrail refuses", overreach),
    Step("It creates: a person is asked", create),
    Step("It waits until the instance runs", wait_until_running),
    Step("It reads how to connect", connect),
    Step("The work is done: it stops the instance", stop),
    Step("It deletes: a person is asked again", delete),
    Step("What it all cost", account),
)


def _request(stage: Stage) -> dict[str, object]:
    return {"productId": stage.products[0].product_id, **REQUEST}


async def _count(stage: Stage) -> int:
    return (await stage.call("list_gpu_instances", {}, InstanceList)).total


async def _wait_for(stage: Stage, status: str) -> str:
    arguments = {"instanceId": stage.instance_id, "waitFor": status}
    with stage.screen.trail() as trail:
        details = await stage.call("get_gpu_instance", arguments, InstanceDetails, progress=trail.note)
    require(bool(trail.states), "The server reported no progress.")
    require(details.reached is True and details.status == status, f"It is {details.status}, not {status}.")
    return f"{trail} ▸ {status}; it costs {usd(details.hourly_now)} per hour now"
