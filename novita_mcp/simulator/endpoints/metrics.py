"""What an instance's meters show."""

from datetime import UTC, datetime
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import BASIC, Call, Endpoints
from novita_mcp.simulator.checks import Whole, check_query
from novita_mcp.simulator.instances import Instance
from novita_mcp.simulator.refusals import invalid
from novita_mcp.simulator.world import World

DEFAULT_WINDOW_SECONDS = 60
SHORTEST_INTERVAL_SECONDS = 15
MOST_POINTS = 10_000


def get_metrics(world: World, call: Call) -> Any:
    """Return made-up readings for the moments at which the instance ran."""
    query = check_query(
        call.query,
        {"instanceId": bodies.ID},
        {"startTime": Whole(0), "endTime": Whole(0), "interval": Whole(SHORTEST_INTERVAL_SECONDS)},
    )
    instance = world.instance(query["instanceId"])
    moments = _moments(instance, query, call.at)
    return {
        "cpuUtilization": _series(moments, 12.5),
        "memUtilization": _series(moments, 34.1),
        "rootDiskUtilization": _series(moments, 21.0),
        "gpuUtilization": _per_gpu(instance, moments, 87.0),
        "gpuMemUtilization": _per_gpu(instance, moments, 64.2),
    }


def _moments(instance: Instance, query: dict[str, Any], at: datetime) -> list[int]:
    now = int(at.timestamp())
    end = query.get("endTime", now)
    start = query.get("startTime", end - DEFAULT_WINDOW_SECONDS)
    interval = query.get("interval", SHORTEST_INTERVAL_SECONDS)
    if end - start > interval * MOST_POINTS:
        raise invalid("startTime", f"the window must not hold more than {MOST_POINTS} intervals")
    first = max(start, int(instance.created_at.timestamp()) + 1)
    return [second for second in range(first, min(end, now) + 1, interval) if _ran(instance, second)]


def _ran(instance: Instance, second: int) -> bool:
    return instance.status(datetime.fromtimestamp(second, UTC)) == "running"


def _per_gpu(instance: Instance, moments: list[int], value: float) -> dict[str, Any]:
    gpus = [{"gpuId": str(gpu), "items": _series(moments, value)} for gpu in range(instance.gpu_num)]
    return {"avg": _series(moments, value), "gpuIds": gpus}


def _series(moments: list[int], value: float) -> list[dict[str, Any]]:
    return [{"timestamp": str(second), "value": value} for second in moments]


ENDPOINTS: Endpoints = {("GET", f"{BASIC}/metrics/gpu/instance"): get_metrics}
