"""The tools that show what can be rented and which ids a create needs."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.catalog import BillingMode, Cluster, Product, Stock
from novita_mcp.domain.display import third_party, usd
from novita_mcp.domain.pricing import unit_hourly
from novita_mcp.domain.record import Record, Usd
from novita_mcp.domain.search import Wish, hourly_usd, matches
from novita_mcp.errors import InvalidArguments, Problem
from novita_mcp.provisioning.checking import in_regions, near
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import answer

if TYPE_CHECKING:
    from novita_mcp.api.resources import TemplateChannel

ResourceKind = Literal["clusters", "networkStorages", "registryAuths", "templates", "networks"]


class SearchArguments(Record):
    """What kind of GPU is wanted."""

    query: Annotated[str, Field(max_length=200, description='Words of the name, like "4090" or "H100 80GB".')] = ""
    gpu_num: Annotated[int, Field(strict=True, ge=1, le=8, description="GPUs wanted.")] = 1
    billing_mode: Annotated[BillingMode, Field(description="How to pay.")] = "onDemand"
    cluster_id: Annotated[str, Field(max_length=255, description="Only this cluster.")] = ""
    min_vram_gb: Annotated[int | None, Field(strict=True, ge=1, le=10000, description="GB of memory per GPU.")] = None
    max_hourly_usd: Annotated[Usd | None, Field(gt=0, description="For all GPUs wanted together.")] = None
    available_only: Annotated[bool, Field(strict=True, description="Hide what is sold out.")] = True
    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 10


class Region(Record):
    """Where a product is offered; the id is None where no cluster has that name."""

    name: str
    cluster_id: str | None


class ProductRow(Record):
    """One product with its price; `hourly` is for all the GPUs wanted, in the billing mode asked for."""

    product_id: str
    name: str
    vram_gb: int | None
    hourly: Usd | None
    hourly_per_gpu: Usd | None
    spot_hourly_per_gpu: Usd | None
    stock: Stock
    available: bool
    regions: tuple[Region, ...]
    cpu_cores_per_gpu: int | None
    memory_gb_per_gpu: int | None
    min_rootfs_gb: int | None
    max_rootfs_gb: int | None


class ProductList(Record):
    """Products that fit, cheapest first."""

    products: tuple[ProductRow, ...]
    total: int
    note: str


async def search_gpu_products(args: SearchArguments, ctx: Context[App]) -> Annotated[CallToolResult, ProductList]:
    """Find GPU products to rent, cheapest first: price per hour for gpuNum GPUs, memory, stock, regions with their
    clusterId, disk range. Free; call it before create_gpu_instance. hourly is null where the price is unknown.
    """
    client = ctx.request_context.lifespan_context.client
    products = Read(
        lambda: client.products(
            cluster_id=args.cluster_id or None, gpu_num=args.gpu_num, billing_mode=args.billing_mode
        )
    )
    clusters = Read(client.clusters)
    await read_all(products, clusters)
    known = clusters.or_none or ()
    wish = _wish(args, known, checked=clusters.error is None)
    found = matches(products.value, wish)
    rows = tuple(_row(product, wish, known) for product in found[: args.limit])
    result = ProductList(products=rows, total=len(found), note=_note(found, args))
    return answer("\n".join((*map(_product_line, rows), result.note)), result)


def _wish(args: SearchArguments, clusters: tuple[Cluster, ...], *, checked: bool) -> Wish:
    cluster = next((cluster for cluster in clusters if cluster.cluster_id == args.cluster_id), None)
    if args.cluster_id and cluster is None and checked:
        hint = near(args.cluster_id, [cluster.cluster_id for cluster in clusters])
        raise InvalidArguments((Problem("clusterId", f"Novita has no such cluster{hint}"),))
    return Wish(
        query=args.query,
        gpu_num=args.gpu_num,
        billing_mode=args.billing_mode,
        cluster=cluster,
        min_vram_gb=args.min_vram_gb,
        max_hourly_usd=args.max_hourly_usd,
        available_only=args.available_only,
    )


def _row(product: Product, wish: Wish, clusters: tuple[Cluster, ...]) -> ProductRow:
    return ProductRow(
        product_id=product.product_id,
        name=product.name,
        vram_gb=product.vram_gb,
        hourly=hourly_usd(product, wish),
        hourly_per_gpu=unit_hourly(product, "onDemand"),
        spot_hourly_per_gpu=product.spot_hourly_usd,
        stock=product.stock,
        available=product.available,
        regions=tuple(_region(name, clusters) for name in product.regions),
        cpu_cores_per_gpu=product.cpu_cores,
        memory_gb_per_gpu=product.memory_gb,
        min_rootfs_gb=product.min_rootfs_gb,
        max_rootfs_gb=product.max_rootfs_gb,
    )


def _region(name: str, clusters: tuple[Cluster, ...]) -> Region:
    cluster = next((cluster for cluster in clusters if in_regions(cluster, (name,))), None)
    return Region(name=name, cluster_id=cluster.cluster_id if cluster else None)


def _product_line(row: ProductRow) -> str:
    places = ", ".join(region.cluster_id or third_party(region.name, 40) for region in row.regions) or "any region"
    spot = f", spot {usd(row.spot_hourly_per_gpu)}/GPU" if row.spot_hourly_per_gpu else ""
    stock = f"stock {row.stock}" if row.available else "sold out"
    return f"{row.product_id}: {third_party(row.name, 60)} {usd(row.hourly)}/h{spot}, {stock}, {places}"


def _note(found: tuple[Product, ...], args: SearchArguments) -> str:
    if not found:
        return (
            "Nothing fits. Widen the search: availableOnly false, a higher maxHourlyUsd, fewer GPUs or another query."
        )
    more = f" of {len(found)}; raise limit for more" if len(found) > args.limit else ""
    return (
        f"{min(len(found), args.limit)} products{more}, cheapest first, for {args.gpu_num} GPU(s), {args.billing_mode}."
    )


class ResourceArguments(Record):
    """Which kind of thing."""

    kind: Annotated[ResourceKind, Field(description="What to list.")]
    query: Annotated[str, Field(max_length=200, description="Part of the id or name.")] = ""


class ResourceRow(Record):
    """One thing that a create request can name."""

    id: str
    name: str
    details: dict[str, str | int | bool]


class ResourceList(Record):
    """The things of one kind."""

    kind: ResourceKind
    items: tuple[ResourceRow, ...]


async def list_resources(args: ResourceArguments, ctx: Context[App]) -> Annotated[CallToolResult, ResourceList]:
    """List the ids that create_gpu_instance needs: clusters (clusterId), networkStorages (networkStorages[].Id),
    registryAuths (imageAuthId), templates (templateId), networks (networkId). Passwords are never shown. Free.
    """
    rows = await _READERS[args.kind](ctx.request_context.lifespan_context)
    wanted = args.query.casefold()
    items = tuple(row for row in rows if wanted in f"{row.id} {row.name}".casefold())
    lines = [
        f"{row.id}: {third_party(row.name, 60)} " + ", ".join(f"{k} {v}" for k, v in row.details.items())
        for row in items
    ]
    text = "\n".join(lines) or f"No {args.kind} found."
    return answer(text, ResourceList(kind=args.kind, items=items))


async def _clusters(app: App) -> tuple[ResourceRow, ...]:
    return tuple(
        ResourceRow(
            id=cluster.cluster_id,
            name=cluster.name,
            details={
                "gpuTypes": ", ".join(cluster.gpu_types),
                "networkStorage": cluster.network_storage,
                "network": cluster.network,
            },
        )
        for cluster in await app.client.clusters()
    )


async def _storages(app: App) -> tuple[ResourceRow, ...]:
    return tuple(
        ResourceRow(
            id=storage.storage_id,
            name=storage.name,
            details={"sizeGb": storage.size_gb, "clusterId": storage.cluster_id},
        )
        for storage in await app.client.network_storages()
    )


async def _auths(app: App) -> tuple[ResourceRow, ...]:
    auths = await app.client.registry_auths()
    return tuple(ResourceRow(id=auth.auth_id, name=auth.name, details={"username": auth.username}) for auth in auths)


async def _templates(app: App) -> tuple[ResourceRow, ...]:
    client = app.client
    channels: tuple[TemplateChannel, ...] = ("private", "official", "community")
    reads = tuple(Read(partial(client.templates, channel)) for channel in channels)
    await read_all(*reads)
    found = {template.template_id: template for read in reads for template in read.or_none or ()}
    if all(read.error for read in reads):
        reads[0].value  # noqa: B018 - raises the error
    return tuple(
        ResourceRow(
            id=template.template_id,
            name=template.name,
            details={
                "channel": template.channel,
                "imageUrl": template.image_url,
                "rootfsSize": template.rootfs_gb,
            },
        )
        for template in found.values()
    )


async def _networks(app: App) -> tuple[ResourceRow, ...]:
    return tuple(
        ResourceRow(
            id=network.network_id,
            name=network.name,
            details={"clusterId": network.cluster_id, "segment": network.segment, "state": network.state},
        )
        for network in await app.client.networks()
    )


_READERS = {
    "clusters": _clusters,
    "networkStorages": _storages,
    "registryAuths": _auths,
    "templates": _templates,
    "networks": _networks,
}
