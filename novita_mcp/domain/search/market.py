"""What is offered, and the data centres where."""

from collections.abc import Iterable

from novita_mcp.domain.base import Record
from novita_mcp.domain.models import Cluster, Product
from novita_mcp.domain.search.regions import Place, Region, every_region, lies_in


class Market(Record):
    """Products and the clusters that their regions are looked up in."""

    products: tuple[Product, ...]
    clusters: tuple[Cluster, ...]

    def of(self, products: Iterable[Product]) -> "Market":
        """The same data centres with other products."""
        return Market(products=tuple(products), clusters=self.clusters)

    def regions(self, product: Product) -> tuple[Region, ...]:
        """Where a product is offered; none means that it is not restricted."""
        return every_region(product.regions, self.clusters)

    def within(self, place: Place) -> frozenset[Region]:
        """The regions that lie in a place."""
        return frozenset(region for region in self.everywhere if lies_in(region, place))

    @property
    def everywhere(self) -> tuple[Region, ...]:
        """All regions there are."""
        own = (Region(name=cluster.name, cluster_id=cluster.cluster_id) for cluster in self.clusters)
        offered = (region for product in self.products for region in self.regions(product))
        return tuple(dict.fromkeys((*own, *offered)))
