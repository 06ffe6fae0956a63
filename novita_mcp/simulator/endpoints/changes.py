"""What can be done to an instance beside starting and stopping it."""

from dataclasses import replace
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.checks import check
from novita_mcp.simulator.endpoints.jobs import begin_job
from novita_mcp.simulator.instances import Instance, Mount, reset_steps
from novita_mcp.simulator.lives import ARRIVING, LEAVING, Step
from novita_mcp.simulator.orders import (
    at_todays_price,
    check_balance,
    check_image_auth,
    check_mounts,
    read_envs,
)
from novita_mcp.simulator.ports import check_port
from novita_mcp.simulator.refusals import Refusal, invalid, state_conflict
from novita_mcp.simulator.subscriptions import pay_subscription
from novita_mcp.simulator.world import World


def edit_instance(world: World, call: Call) -> Any:
    """Replace the open ports and add to the root disk, without a restart."""
    body = check(call.body, bodies.EDIT)
    instance = _settled(world, call, body["instanceId"])
    if "ports" in body:
        instance = replace(instance, ports=_ports(body["ports"]))
    rootfs_gb = instance.rootfs_gb + body.get("expandRootDisk", 0)
    if rootfs_gb > instance.max_rootfs_gb:
        raise invalid("expandRootDisk", f"the root disk must not exceed {instance.max_rootfs_gb} GB")
    world.keep(replace(instance, rootfs_gb=rootfs_gb))
    return {}


def upgrade_instance(world: World, call: Call) -> Any:
    """Reset the container with another image; what is not sent again is gone."""
    body = check(call.body, bodies.UPGRADE)
    instance = _settled(world, call, body["instanceId"])
    mounts = body.get("networkVolume", {}).get("volumeMounts", [])
    upgraded = replace(
        instance.then(call.at, *reset_steps(body["imageUrl"], world.tempo)),
        image_url=body["imageUrl"],
        image_auth_id=body.get("imageAuthId", ""),
        envs=read_envs(body.get("envs", [])),
        command=body.get("command", ""),
        entrypoint=body.get("entrypoint", ""),
        mounts=tuple(Mount(mount["id"], mount["mountPath"]) for mount in mounts),
        starts=instance.starts + 1,
    )
    check_mounts(world, upgraded)
    check_image_auth(world, upgraded.image_auth_id)
    _check_payable(world, upgraded, call)
    world.keep(upgraded)
    return {}


def migrate_instance(world: World, call: Call) -> Any:
    """Move it to another host, where it runs again even if it had been stopped or reclaimed."""
    instance = _settled(world, call, check(call.body, bodies.INSTANCE)["instanceId"])
    product = world.gpu_products.get(instance.product_id)
    if product is not None and not product.deployable:
        raise Refusal("MIGRATE_INSUFFICIENT_RESOURCE", "no resource to migrate to")
    priced = at_todays_price(world, instance)
    _check_payable(world, priced, call)
    moving = priced.then(call.at, Step("migrating", world.tempo.migrating), Step("running"))
    world.keep(replace(moving, starts=instance.starts + 1, spot_reclaim_at=None))
    return {"jobId": begin_job(world, "instanceMigrate", instance.id, (), call.at)}


def renew_instance(world: World, call: Call) -> Any:
    body = check(call.body, bodies.SUBSCRIBE)
    instance = world.instance(body["instanceId"])
    if instance.status(call.at) in ARRIVING:
        raise Refusal("CREATING_INSTANCE_NOT_SUPPORT_RENEWAL", "the instance is still being created")
    if not instance.prepaid(call.at):
        raise unsupported_mode()
    world.keep(pay_subscription(world, instance, body["month"], "monthly_re_buy", call.at))
    return {}


def convert_to_monthly(world: World, call: Call) -> Any:
    body = check(call.body, bodies.SUBSCRIBE)
    instance = _settled(world, call, body["instanceId"])
    if instance.mode(call.at) != "onDemand":
        raise unsupported_mode()
    world.keep(pay_subscription(world, instance, body["month"], "monthly_new_buy", call.at))
    return {}


def set_auto_renew(world: World, call: Call) -> Any:
    body = check(call.body, bodies.AUTO_RENEW)
    instances = [world.instance(instance_id) for instance_id in body["instanceIds"]]
    if not all(instance.prepaid(call.at) for instance in instances):
        raise unsupported_mode()
    months = body["autoRenewMonth"] if body["autoRenew"] else 0
    for instance in instances:
        world.keep(replace(instance, auto_renew_months=months))
    return {}


def set_auto_migrate(world: World, call: Call) -> Any:
    body = check(call.body, bodies.AUTO_MIGRATE)
    instance = world.instance(body["instanceId"])
    if instance.status(call.at) in LEAVING:
        raise state_conflict()
    world.keep(replace(instance, auto_migrate=body["autoMigrateOpen"]))
    return {}


def unsupported_mode() -> Refusal:
    """Return the refusal of something that this way of paying does not allow."""
    return Refusal("UNSUPPORTED_BILLING_MODE", "unsupported billing mode")


def _settled(world: World, call: Call, instance_id: str) -> Instance:
    instance = world.instance(instance_id)
    if instance.status(call.at) not in {"running", "exited"}:
        raise state_conflict()
    return instance


def _check_payable(world: World, instance: Instance, call: Call) -> None:
    if not instance.prepaid(call.at):
        check_balance(world, instance)


def _ports(entries: list[dict[str, Any]]) -> tuple[tuple[int, str], ...]:
    numbers = [check_port(entry["port"], f"ports[{index}].port") for index, entry in enumerate(entries)]
    if len(set(numbers)) != len(numbers):
        raise invalid("ports", "value must not name a port twice")
    return tuple((entry["port"], entry["type"]) for entry in entries)


ENDPOINTS: Endpoints = {
    ("POST", f"{GPU}/gpu/instance/edit"): edit_instance,
    ("POST", f"{GPU}/gpu/instance/upgrade"): upgrade_instance,
    ("POST", f"{GPU}/gpu/instance/migrate"): migrate_instance,
    ("POST", f"{GPU}/gpu/instance/renewInstance"): renew_instance,
    ("POST", f"{GPU}/gpu/instance/transToMonthlyInstance"): convert_to_monthly,
    ("POST", f"{GPU}/gpu/instance/setAutoRenew"): set_auto_renew,
    ("POST", f"{GPU}/gpu/instance/setAutoMigrate"): set_auto_migrate,
}
