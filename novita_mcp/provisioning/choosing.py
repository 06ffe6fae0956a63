"""Choosing among products: the query understood, the offer read, and what to say when nothing fits."""

from collections.abc import Iterator

from novita_mcp.api.client import NovitaClient
from novita_mcp.domain.base import Record
from novita_mcp.domain.models import Product
from novita_mcp.domain.search.asking.query import parse
from novita_mcp.domain.search.hearing import understood
from novita_mcp.domain.search.market import Market
from novita_mcp.domain.search.matching import matches
from novita_mcp.domain.search.nearest import misnamed, on_offer, trades
from novita_mcp.domain.search.regions import Region, place_of
from novita_mcp.domain.search.wishes import Wish, first_of
from novita_mcp.errors import InvalidArguments, Problem
from novita_mcp.provisioning.checking import near
from novita_mcp.provisioning.reading import Read, read_all


class Found(Record):
    """The products that fit, what they were searched by, and what there is to say about it."""

    products: tuple[Product, ...]
    wish: Wish
    market: Market
    remarks: tuple[str, ...] = ()


async def find_products(client: NovitaClient, stated: Wish, query: str, cluster_id: str) -> Found:
    """The products that fit; what is `stated` counts more than the query.

    Raises:
        InvalidArguments: There is no such cluster or region.
        ApiError: The products could not be read.
    """
    catalogue, clusters = Read(client.products), Read(client.clusters)
    await read_all(catalogue, clusters)
    everything = Market(products=catalogue.value, clusters=clusters.or_none or ())
    placed = () if clusters.error else tuple(_places(cluster_id, everything))
    wish = first_of(*placed, stated, understood(parse(query), everything))
    for attempt in _attempts(wish):
        market = everything.of(await _listed(client, attempt, everything, cluster_id))
        if products := matches(market, attempt):
            return Found(products=products, wish=attempt, market=market, remarks=tuple(_remarks(attempt, wish, market)))
    return await _nothing(client, wish, everything)


def _places(cluster_id: str, market: Market) -> Iterator[Wish]:
    if not cluster_id:
        return
    place = place_of(cluster_id, market.clusters)
    if place is None or not market.within(place):
        hint = near(cluster_id, [cluster.cluster_id for cluster in market.clusters])
        raise InvalidArguments((Problem("clusterId", f"Novita has no such cluster or region{hint}"),))
    yield Wish(places=(place,))


def _attempts(wish: Wish) -> Iterator[Wish]:
    """As wished, and on demand where spot was only welcome."""
    yield wish
    if wish.spot_optional and wish.billing_mode == "spot":
        yield wish.model_copy(update={"billing_mode": "onDemand"})


async def _listed(client: NovitaClient, wish: Wish, everything: Market, cluster_id: str) -> tuple[Product, ...]:
    """What Novita lists for that number of GPUs, that way of paying and, where only one is meant, that cluster."""
    only = _only_cluster(wish, everything) if everything.clusters else cluster_id or None
    if (wish.gpu_num, wish.billing_mode, only) == (1, "onDemand", None):
        return everything.products
    return await client.products(cluster_id=only, gpu_num=wish.gpu_num, billing_mode=wish.billing_mode)


def _only_cluster(wish: Wish, market: Market) -> str | None:
    regions = frozenset[Region]().union(*(market.within(place) for place in wish.places))
    return next(iter(regions)).cluster_id if len(regions) == 1 else None


def _remarks(attempt: Wish, wish: Wish, market: Market) -> Iterator[str]:
    if attempt.billing_mode != wish.billing_mode:
        yield f"Nothing fits as {wish.billing_mode}, so the prices are {attempt.billing_mode}."
    if attempt.billing_mode == "monthly":
        yield "The prices are on demand; create_gpu_instance with dryRun prices the subscription."
    yield from misnamed(attempt, market)
    unstated = [product for product in matches(market, _of_any_size(attempt)) if product.vram_gb is None]
    if attempt.min_vram_gb is not None and unstated:
        yield f"Left out, since Novita does not state their VRAM: {', '.join(p.product_id for p in unstated)}."


def _of_any_size(wish: Wish) -> Wish:
    return wish.model_copy(update={"min_vram_gb": None})


async def _nothing(client: NovitaClient, wish: Wish, everything: Market) -> Found:
    """Why nothing fits, and what comes nearest."""
    countable = everything.products if wish.gpu_num == 1 else await client.products(gpu_num=wish.gpu_num)
    said = tuple(trades(wish, everything, frozenset(product.product_id for product in countable)))
    nothing_near = not said or (wish.missing and not wish.product_ids)
    remarks = (*said, on_offer(wish, everything)) if nothing_near else said
    return Found(products=(), wish=wish, market=everything, remarks=remarks)
