"""`novita-mcp simulator`: the simulated Novita API as an HTTP server on loopback."""

import sys
from functools import partial

import anyio

from novita_mcp.errors import NovitaMcpError
from novita_mcp.simulator.serve import serve


class CannotServe(NovitaMcpError):
    """The address cannot be served."""


def run(*, host: str, port: int) -> int:
    """Serve until interrupted; stdout carries the address alone.

    Raises:
        CannotServe: The host is not a loopback address, or the port is taken or none.

    """
    try:
        anyio.run(_serve, host, port)
    except* (ValueError, OverflowError, OSError) as errors:
        problem: BaseException = errors
        while isinstance(problem, BaseExceptionGroup):
            problem = problem.exceptions[0]
        reason = str(problem)
    else:
        return 0
    raise CannotServe(f"{host} port {port} cannot be served: {reason}")


async def _serve(host: str, port: int) -> None:
    async with anyio.create_task_group() as group:
        url = await group.start(partial(serve, host, port))
        hint = f"use it with NOVITA_API_BASE_URL={url} and any NOVITA_API_KEY that begins with sk_"
        print(hint, file=sys.stderr)
