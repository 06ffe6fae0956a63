"""Images kept near the machines that will run them."""

from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.checks import Text, check, check_query
from novita_mcp.simulator.instances import MISSING_IMAGE
from novita_mcp.simulator.orders import check_image_auth
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import Prewarm, World

LIMIT = 5
PER_IMAGE_GB = 100
IMAGE_BYTES = "8123456789"


def get_quota(world: World, call: Call) -> Any:
    check_query(call.query, {}, {})
    return {"total": len(world.prewarms), "limit": LIMIT, "perImageSize": PER_IMAGE_GB}


def list_prewarms(world: World, call: Call) -> Any:
    states = ("", "Pending", "Running", "Succeeded", "Failed")
    query = check_query(
        call.query,
        {},
        {**page_rules("page"), "state": Text(among=states), "clusterId": Text(), "name": Text()},
    )
    found = [
        prewarm
        for prewarm in reversed(world.prewarms.values())
        if query.get("state", "") in {"", _state(world, prewarm, call.at)}
        and query.get("clusterId", "") in {"", prewarm.cluster_id}
        and query.get("name", "") in prewarm.image_url
    ]
    shown = page(found, query, "page")
    return {"data": [_prewarm(world, prewarm, call.at) for prewarm in shown], "total": len(found)}


def create_prewarm(world: World, call: Call) -> Any:
    body = check(call.body, bodies.PREWARM_CREATE)
    check_image_auth(world, body.get("repositoryAuth", ""))
    if body["clusterId"] not in world.clusters:
        raise Refusal("RESOURCE_NOT_FOUND", "cluster not found")
    if any(product_id not in world.gpu_products for product_id in body["productIds"]):
        raise Refusal("RESOURCE_NOT_FOUND", "product not found")
    if len(world.prewarms) >= LIMIT:
        raise Refusal("OPERATION_LIMIT", "prewarm quota used up")
    prewarm = Prewarm(
        id=f"pw-{token_hex(4)}",
        image_url=body["imageUrl"],
        auth_id=body.get("repositoryAuth", ""),
        cluster_id=body["clusterId"],
        product_ids=tuple(body["productIds"]),
        note=body.get("note", ""),
        created_at=call.at,
    )
    world.prewarms[prewarm.id] = prewarm
    return {"id": prewarm.id}


def edit_prewarm(world: World, call: Call) -> Any:
    body = check(call.body, bodies.PREWARM_EDIT)
    world.prewarms[body["id"]] = replace(_known(world, body["id"]), note=body["note"])
    return {}


def delete_prewarms(world: World, call: Call) -> Any:
    prewarms = [_known(world, each) for each in check(call.body, bodies.PREWARM_DELETE)["ids"]]
    for prewarm in prewarms:
        world.prewarms.pop(prewarm.id, None)
    return {}


def _known(world: World, prewarm_id: str) -> Prewarm:
    prewarm = world.prewarms.get(prewarm_id)
    if prewarm is None:
        raise Refusal("RESOURCE_NOT_FOUND", "prewarm task not found")
    return prewarm


def _done_at(world: World, prewarm: Prewarm) -> datetime:
    return prewarm.created_at + timedelta(seconds=world.tempo.prewarm)


def _state(world: World, prewarm: Prewarm, at: datetime) -> str:
    if at < _done_at(world, prewarm):
        return "Running"
    return "Failed" if MISSING_IMAGE in prewarm.image_url else "Succeeded"


def _prewarm(world: World, prewarm: Prewarm, at: datetime) -> dict[str, Any]:
    state = _state(world, prewarm, at)
    completed = str(int(_done_at(world, prewarm).timestamp()))
    return {
        "id": prewarm.id,
        "imageName": prewarm.image_url.rsplit("/", 1)[-1].partition(":")[0],
        "imageUrl": prewarm.image_url,
        "repositoryAuth": prewarm.auth_id,
        "clusterId": prewarm.cluster_id,
        "clusterName": world.clusters[prewarm.cluster_id].name,
        "products": [
            {"productId": product_id, "productName": world.gpu_products[product_id].name}
            for product_id in prewarm.product_ids
        ],
        "imageSize": IMAGE_BYTES if state == "Succeeded" else "0",
        "createTime": str(int(prewarm.created_at.timestamp())),
        "state": state,
        "completeTime": "0" if state == "Running" else completed,
        "note": prewarm.note,
        "reason": ["image not found"] if state == "Failed" else [],
    }


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/image/prewarm/quota"): get_quota,
    ("GET", f"{GPU}/image/prewarm"): list_prewarms,
    ("POST", f"{GPU}/image/prewarm"): create_prewarm,
    ("POST", f"{GPU}/image/prewarm/edit"): edit_prewarm,
    ("POST", f"{GPU}/image/prewarm/delete"): delete_prewarms,
}
