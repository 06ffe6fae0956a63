"""What is on offer: clusters and products."""

from typing import Any

from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.catalog import CpuProduct, GpuProduct
from novita_mcp.simulator.checks import Text, Whole, check_query
from novita_mcp.simulator.world import World


def list_clusters(world: World, call: Call) -> Any:
    check_query(call.query, {}, {})
    clusters = [
        {
            "id": cluster.id,
            "name": cluster.name,
            "availableGpuType": sorted(
                {product.name for product in world.gpu_products.values() if cluster.name in product.regions}
            ),
            "supportNetworkStorage": cluster.network_storage,
            "supportInstanceNetwork": cluster.instance_network,
        }
        for cluster in world.clusters.values()
    ]
    return {"data": clusters}


def list_products(world: World, call: Call) -> Any:
    query = check_query(
        call.query,
        {},
        {
            "clusterId": Text(0, 255),
            "gpuNum": Whole(0, 8),
            "productName": Text(0, 255),
            "minCpuPerGpu": Whole(0),
            "minMemoryPerGpu": Whole(0),
            "minRootFSSize": Whole(0),
            "billingMethod": Text(among=("onDemand", "monthly", "spot")),
        },
    )
    products = [product for product in world.gpu_products.values() if _wanted(world, product, query)]
    return {"data": [_product(product) for product in products]}


def list_cpu_products(world: World, call: Call) -> Any:
    query = check_query(call.query, {}, {"clusterId": Text(0, 255), "productName": Text(0, 255)})
    products = [
        product for product in world.cpu_products.values() if _named(product, query) and _offered(world, product, query)
    ]
    return {"data": [_cpu_product(product) for product in products]}


def _wanted(world: World, product: GpuProduct, query: dict[str, Any]) -> bool:
    return (
        _named(product, query)
        and _offered(world, product, query)
        and product.max_gpus >= query.get("gpuNum", 0)
        and product.cpu_per_gpu >= query.get("minCpuPerGpu", 0)
        and product.memory_per_gpu_gb >= query.get("minMemoryPerGpu", 0)
        and product.disk_per_gpu_gb >= query.get("minRootFSSize", 0)
        and query.get("billingMethod", "onDemand") in product.billing_methods
    )


def _named(product: GpuProduct | CpuProduct, query: dict[str, Any]) -> bool:
    return query.get("productName", "").lower() in product.name.lower()


def _offered(world: World, product: GpuProduct | CpuProduct, query: dict[str, Any]) -> bool:
    cluster_id = query.get("clusterId")
    if not cluster_id:
        return True
    cluster = world.clusters.get(cluster_id)
    return cluster is not None and cluster.name in product.regions


def _product(product: GpuProduct) -> dict[str, Any]:
    monthly = product.monthly_price_raw
    return {
        "id": product.id,
        "name": product.name,
        "cpuPerGpu": product.cpu_per_gpu,
        "memoryPerGpu": product.memory_per_gpu_gb,
        "diskPerGpu": product.disk_per_gpu_gb,
        "availableDeploy": product.deployable,
        "canBuy": product.deployable,
        "prices": [],
        "price": str(product.price_raw),
        "spotPrice": str(product.spot_price_raw),
        "monthlyPrice": [] if monthly is None else [{"price": str(monthly), "month": 1}],
        "minRootFS": product.min_rootfs_gb,
        "maxRootFS": product.max_rootfs_gb,
        "minLocalStorage": 0,
        "maxLocalStorage": 0,
        "regions": list(product.regions),
        "billingMethods": list(product.billing_methods),
        "inventoryState": product.inventory,
    }


def _cpu_product(product: CpuProduct) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "cpuNum": product.cpu_num,
        "memorySize": product.memory_gb,
        "rootfsSize": product.rootfs_gb,
        "localVolumeSize": 0,
        "availableDeploy": product.deployable,
        "price": str(product.price_raw),
    }


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/clusters"): list_clusters,
    ("GET", f"{GPU}/products"): list_products,
    ("GET", f"{GPU}/cpu/products"): list_cpu_products,
}
