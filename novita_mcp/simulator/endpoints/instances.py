"""Instances from create to delete."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.checks import Text, check, check_query
from novita_mcp.simulator.instances import Instance, detailed, listed
from novita_mcp.simulator.lives import GONE, LEAVING, STATUS_WORDS, Step
from novita_mcp.simulator.orders import (
    at_todays_price,
    check_balance,
    out_of_stock,
    place_cpu_order,
    place_gpu_order,
)
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal, state_conflict
from novita_mcp.simulator.world import World


def create_instance(world: World, call: Call) -> Any:
    """Create one more instance, however often the same body has come before."""
    if isinstance(call.body, dict) and call.body.get("kind") == "cpu":
        instance = place_cpu_order(world, check(call.body, bodies.CREATE_CPU), call.at)
    else:
        instance = place_gpu_order(world, check(call.body, bodies.CREATE_GPU), call.at)
    return {"id": instance.id}


def list_instances(world: World, call: Call) -> Any:
    query = check_query(
        call.query,
        {},
        {
            **page_rules("pageNum"),
            "name": Text(),
            "productName": Text(),
            "status": Text(among=("", *sorted(STATUS_WORDS))),
        },
    )
    found = [instance for instance in world.existing() if _matches(instance, query, call.at)]
    shown = page(found, query, "pageNum", base=world.page_base)
    return {
        "instances": [listed(instance, world.view(instance, call.at)) for instance in shown],
        "total": len(found),
    }


def get_instance(world: World, call: Call) -> Any:
    query = check_query(call.query, {"instanceId": bodies.ID}, {})
    instance = world.instance(query["instanceId"], status=404)
    return detailed(instance, world.view(instance, call.at))


def start_instance(world: World, call: Call) -> Any:
    """Start it at today's price, on another host, with another password."""
    instance = _in_state(world, call, "exited")
    product = world.gpu_products.get(instance.product_id)
    if product is not None and not product.deployable:
        raise out_of_stock()
    priced = at_todays_price(world, instance)
    if not instance.prepaid(call.at):
        check_balance(world, priced)
    tempo = world.tempo
    steps = Step("toStart", tempo.to_start), Step("starting", tempo.starting), Step("running")
    started = replace(priced.then(call.at, *steps), starts=instance.starts + 1, spot_reclaim_at=None)
    world.keep(started)
    return {"instanceId": instance.id, "state": "starting"}


def stop_instance(world: World, call: Call) -> Any:
    instance = _in_state(world, call, "running")
    tempo = world.tempo
    steps = Step("toStop", tempo.to_stop), Step("stopping", tempo.stopping), Step("exited")
    world.keep(instance.then(call.at, *steps))
    return {"instanceId": instance.id, "state": "stopping"}


def restart_instance(world: World, call: Call) -> Any:
    instance = _in_state(world, call, "running")
    tempo = world.tempo
    steps = Step("toRestart", tempo.to_restart), Step("restarting", tempo.restarting), Step("running")
    world.keep(replace(instance.then(call.at, *steps), starts=instance.starts + 1))
    return {}


def delete_instance(world: World, call: Call) -> Any:
    """Delete it from whatever state; doing so again while it leaves changes nothing."""
    instance = world.instance(check(call.body, bodies.INSTANCE)["instanceId"])
    if instance.prepaid(call.at):
        raise Refusal("PREPAID_INSTANCE_NOT_SUPPORT_RELEASE", "prepaid instance cannot be released")
    if instance.status(call.at) not in LEAVING:
        world.keep(instance.then(call.at, *_leaving(world)))


def _leaving(world: World) -> tuple[Step, ...]:
    tempo = world.tempo
    return (
        Step("toRemove", tempo.to_remove),
        Step("removing", tempo.removing),
        Step("removed", tempo.removed),
        Step(GONE),
    )


def _in_state(world: World, call: Call, status: str) -> Instance:
    instance = world.instance(check(call.body, bodies.INSTANCE)["instanceId"])
    if instance.status(call.at) != status:
        raise state_conflict()
    return instance


def _matches(instance: Instance, query: dict[str, Any], at: datetime) -> bool:
    return (
        query.get("name", "") in instance.name
        and query.get("productName", "") in instance.product_name
        and query.get("status", "") in {"", instance.status(at)}
    )


ENDPOINTS: Endpoints = {
    ("POST", f"{GPU}/gpu/instance/create"): create_instance,
    ("GET", f"{GPU}/gpu/instances"): list_instances,
    ("GET", f"{GPU}/gpu/instance"): get_instance,
    ("POST", f"{GPU}/gpu/instance/start"): start_instance,
    ("POST", f"{GPU}/gpu/instance/stop"): stop_instance,
    ("POST", f"{GPU}/gpu/instance/restart"): restart_instance,
    ("POST", f"{GPU}/gpu/instance/delete"): delete_instance,
}
