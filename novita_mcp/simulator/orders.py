"""From a create request to an instance: everything that the world can hold against it."""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

from novita_mcp.simulator.catalog import Cluster, CpuProduct, GpuProduct
from novita_mcp.simulator.instances import RAW_PER_USD, Instance, Mount, first_steps
from novita_mcp.simulator.money import rootfs_hourly_usd
from novita_mcp.simulator.ports import check_port_count, read_ports, read_tool_ports
from novita_mcp.simulator.refusals import Refusal, invalid
from novita_mcp.simulator.subscriptions import pay_subscription
from novita_mcp.simulator.world import World

SMALLEST_ROOTFS_GB = 10
DEFAULT_MOUNT = "/network"


def place_gpu_order(world: World, body: dict[str, Any], at: datetime) -> Instance:
    """Create a GPU instance, or refuse it for the first reason found."""
    product = world.gpu_products.get(body["productId"])
    if product is None:
        raise Refusal("RESOURCE_NOT_FOUND", "product not found")
    mode = billing_mode(body)
    _check_mode(product, mode)
    rootfs_gb = _rootfs_gb(product, body["rootfsSize"])
    cluster = _cluster(world, product, body)
    if not product.deployable or body["gpuNum"] > product.max_gpus:
        raise out_of_stock()
    instance = Instance(
        **_wishes(body),
        kind="gpu",
        product_id=product.id,
        product_name=product.name,
        price_raw=product.spot_price_raw if mode == "spot" else product.price_raw,
        cluster_id=cluster.id,
        gpu_num=body["gpuNum"],
        cpu_num=product.cpu_per_gpu * body["gpuNum"],
        memory_gb=product.memory_per_gpu_gb * body["gpuNum"],
        rootfs_gb=rootfs_gb,
        max_rootfs_gb=product.max_rootfs_gb,
        billing_mode=mode,
        created_at=at,
    )
    return _create(world, instance, body, at)


def place_cpu_order(world: World, body: dict[str, Any], at: datetime) -> Instance:
    """Create a CPU instance, or refuse it for the first reason found."""
    product = world.cpu_products.get(body["productId"])
    if product is None:
        raise Refusal("RESOURCE_NOT_FOUND", "product not found")
    if billing_mode(body) != "onDemand":
        raise Refusal("UNSUPPORTED_BILLING_MODE", "unsupported billing mode")
    cluster = _cluster(world, product, body)
    if not product.deployable:
        raise out_of_stock()
    instance = Instance(
        **_wishes(body),
        kind="cpu",
        product_id=product.id,
        product_name=product.name,
        price_raw=product.price_raw,
        cluster_id=cluster.id,
        gpu_num=0,
        cpu_num=product.cpu_num,
        memory_gb=product.memory_gb,
        rootfs_gb=product.rootfs_gb,
        max_rootfs_gb=product.rootfs_gb,
        created_at=at,
    )
    return _create(world, instance, body, at)


def billing_mode(body: dict[str, Any]) -> str:
    """Return how an instance will be paid for: months above 0 make it a subscription."""
    mode: str = body.get("billingMode", "onDemand")
    if body.get("month", 0) > 0:
        return "monthly"
    if mode == "monthly":
        raise invalid("month", "value must be greater than 0 for billing mode monthly")
    return mode


def out_of_stock() -> Refusal:
    """Return the refusal for want of GPUs."""
    return Refusal("INSUFFICIENT_RESOURCE", "insufficient resource")


def at_todays_price(world: World, instance: Instance) -> Instance:
    """Return an instance as it will be charged if it starts now."""
    product = world.gpu_products.get(instance.product_id)
    if product is None:
        return instance
    spot = instance.billing_mode == "spot"
    return replace(instance, price_raw=product.spot_price_raw if spot else product.price_raw)


def check_balance(world: World, instance: Instance) -> None:
    """Refuse what the account cannot pay for an hour."""
    units = 1 if instance.kind == "cpu" else instance.gpu_num
    disk_usd = rootfs_hourly_usd(instance.rootfs_gb) if instance.kind == "gpu" else Decimal(0)
    if world.account.available_usd < units * instance.price_raw / RAW_PER_USD + disk_usd:
        raise Refusal("BALANCE_NOT_ENOUGH", "balance not enough")


