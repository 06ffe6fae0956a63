from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from novita_mcp.simulator.transport import SimulatorTransport
from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.simulator.world import World, build_world

GPU = "/gpu-instance/openapi/v1"


class Caller:
    """A client that speaks of the API's paths, not of HTTP."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(_full(path), params=query)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.http.post(_full(path), json=body)

    async def create(self, **changes: Any) -> str:
        response = await self.post("/gpu/instance/create", order(**changes))
        assert response.status_code == 200, response.text
        return response.json()["id"]

    async def instance(self, instance_id: str) -> dict[str, Any]:
        response = await self.get("/gpu/instance", instanceId=instance_id)
        assert response.status_code == 200, response.text
        return response.json()

    async def status(self, instance_id: str) -> str:
        return (await self.instance(instance_id))["status"]

    async def act(self, action: str, instance_id: str, **more: Any) -> httpx.Response:
        return await self.post(f"/gpu/instance/{action}", {"instanceId": instance_id, **more})


def _full(path: str) -> str:
    return path if path.startswith(("/openapi", "/simulator", "/gpu-instance")) else GPU + path


def order(**changes: Any) -> dict[str, Any]:
    """The smallest create body, changed; `...` takes a key out."""
    body = {
        "productId": "4090.16c62g",
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "pytorch/pytorch:latest",
        "kind": "gpu",
    } | changes
    return {key: value for key, value in body.items() if value is not ...}


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def world(clock: TurnedClock) -> World:
    return build_world(clock)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(
        transport=SimulatorTransport(world),
        base_url="http://simulator",
        headers={"Authorization": "Bearer sk_test"},
    ) as http:
        yield Caller(http)


@pytest.fixture
def new_order() -> Any:
    return order
