"""The facts that a person decides on, one a line, from the request and the live offer only."""

from collections.abc import Iterator
from decimal import Decimal

from novita_mcp.domain.base import brief, clean, usd
from novita_mcp.domain.create_request import CreateInstanceRequest
from novita_mcp.domain.images import origin
from novita_mcp.domain.models import MARKER_ENV, Instance, NetworkStorage, Product
from novita_mcp.domain.plans import Fact
from novita_mcp.domain.pricing import Quote, volume_hourly
from novita_mcp.provisioning.checking import Offer


def create_facts(request: CreateInstanceRequest, offer: Offer, lease: Decimal | None) -> Iterator[Fact]:
    """What a create would set running."""
    yield Fact(label="Product", value=_product(offer.product, request.product_id, request.gpu_num))
    yield Fact(label="Billing", value=_billing(request))
    yield Fact(label="Image", value=f"{brief(request.image_url, 500)} ({origin(request.image_url)})")
    yield Fact(label="Command", value=_command(request))
    if request.rootfs_size is not None:
        yield Fact(label="Disk", value=f"{request.rootfs_size} GB")
    yield Fact(label="Ports", value=_ports(request))
    yield Fact(label="Region", value=request.cluster_id or "any cluster that Novita chooses")
    yield lease_fact(lease)
    yield from _extras(request, offer)


def start_facts(instance: Instance, product: Product | None, lease: Decimal | None) -> Iterator[Fact]:
    """What a start would set running again."""
    yield Fact(label="Product", value=_product(product, instance.product_id, instance.gpu_num))
    yield from _identity(instance)
    yield Fact(label="Image", value=f"{brief(instance.image_url, 500)} ({origin(instance.image_url)})")
    yield lease_fact(lease)


def delete_facts(instance: Instance, price: Quote, *, ours: bool) -> Iterator[Fact]:
    """What a delete loses for good, what it ends, and what keeps costing."""
    yield from _identity(instance)
    yield Fact(label="Created here", value="yes" if ours else "NO: somebody else started it")
    yield Fact(label="Lost for good", value=f"the {instance.rootfs_gb} GB disk and everything on it")
    now = price.hourly if instance.runs else price.stopped_hourly
    yield Fact(label="Stops costing", value=f"{usd(now)} per hour")
    for volume in instance.volumes:
        size = "" if volume.size_gb is None else f", {volume.size_gb} GB"
        if volume.type == "network":
            yield Fact(label="Keeps costing", value=f"network volume {volume.volume_id}{size}; its data stays")


def stranger_facts(instance: Instance) -> Iterator[Fact]:
    """Whom a stop or restart of somebody else's instance hits."""
    yield from _identity(instance)
    yield Fact(label="Created here", value="NO: somebody else started it")


def lease_fact(lease: Decimal | None) -> Fact:
    """How long it may run."""
    value = (
        "none: it runs and costs until somebody stops it" if lease is None else f"{lease:f} hours, then it is stopped"
    )
    return Fact(label="Lease", value=value)


def _identity(instance: Instance) -> Iterator[Fact]:
    yield Fact(label="Instance", value=f"{instance.instance_id}, status {brief(instance.status, 40)}")
    yield Fact(label="Name", value=brief(instance.name) or "(none)")


def _product(product: Product | None, product_id: str, gpu_num: int | None) -> str:
    count = f"{gpu_num} × " if gpu_num else ""
    return f"{count}{brief(product.name, 80) if product else 'unknown product'} ({brief(product_id, 80)})"


def _billing(request: CreateInstanceRequest) -> str:
    mode = request.effective_billing_mode
    if mode != "monthly":
        return mode
    renew = f", renews by itself for {request.auto_renew_month or 1} months" if request.auto_renew else ""
    return f"monthly, {request.month} months up front, cannot be deleted before they end{renew}"


def _command(request: CreateInstanceRequest) -> str:
    parts = ((request.entrypoint, "entrypoint: "), (request.command, ""))
    shown = [label + clean(value) for value, label in parts if value]
    return " | ".join(shown) or "the image's own"


def _ports(request: CreateInstanceRequest) -> str:
    return ", ".join(f"{port.number}/{port.type}" for port in request.opened_ports) or "none"


def _extras(request: CreateInstanceRequest, offer: Offer) -> Iterator[Fact]:
    names = [brief(env.key, 60) for env in request.envs or () if env.key != MARKER_ENV]
    if request.name:
        yield Fact(label="Name", value=brief(request.name))
    if names:
        yield Fact(label="Variables", value=brief(", ".join(names)))
    for mount in request.network_storages or ():
        yield Fact(label="Volume", value=_volume(mount.storage_id, mount.mount_point, offer.storages or ()))
    if request.image_auth or request.image_auth_id:
        yield Fact(label="Registry login", value=brief(request.image_auth_id or "given with the request"))
    if request.network_id:
        yield Fact(label="VPC network", value=brief(request.network_id))
    if request.min_cuda_version:
        yield Fact(label="CUDA", value=f"{brief(request.min_cuda_version, 40)} or newer")


def _volume(storage_id: str, mount_point: str, storages: tuple[NetworkStorage, ...]) -> str:
    volume = next((storage for storage in storages if storage.storage_id == storage_id), None)
    cost = f", {volume.size_gb} GB, {usd(volume_hourly(volume))} per hour already billed" if volume else ""
    return f"{brief(storage_id, 80)} at {brief(mount_point)}{cost}"
