"""Ready-made requests that a person can pick in a host."""

from typing import Annotated

from mcp.server import MCPServer
from pydantic import Field

from novita_mcp.app import App

Need = Annotated[str, Field(description='What it is for, like "fine-tune a 7B model over night".')]
ProductId = Annotated[str, Field(description="A product, if it is already chosen.")]
ClusterId = Annotated[str, Field(description="A cluster, if it matters.")]
Budget = Annotated[str, Field(description='What it may cost, like "2 USD per hour" or "20 USD in all".')]


def add_prompts(server: MCPServer[App]) -> None:
    """Register every prompt."""
    server.prompt(title="Rent a GPU")(rent_gpu)
    server.prompt(title="Review spending")(review_spending)
    server.prompt(title="Clean up")(clean_up)


def rent_gpu(need: Need, productId: ProductId = "", clusterId: ClusterId = "", budget: Budget = "") -> str:  # noqa: N803 - what hosts show
    """Find a GPU, show its price, and rent it after approval."""
    wishes = (("Product", productId), ("Cluster", clusterId), ("Budget", budget))
    named = "".join(f"\n{label}: {value}" for label, value in wishes if value)
    return (
        f"I need a GPU instance on Novita AI for this: {need}{named}\n\n"
        "Search with search_gpu_products and compare two or three that fit, with price per hour and memory. "
        "Preview the best with create_gpu_instance and dryRun true, give it leaseHours that fit the work, and tell me "
        "price, region and warnings. Go ahead only when I agree. Then wait until it runs and tell me how to connect, "
        "what it costs per hour and how to stop it."
    )


def review_spending() -> str:
    """Show what is being spent, and what could be stopped."""
    return (
        "Review what my GPUs on Novita AI cost: call get_spending and list_gpu_instances. Tell me the burn rate per "
        "hour, this month so far, what is left of budget and balance and how long that lasts. Name instances that run "
        "without a lease, look forgotten or were not created here. Suggest what to stop; change nothing yet."
    )


def clean_up() -> str:
    """Find what is no longer needed, and stop or delete it after agreement."""
    return (
        "Help me clean up my GPU instances on Novita AI: list them with list_gpu_instances, say for each what it costs "
        "and whether it seems needed, and ask me what to keep. Stop or delete only what I name. Remind me that "
        "a delete loses the disk for good, and that network volumes cost for as long as they exist."
    )
