"""VPC networks."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.catalog import USER_ID
from novita_mcp.simulator.checks import Text, check, check_query
from novita_mcp.simulator.instances import private_address
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.world import Network, World

MOST = 10


def list_networks(world: World, call: Call) -> Any:
    """Return a page of networks; their total is text, as on the wire."""
    query = check_query(call.query, {}, {**page_rules("pageNum"), "name": Text(), "creators": Text()})
    found = [network for network in world.networks.values() if query.get("name", "") in network.name]
    shown = page(found, query, "pageNum")
    return {"networks": [_network(world, network, call.at) for network in shown], "total": str(len(found))}


def get_network(world: World, call: Call) -> Any:
    network = _known(world, check_query(call.query, {"networkId": bodies.ID}, {})["networkId"])
    return {"network": _network(world, network, call.at)}


def create_network(world: World, call: Call) -> Any:
    """Create a network; the answer does not say its id."""
    body = check(call.body, bodies.NETWORK_CREATE)
    cluster = world.clusters.get(body["clusterId"])
    if cluster is None:
        raise Refusal("RESOURCE_NOT_FOUND", "cluster not found")
    if not cluster.instance_network:
        raise Refusal("CLUSTER_STATUS", "the cluster has no instance networks")
    if len(world.networks) >= MOST:
        raise Refusal("NETWORK_MAX_LIMIT", "too many networks")
    network_id = f"vpc-{uuid4()}"
    segment = f"10.2.{len(world.networks) + 1}.0/24"
    ready_at = call.at + timedelta(seconds=world.tempo.network_creating)
    name = body.get("name", "")
    world.networks[network_id] = Network(network_id, name, cluster.id, segment, call.at, ready_at)
    return {}


def update_network(world: World, call: Call) -> Any:
    body = check(call.body, bodies.NETWORK_UPDATE)
    network = _known(world, body["networkId"])
    world.networks[network.id] = replace(network, name=body["name"])
    return {}


def delete_network(world: World, call: Call) -> Any:
    network = _known(world, check(call.body, bodies.NETWORK_DELETE)["networkId"])
    if any(instance.network_id == network.id for instance in world.existing()):
        raise Refusal("NETWORK_IN_USE", "network in use")
    del world.networks[network.id]
    return {}


def _known(world: World, network_id: str) -> Network:
    network = world.networks.get(network_id)
    if network is None:
        raise Refusal("NETWORK_NOT_FOUND", "network not fount")
    return network


def _network(world: World, network: Network, at: datetime) -> dict[str, Any]:
    return {
        "Id": network.id,
        "user": USER_ID,
        "name": network.name,
        "state": {"state": "ready" if at >= network.ready_at else "creating", "error": ""},
        "segment": network.segment,
        "clusterId": network.cluster_id,
        "Addresses": [
            {"Id": instance.id, "Ip": private_address(instance)}
            for instance in world.existing()
            if instance.network_id == network.id
        ],
        "createTime": str(int(network.created_at.timestamp())),
    }


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/networks"): list_networks,
    ("GET", f"{GPU}/network"): get_network,
    ("POST", f"{GPU}/network/create"): create_network,
    ("POST", f"{GPU}/network/update"): update_network,
    ("POST", f"{GPU}/network/delete"): delete_network,
}
