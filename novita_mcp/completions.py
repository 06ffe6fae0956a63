"""Completions for the ids that prompts and resources take."""

from collections.abc import Awaitable, Callable

from mcp.server import MCPServer
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from novita_mcp.app import App
from novita_mcp.errors import NovitaMcpError

MOST_VALUES = 100


def add_completions(server: MCPServer[App], current: Callable[[], App | None]) -> None:
    """Register the handler; `current` gives the app of the running server."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        del ref, context
        app, read = current(), _READERS.get(argument.name)
        if app is None or read is None:
            return None
        return _starting_with(argument.value, await _known(app, read))

    server.completion()(complete)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


async def _known(app: App, read: Callable[[App], Awaitable[list[str]]]) -> list[str]:
    """The ids, or none where Novita cannot be asked: a completion is never worth an error."""
    try:
        return await read(app)
    except NovitaMcpError:
        return []


def _starting_with(typed: str, ids: list[str]) -> Completion:
    wanted = typed.casefold()
    first = [known for known in ids if known.casefold().startswith(wanted)]
    then = [known for known in ids if wanted in known.casefold() and known not in first]
    found = (*first, *then)
    return Completion(values=list(found[:MOST_VALUES]), total=len(found), has_more=len(found) > MOST_VALUES)


async def _products(app: App) -> list[str]:
    return [product.product_id for product in await app.client.products()]


async def _clusters(app: App) -> list[str]:
    return [cluster.cluster_id for cluster in await app.client.clusters()]


async def _instances(app: App) -> list[str]:
    return [instance.instance_id for instance in await app.client.instances()]


_READERS = {"productId": _products, "clusterId": _clusters, "instanceId": _instances}
