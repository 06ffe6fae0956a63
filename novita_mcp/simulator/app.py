"""The simulator as an ASGI application."""

import json
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from novita_mcp.simulator.calls import Call
from novita_mcp.simulator.control import control_routes
from novita_mcp.simulator.refusals import Refusal, invalid
from novita_mcp.simulator.responses import respond, respond_faultily
from novita_mcp.simulator.world import Received, World

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


def build_app(world: World) -> Starlette:
    """Return the API, and the simulator's own control namespace, over one world."""

    async def answer(request: Request) -> Response:
        text = await request.body()
        at = world.catch_up()
        try:
            call = _call(request, _json(request, text), at)
        except Refusal as refusal:
            return JSONResponse(refusal.envelope(), refusal.status)
        world.received.append(Received(call.method, call.path, dict(call.query), call.body, at))
        fault = world.faults.take(call.method, call.path)
        return respond(world, call) if fault is None else respond_faultily(world, call, fault)

    return Starlette(routes=[*control_routes(world), Route("/{path:path}", answer, methods=METHODS)])


def _call(request: Request, body: Any, at: datetime) -> Call:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return Call(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        body=body,
        key=key if scheme == "Bearer" else "",
        at=at,
    )


def _json(request: Request, text: bytes) -> Any:
    if request.method != "POST":
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise invalid("Content-Type", "value must be application/json")
    try:
        return json.loads(text)
    except ValueError:
        raise invalid("body", "value must be JSON") from None
