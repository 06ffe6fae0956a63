"""A request against the live offer: what Novita would refuse, and what it might."""

import difflib
from collections.abc import Iterable, Iterator

from novita_mcp.domain.base import Record, third_party
from novita_mcp.domain.create_request import CreateInstanceRequest
from novita_mcp.domain.models import BillingMode, Cluster, Network, NetworkStorage, Product, RegistryAuth
from novita_mcp.domain.pricing import unit_hourly
from novita_mcp.errors import Problem

MOST_ALTERNATIVES = 3


class Offer(Record):
    """What was read about everything a create request names; None where it could not be read."""

    product: Product | None
    products: tuple[Product, ...]
    matching: tuple[Product, ...] | None
    clusters: tuple[Cluster, ...] | None
    storages: tuple[NetworkStorage, ...] | None
    auths: tuple[RegistryAuth, ...] | None
    networks: tuple[Network, ...] | None


def find_product(wanted: str, products: Iterable[Product], kind: str) -> Product | None:
    """The product with this id, or the only one with exactly this name."""
    candidates = tuple(product for product in products if product.kind == kind)
    by_id = next((product for product in candidates if product.product_id == wanted), None)
    named = tuple(product for product in candidates if product.name.casefold() == wanted.casefold())
    buyable = tuple(product for product in named if product.available) or named
    return by_id or (buyable[0] if len(buyable) == 1 else None)


def problems(request: CreateInstanceRequest, offer: Offer) -> Iterator[Problem]:
    """What the live offer forbids, in the same form as every other limit."""
    if offer.product is None:
        yield Problem("productId", _unknown_product(request, offer.products))
        return
    yield from _product_problems(request, offer.product)
    yield from _place_problems(request, offer)
    yield from _credential_problems(request, offer)


def warnings(request: CreateInstanceRequest, offer: Offer) -> Iterator[str]:
    """What may go wrong all the same, and what could not be checked."""
    product = offer.product
    if product is None:
        return
    if product.product_id != request.product_id:
        yield f"productId {request.product_id} is a name; {product.product_id} is the product that has it."
    if offer.matching is not None and product.available and product not in offer.matching:
        combination = f"{request.gpu_num} GPUs" + (f" in {request.cluster_id}" if request.cluster_id else "")
        yield f"Novita does not list {product.product_id} for {combination} now; it may refuse the create."
    yield from _region_warnings(request, offer)
    yield from _unread_warnings(request, offer)
    if request.min_cuda_version:
        yield f"Novita lists no CUDA versions, so it may find no host with {request.min_cuda_version} or newer."


def alternatives(
    product: Product | None, products: Iterable[Product], request: CreateInstanceRequest
) -> tuple[str, ...]:
    """The next best products, cheapest first: in stock, with no less memory, cheaper than one that is too dear."""
    vram = (product.vram_gb or 0) if product else 0
    mode: BillingMode = "spot" if request.effective_billing_mode == "spot" else "onDemand"
    too_dear = unit_hourly(product, mode) if product and product.available else None
    rows = (
        (hourly, other)
        for other in products
        if other.available and other.kind == request.kind and (other.vram_gb or 0) >= vram
        if (product is None or other.product_id != product.product_id)
        if (hourly := unit_hourly(other, mode)) is not None
        if too_dear is None or hourly < too_dear
    )
    best = sorted(rows, key=lambda row: (row[0], row[1].product_id))[:MOST_ALTERNATIVES]
    return tuple(
        f"{other.product_id} ({other.name}): ${hourly:.4f} per GPU and hour, stock {other.stock}"
        for hourly, other in best
    )


def _unknown_product(request: CreateInstanceRequest, products: tuple[Product, ...]) -> str:
    same_name = [p.product_id for p in products if p.name.casefold() == request.product_id.casefold()]
    if len(same_name) > 1:
        return f"several products have this name; choose one of {', '.join(same_name)}"
    names = [p.product_id for p in products if p.kind == request.kind]
    known = "search_gpu_products lists them" if request.kind == "gpu" else _cpu_products(names)
    return f"Novita has no such product{near(request.product_id, names)}; {known}"


def _cpu_products(names: list[str]) -> str:
    """No tool lists these, and there are few."""
    return f"kind cpu has: {', '.join(names)}" if names else "this account is offered no CPU products"


