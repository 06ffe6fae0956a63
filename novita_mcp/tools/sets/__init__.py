"""The toolsets beyond `core`, off unless NOVITA_MCP_TOOLSETS names them."""

from collections.abc import Callable
from functools import cache

from novita_mcp.tools.flat import FlatTool
from novita_mcp.tools.sets import billing, lifecycle, network, prewarm, registry, storage, templates

TOOLSETS: dict[str, Callable[[], tuple[FlatTool, ...]]] = {
    "lifecycle": lifecycle.tools,
    "storage": storage.tools,
    "templates": templates.tools,
    "registry": registry.tools,
    "network": network.tools,
    "prewarm": prewarm.tools,
    "billing": billing.tools,
}


@cache
def named_tools(names: tuple[str, ...]) -> tuple[FlatTool, ...]:
    """The tools of the named sets in the order of the table; `all` names every set."""
    wanted = TOOLSETS if "all" in names else names
    return tuple(tool for name, make in TOOLSETS.items() if name in wanted for tool in make())