def _create(world: World, instance: Instance, body: dict[str, Any], at: datetime) -> Instance:
    _check_belongings(world, instance, body)
    if instance.billing_mode == "monthly":
        instance = pay_subscription(world, instance, body["month"], "monthly_new_buy", at)
        instance = replace(instance, auto_renew_months=_auto_renew_months(body))
    else:
        check_balance(world, instance)
    world.created += 1
    return world.keep(instance.then(at, *first_steps(instance.image_url, world.tempo)))


def _wishes(body: dict[str, Any]) -> dict[str, Any]:
    ports = read_ports(body.get("ports", ""))
    tool_ports = read_tool_ports(body.get("tools", []))
    check_port_count((number for number, _ in ports), tool_ports)
    opened = {number for number, _ in ports}
    tools = tuple(
        (number, tool["type"])
        for number, tool in zip(tool_ports, body.get("tools", []), strict=True)
        if number not in opened
    )
    return {
        "id": token_hex(8),
        "name": body.get("name", ""),
        "image_url": body["imageUrl"],
        "image_auth_id": body.get("imageAuthId", ""),
        "command": body.get("command", ""),
        "entrypoint": body.get("entrypoint", ""),
        "ports": ports + tools,
        "jupyter_port": tool_ports[0] if tool_ports else None,
        "envs": read_envs(body.get("envs", [])),
        "mounts": tuple(
            Mount(wish["Id"], wish.get("mountPoint", DEFAULT_MOUNT)) for wish in body.get("networkStorages", [])
        ),
        "network_id": body.get("networkId", ""),
    }


def read_envs(envs: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return environment variables as pairs."""
    return tuple((env.get("key", ""), env.get("value", "")) for env in envs)


def _check_mode(product: GpuProduct, mode: str) -> None:
    if mode not in product.billing_methods:
        raise Refusal("UNSUPPORTED_BILLING_MODE", "unsupported billing mode")


def _rootfs_gb(product: GpuProduct, wished_gb: int) -> int:
    rootfs_gb = max(wished_gb, SMALLEST_ROOTFS_GB)
    if not product.min_rootfs_gb <= rootfs_gb <= product.max_rootfs_gb:
        raise invalid("rootfsSize", f"value must be inside range [{product.min_rootfs_gb}, {product.max_rootfs_gb}]")
    return rootfs_gb


def _cluster(world: World, product: GpuProduct | CpuProduct, body: dict[str, Any]) -> Cluster:
    offering = [cluster for cluster in world.clusters.values() if cluster.name in product.regions]
    if named := body.get("clusterId"):
        if named not in world.clusters:
            raise Refusal("RESOURCE_NOT_FOUND", "cluster not found")
        offering = [cluster for cluster in offering if cluster.id == named]
    else:
        offering.sort(key=lambda cluster: cluster.id not in _volume_clusters(world, body))
    if not offering:
        raise out_of_stock()
    return offering[0]


def _volume_clusters(world: World, body: dict[str, Any]) -> set[str]:
    wished = {wish["Id"] for wish in body.get("networkStorages", [])}
    return {volume.cluster_id for volume in world.volumes.values() if volume.id in wished}


def _check_belongings(world: World, instance: Instance, body: dict[str, Any]) -> None:
    check_mounts(world, instance)
    check_image_auth(world, instance.image_auth_id)
    network = world.networks.get(instance.network_id)
    if instance.network_id and network is None:
        raise Refusal("NETWORK_NOT_FOUND", "network not found")
    if network is not None and network.cluster_id != instance.cluster_id:
        raise Refusal("DEPENDENT_RESOURCE_STATE", "the network is in another cluster")
    cuda = body.get("minCudaVersion", "")
    if cuda and re.fullmatch(r"\d+(\.\d+)+", cuda, re.ASCII) is None:
        raise invalid("minCudaVersion", "value must look like 11.8")


def check_mounts(world: World, instance: Instance) -> None:
    """Refuse volumes that do not exist or that live elsewhere."""
    for mount in instance.mounts:
        volume = world.volumes.get(mount.volume_id)
        if volume is None:
            raise Refusal("NETWORK_STORAGE_NOT_FOUND", "network storage not found")
        if volume.cluster_id != instance.cluster_id:
            raise Refusal("CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT", "the network storage is in another cluster")


def check_image_auth(world: World, auth_id: str) -> None:
    """Refuse a registry credential that does not exist."""
    if auth_id and auth_id not in world.registry_auths:
        raise Refusal("RESOURCE_NOT_FOUND", "image auth not found")


def _auto_renew_months(body: dict[str, Any]) -> int:
    months: int = body.get("autoRenewMonth", 1)
    return months if body.get("autoRenew", False) else 0