def near(wanted: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing."""
    matches = difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]}?" if matches else ""


def _product_problems(request: CreateInstanceRequest, product: Product) -> Iterator[Problem]:
    low, high = product.min_rootfs_gb, product.max_rootfs_gb
    size = request.rootfs_size
    if product.kind == "gpu" and size is not None:
        if high and size > high:
            yield Problem("rootfsSize", f"is {size}; {product.product_id} allows at most {high} GB")
        if low and size < low:
            yield Problem("rootfsSize", f"is {size}; {product.product_id} needs at least {low} GB")
    mode = request.effective_billing_mode
    if product.billing_modes and mode not in product.billing_modes:
        offered = ", ".join(product.billing_modes)
        yield Problem("billingMode", f"{mode} is not offered for {product.product_id}; it has {offered}")


def _place_problems(request: CreateInstanceRequest, offer: Offer) -> Iterator[Problem]:
    if request.cluster_id and offer.clusters is not None:
        ids = {cluster.cluster_id: cluster.name for cluster in offer.clusters}
        if request.cluster_id not in ids:
            yield Problem("clusterId", "Novita has no such cluster" + _near_cluster(request.cluster_id, ids))
    for index, mount in enumerate(request.network_storages or ()):
        yield from _volume_problems(f"networkStorages[{index}].Id", mount.storage_id, request, offer)


def _near_cluster(wanted: str, names: dict[str, str]) -> str:
    by_name = next((key for key, name in names.items() if wanted.casefold() in name.casefold()), None)
    return f"; did you mean {by_name}?" if by_name else near(wanted, names)


def _volume_problems(path: str, storage_id: str, request: CreateInstanceRequest, offer: Offer) -> Iterator[Problem]:
    if offer.storages is None:
        return
    volume = next((storage for storage in offer.storages if storage.storage_id == storage_id), None)
    if volume is None:
        ids = [storage.storage_id for storage in offer.storages]
        yield Problem(path, "the account has no such network volume" + near(storage_id, ids))
    elif request.cluster_id and volume.cluster_id != request.cluster_id:
        yield Problem(
            path, f"lives in {volume.cluster_id}, the instance in {request.cluster_id}; they must be the same"
        )


def _credential_problems(request: CreateInstanceRequest, offer: Offer) -> Iterator[Problem]:
    if request.image_auth_id and offer.auths is not None:
        ids = [auth.auth_id for auth in offer.auths]
        if request.image_auth_id not in ids:
            hint = near(request.image_auth_id, ids)
            yield Problem(
                "imageAuthId",
                f"no such registry credential{hint}; list_resources kind registryAuths has them",
            )
    if request.network_id and offer.networks is not None:
        yield from _network_problems(request, offer.networks)


def _network_problems(request: CreateInstanceRequest, networks: tuple[Network, ...]) -> Iterator[Problem]:
    network = next((network for network in networks if network.network_id == request.network_id), None)
    if network is None:
        ids = [network.network_id for network in networks]
        yield Problem("networkId", "the account has no such VPC network" + near(request.network_id or "", ids))
    elif request.cluster_id and network.cluster_id and network.cluster_id != request.cluster_id:
        yield Problem("networkId", f"lives in {network.cluster_id}, the instance in {request.cluster_id}")


def _region_warnings(request: CreateInstanceRequest, offer: Offer) -> Iterator[str]:
    product, clusters = offer.product, offer.clusters
    cluster = next((c for c in clusters or () if c.cluster_id == request.cluster_id), None)
    if product and product.regions and cluster and not in_regions(cluster, product.regions):
        regions = third_party(", ".join(product.regions))
        yield f"Novita lists {product.product_id} in {regions}, not in {cluster.cluster_id}; it may refuse."
    mounted = {mount.storage_id for mount in request.network_storages or ()}
    for volume in offer.storages or ():
        if volume.storage_id in mounted and not request.cluster_id:
            yield f"Volume {volume.storage_id} lives in {volume.cluster_id}; without that clusterId it may not mount."


def in_regions(cluster: Cluster, regions: Iterable[str]) -> bool:
    """Whether display names, in any vintage of their spelling, name this cluster."""
    name, code = cluster.name.casefold(), cluster.name.split(" ")[0].casefold()
    return any(
        region.casefold() in {name, code, cluster.cluster_id.casefold()} or region.split(" ")[0].casefold() == code
        for region in regions
    )


def _unread_warnings(request: CreateInstanceRequest, offer: Offer) -> Iterator[str]:
    wanted = (
        (request.cluster_id, offer.clusters, "clusters"),
        (request.network_storages, offer.storages, "network volumes"),
        (request.image_auth_id, offer.auths, "registry credentials"),
        (request.network_id, offer.networks, "VPC networks"),
    )
    for asked, found, what in wanted:
        if asked and found is None:
            yield f"Novita's list of {what} could not be read, so that part of the request was not checked."
