"""Completions for the ids that prompts and resources take."""

from collections.abc import Awaitable, Callable, Mapping

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
Reader = Callable[[App, Mapping[str, str]], Awaitable[dict[str, str]]]
"""Takes the arguments that are filled in already; returns ids with their names, the likeliest first."""


def add_completions(server: MCPServer[App], current: Callable[[], App | None]) -> None:
    """Register the handler; `current` gives the app of the running server."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        del ref
        app, read = current(), _READERS.get(argument.name)
        if app is None or read is None:
            return None
        given = (context.arguments or {}) if context else {}
        return _starting_with(argument.value, await _known(app, read, given))

    server.completion()(complete)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


async def _known(app: App, read: Reader, given: Mapping[str, str]) -> dict[str, str]:
    """The ids with their names, or none where Novita cannot be asked: a completion is never worth an error."""
    try:
        return await read(app, given)
    except NovitaMcpError:
        return {}


def _starting_with(typed: str, known: Mapping[str, str]) -> Completion:
    """The ids that begin with what was typed, then those that have it anywhere, in the id or in the name."""
    wanted = typed.casefold()
    first = [key for key in known if key.casefold().startswith(wanted)]
    then = [key for key, name in known.items() if wanted in f"{key} {name}".casefold() and key not in first]
    found = (*first, *then)
    return Completion(values=list(found[:MOST_VALUES]), total=len(found), has_more=len(found) > MOST_VALUES)


async def _products(app: App, given: Mapping[str, str]) -> dict[str, str]:
    products = await app.client.products(cluster_id=given.get("clusterId") or None)
    return {product.product_id: product.name for product in sorted(products, key=lambda one: not one.available)}


async def _clusters(app: App, _: Mapping[str, str]) -> dict[str, str]:
    return {cluster.cluster_id: cluster.name for cluster in await app.client.clusters()}


async def _instances(app: App, _: Mapping[str, str]) -> dict[str, str]:
    return {instance.instance_id: instance.name for instance in await app.client.instances()}


_READERS: dict[str, Reader] = {"productId": _products, "clusterId": _clusters, "instanceId": _instances}
