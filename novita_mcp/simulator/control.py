"""The simulator's own namespace, `/simulator/v1`: faults, time, money and what came in."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic.alias_generators import to_snake
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from novita_mcp.simulator.checks import Anything, Closed, Flag, Many, Number, Text, Texts, Whole, check
from novita_mcp.simulator.faults import FAULT_KINDS, Fault
from novita_mcp.simulator.refusals import Refusal, invalid
from novita_mcp.simulator.world import World

PREFIX = "/simulator/v1"

FAULT = Closed(
    {"kind": Text(among=FAULT_KINDS)},
    {
        "method": Text(among=("*", "GET", "POST", "PUT", "DELETE", "PATCH")),
        "pathEndsWith": Text(),
        "times": Whole(1),
        "after": Whole(0),
        "status": Whole(200, 599),
        "body": Anything(),
        "headers": Texts(),
        "commits": Flag(),
        "delaySeconds": Number(),
    },
)
FAULTS = Closed({"faults": Many(FAULT)}, {})
CLOCK = Closed({"advanceSeconds": Number()}, {})
BALANCE = Closed({"usd": Text()}, {})
PRICE = Closed({"productId": Text(), "priceRaw": Whole(0)}, {"spotPriceRaw": Whole(0)})
STOCK = Closed({"productId": Text(), "inventory": Text(among=("none", "low", "normal", "high"))}, {})
FOREIGN = Closed({}, {"name": Text(0, 255), "productId": Text(), "gpuNum": Whole(1, 8)})
RECLAIM = Closed({"instanceId": Text()}, {"notice": Flag()})

Control = Callable[[World, Any], Any]


def control_routes(world: World) -> list[Route]:
    """Return the routes that turn one world's knobs."""
    return [
        _route(world, "GET", "state", read_state),
        _route(world, "POST", "faults", add_faults),
        _route(world, "DELETE", "faults", clear_faults),
        _route(world, "POST", "clock", advance_clock),
        _route(world, "POST", "balance", set_balance),
        _route(world, "POST", "price", set_price),
        _route(world, "POST", "stock", set_stock),
        _route(world, "POST", "instances", add_instance),
        _route(world, "POST", "reclaims", reclaim),
    ]


def read_state(world: World, _: Any) -> Any:
    """Return what a test wants to know: what was made, what came in, what is left."""
    now = world.catch_up()
    return {
        "now": now.isoformat(),
        "createdCount": world.created,
        "availableUsd": str(world.account.available_usd),
        "instances": [
            {"id": instance.id, "name": instance.name, "status": instance.status(now)} for instance in world.existing()
        ],
        "requests": [
            {
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "body": request.body,
                "at": request.at.isoformat(),
            }
            for request in world.received
        ],
        "faultsWaiting": [fault.kind for fault in world.faults.waiting()],
    }


def add_faults(world: World, body: Any) -> Any:
    wishes = check(body, FAULTS)["faults"]
    world.faults.add(*(Fault(**{to_snake(key): value for key, value in wish.items()}) for wish in wishes))
    return {}


def clear_faults(world: World, _: Any) -> Any:
    world.faults.clear()
    return {}


def advance_clock(world: World, body: Any) -> Any:
    world.advance(check(body, CLOCK)["advanceSeconds"])
    return {"now": world.catch_up().isoformat()}


def set_balance(world: World, body: Any) -> Any:
    text = check(body, BALANCE)["usd"]
    if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII) is None:
        raise invalid("usd", "value must be a decimal number in a string")
    world.set_balance(Decimal(text))
    return {}


def set_price(world: World, body: Any) -> Any:
    wish = check(body, PRICE)
    world.set_price(_product_id(world, wish), price_raw=wish["priceRaw"], spot_price_raw=wish.get("spotPriceRaw"))
    return {}


def set_stock(world: World, body: Any) -> Any:
    wish = check(body, STOCK)
    world.set_stock(_product_id(world, wish), wish["inventory"])
    return {}


def add_instance(world: World, body: Any) -> Any:
    wish = check(body, FOREIGN)
    if "productId" in wish:
        _product_id(world, wish)
    return {"id": world.add_foreign_instance(**{to_snake(key): value for key, value in wish.items()}).id}


def reclaim(world: World, body: Any) -> Any:
    wish = check(body, RECLAIM)
    act = world.notify_reclaim if wish.get("notice", False) else world.reclaim
    try:
        act(wish["instanceId"])
    except ValueError as error:
        raise Refusal("CONFLICT", str(error)) from None
    return {}


def _product_id(world: World, wish: dict[str, Any]) -> str:
    product_id: str = wish["productId"]
    if product_id not in world.gpu_products:
        raise Refusal("RESOURCE_NOT_FOUND", "product not found")
    return product_id


def _route(world: World, method: str, name: str, control: Control) -> Route:
    async def answer(request: Request) -> Response:
        try:
            text = await request.body()
            return JSONResponse(control(world, json.loads(text) if text else {}))
        except Refusal as refusal:
            return JSONResponse(refusal.envelope(), refusal.status)
        except json.JSONDecodeError:
            return JSONResponse(invalid("body", "value must be JSON").envelope(), 400)

    return Route(f"{PREFIX}/{name}", answer, methods=[method])
