"""The tools that show what can be rented and which ids a create needs."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, Usd, brief, clean, third_party, usd
from novita_mcp.domain.models import BillingMode, Product, Stock
from novita_mcp.domain.pricing import unit_hourly
from novita_mcp.domain.search.matching import hourly_usd
from novita_mcp.domain.search.regions import Region
from novita_mcp.domain.search.wishes import Wish, described
from novita_mcp.provisioning.choosing import Found, find_products
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import answer

if TYPE_CHECKING:
    from novita_mcp.api.resources import TemplateChannel

ResourceKind = Literal["clusters", "networkStorages", "registryAuths", "templates", "networks"]


class SearchArguments(Record):
    """What kind of GPU is wanted; arguments count more than the words of the query."""

    query: Annotated[str, Field(max_length=200, description='In plain words: "2x H100 in the US, spot, under $3".')] = (
        ""
    )
    gpu_num: Annotated[int | None, Field(strict=True, ge=1, le=8, description="GPUs wanted; else 1.")] = None
    billing_mode: Annotated[BillingMode | None, Field(description="Else onDemand.")] = None
    cluster_id: Annotated[str, Field(max_length=255, description="Only this cluster or region.")] = ""
    min_vram_gb: Annotated[int | None, Field(strict=True, ge=1, le=10000, description="GB of memory per GPU.")] = None
    max_hourly_usd: Annotated[Usd | None, Field(gt=0, description="For all GPUs wanted together.")] = None
    available_only: Annotated[bool, Field(strict=True, description="Hide what is sold out.")] = True
    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 10


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
    found = await find_products(ctx.request_context.lifespan_context.client, _wish(args), args.query, args.cluster_id)
    rows = tuple(_row(product, found) for product in found.products[: args.limit])
    result = ProductList(products=rows, total=len(found.products), note=_note(found, args.limit))
    return answer("\n".join((*map(_product_line, rows), result.note)), result)


def _wish(args: SearchArguments) -> Wish:
    """What the arguments say; only those that were given count."""
    named = args.model_dump(exclude_unset=True, exclude_none=True, by_alias=False)
    return Wish(**{name: value for name, value in named.items() if name in Wish.model_fields})


def _row(product: Product, found: Found) -> ProductRow:
    return ProductRow(
        product_id=product.product_id,
        name=product.name,
        vram_gb=product.vram_gb,
        hourly=hourly_usd(product, found.wish),
        hourly_per_gpu=unit_hourly(product, "onDemand"),
        spot_hourly_per_gpu=product.spot_hourly_usd,
        stock=product.stock,
        available=product.available,
        regions=found.market.regions(product),
        cpu_cores_per_gpu=product.cpu_cores,
        memory_gb_per_gpu=product.memory_gb,
        min_rootfs_gb=product.min_rootfs_gb,
        max_rootfs_gb=product.max_rootfs_gb,
    )


def _product_line(row: ProductRow) -> str:
    places = ", ".join(region.cluster_id or third_party(region.name, 40) for region in row.regions) or "any region"
    spot = f", spot {usd(row.spot_hourly_per_gpu)}/GPU" if row.spot_hourly_per_gpu else ""
    stock = f"stock {row.stock}" if row.available else "sold out"
    return f"{clean(row.product_id)}: {third_party(row.name, 60)} {usd(row.hourly)}/h{spot}, {stock}, {places}"


def _note(found: Found, limit: int) -> str:
    return " ".join((_counted(found, limit), *found.remarks, *_not_heeded(found.wish)))


def _counted(found: Found, limit: int) -> str:
    count, sought = len(found.products), described(found.wish)
    if not count:
        return f"Nothing fits: {sought}."
    more = f" of {count}, raise limit for more" if count > limit else ""
    return f"{min(count, limit)} product{'s' if count > 1 else ''}{more}; cheapest first; for: {sought}."


def _not_heeded(wish: Wish) -> Iterator[str]:
    if wish.unclear:
        yield f"Not understood, so not heeded: {brief(', '.join(wish.unclear), 120)}."


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
    text = "\n".join(map(_resource_line, items)) or f"No {args.kind} found."
    return answer(text, ResourceList(kind=args.kind, items=items))


def _resource_line(row: ResourceRow) -> str:
    details = (f"{name} {_detail(value)}" for name, value in row.details.items())
    return f"{clean(row.id)}: {third_party(row.name, 60)} {', '.join(details)}"


def _detail(value: str | int | bool) -> str:  # noqa: FBT001 - a value to show
    return third_party(value) if isinstance(value, str) else str(value)


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
