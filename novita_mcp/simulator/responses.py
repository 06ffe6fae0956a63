"""Answers on the wire, the broken ones too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from novita_mcp.simulator.calls import Call
from novita_mcp.simulator.dispatch import perform
from novita_mcp.simulator.faults import Fault, FaultKind
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import World

Interruption = Callable[[], Awaitable[None]]
DROP = "simulator.drop"
HANG = "simulator.hang"
"""Extensions with which whoever runs the app closes a connection, or keeps it waiting."""

BAD_GATEWAY_PAGE = "<html><body>502 Bad Gateway</body></html>"
GARBAGE = b"\x1f\x8b not the JSON you are looking for"


def respond(world: World, call: Call) -> Response:
    """Carry a call out and return what the API would answer."""
    try:
        answer = perform(world, call)
    except Refusal as refusal:
        return JSONResponse(refusal.envelope(), refusal.status)
    return Response(status_code=200) if answer is None else JSONResponse(answer)


def respond_faultily(world: World, call: Call, fault: Fault) -> Response:
    """Return what a call meets that runs into a fault."""
    if fault.kind == "late_commit":
        due = call.at + timedelta(seconds=fault.delay_seconds)
        world.late.append((due, partial(respond, world, replace(call, at=due))))
    intact = respond(world, call) if fault.carries_out else Response()
    return PLAYED[fault.kind](fault, intact)


class DroppedResponse(Response):
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        await _drop(scope)


class HangingResponse(Response):
    """No answer and no end, until the caller gives up."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if hang := _interruption(scope, HANG):
            await hang()
        while (await receive())["type"] != "http.disconnect":
            pass


class HalfResponse(Response):
    """The first half of an answer that announced its whole length, then a closed connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, whole.status_code, media_type="application/json")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": _half(self), "more_body": True})
        await _drop(scope)


def _half(response: Response) -> bytes:
    whole = bytes(response.body)
    return whole[: len(whole) // 2]


async def _drop(scope: Scope) -> None:
    drop = _interruption(scope, DROP)
    if drop is None:
        raise RuntimeError("whoever runs the simulator's app gave it no way to close a connection")
    await drop()


def _interruption(scope: Scope, name: str) -> Interruption | None:
    found: Interruption | None = scope.get("extensions", {}).get(name)
    return found


def _chosen(fault: Fault, status: int) -> Response:
    status = fault.status or status
    headers = dict(fault.headers)
    if isinstance(fault.body, str):
        return Response(fault.body, status, headers)
    return JSONResponse(_envelope(status) if fault.body is None else fault.body, status, headers)


def _envelope(status: int) -> dict[str, Any]:
    reasons = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 429: "RATE_LIMIT_EXCEEDED"}
    reason = reasons.get(status, "UNKNOWN")
    return Refusal(reason, reason.lower().replace("_", " "), status=status).envelope()


PLAYED: Mapping[FaultKind, Callable[[Fault, Response], Response]] = {
    "status": lambda fault, _: _chosen(fault, 500),
    "html": lambda fault, _: Response(BAD_GATEWAY_PAGE, fault.status or 502, fault.headers, "text/html"),
    "half_body": lambda _, intact: HalfResponse(intact),
    "truncated": lambda _, intact: Response(_half(intact), intact.status_code, media_type="application/json"),
    "garbage": lambda fault, _: Response(GARBAGE, fault.status or 200, media_type="application/json"),
    "empty": lambda fault, _: Response(status_code=fault.status or 200),
    "drop_before": lambda _, __: DroppedResponse(),
    "drop_after": lambda _, __: DroppedResponse(),
    "hang": lambda _, __: HangingResponse(),
    "late_commit": lambda fault, _: HangingResponse() if fault.status is None else _chosen(fault, 500),
}
"""What each kind of fault makes of the answer that would have been."""
