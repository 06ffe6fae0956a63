"""Network volumes."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.catalog import Volume
from novita_mcp.simulator.checks import Text, check, check_query
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal, invalid
from novita_mcp.simulator.world import World

LARGEST_GB = 10_000
PRICE = "100"
"""Seen beside volumes of several sizes; what it means is not documented."""


def list_volumes(world: World, call: Call) -> Any:
    query = check_query(call.query, {}, {**page_rules("pageNo"), "storageName": Text(), "storageId": Text()})
    found = [
        volume
        for volume in world.volumes.values()
        if query.get("storageName", "") in volume.name and query.get("storageId", "") in {"", volume.id}
    ]
    shown = page(found, query, "pageNo")
    return {"data": [_volume(world, volume) for volume in shown], "total": len(found)}


def create_volume(world: World, call: Call) -> Any:
    """Create a volume and return its id as a bare string."""
    body = check(call.body, bodies.STORAGE_CREATE)
    cluster = world.clusters.get(body["clusterId"])
    if cluster is None:
        raise Refusal("RESOURCE_NOT_FOUND", "cluster not found")
    if not cluster.network_storage:
        raise Refusal("CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT", "the cluster has no network storage")
    volume = Volume(str(uuid4()), body["storageName"], _size_gb(body), cluster.id)
    world.volumes[volume.id] = volume
    return volume.id


def update_volume(world: World, call: Call) -> Any:
    body = check(call.body, bodies.STORAGE_UPDATE)
    volume = _known(world, body["storageId"])
    if body["storageSize"] < volume.size_gb:
        raise invalid("storageSize", f"value must be greater than or equal to {volume.size_gb}")
    name = body.get("storageName", volume.name)
    world.volumes[volume.id] = replace(volume, name=name, size_gb=_size_gb(body))
    return {}


def delete_volume(world: World, call: Call) -> Any:
    volume = _known(world, check(call.body, bodies.STORAGE_DELETE)["storageId"])
    if world.users_of_volume(volume.id, call.at):
        raise Refusal("NETWORK_STORAGE_IN_USE", "network storage in use")
    del world.volumes[volume.id]


def _known(world: World, storage_id: str) -> Volume:
    volume = world.volumes.get(storage_id)
    if volume is None:
        raise Refusal("NETWORK_STORAGE_NOT_FOUND", "network storage not found")
    return volume


def _size_gb(body: dict[str, Any]) -> int:
    size_gb: int = body["storageSize"]
    if size_gb > LARGEST_GB:
        raise Refusal("NETWORK_STORAGE_TOO_LARGE", "network storage too large")
    return size_gb


def _volume(world: World, volume: Volume) -> dict[str, Any]:
    return {
        "storageId": volume.id,
        "storageName": volume.name,
        "storageSize": volume.size_gb,
        "clusterId": volume.cluster_id,
        "clusterName": world.clusters[volume.cluster_id].name,
        "price": PRICE,
    }


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/networkstorages/list"): list_volumes,
    ("POST", f"{GPU}/networkstorage/create"): create_volume,
    ("POST", f"{GPU}/networkstorage/update"): update_volume,
    ("POST", f"{GPU}/networkstorage/delete"): delete_volume,
}
