"""What every endpoint has in common: where it lives, how it is paged, what a write must answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

from novita_mcp.api.http import LOOK_FIRST, NovitaHttp
from novita_mcp.api.paging import PAGE_SIZE, Paged, every_page
from novita_mcp.api.wire import text
from novita_mcp.api.wire_errors import complaint_without_id, error_for
from novita_mcp.errors import OutcomeUnknown

T = TypeVar("T")
V1 = "/gpu-instance/openapi/v1"
BASIC = "/openapi/v1"
Body = Mapping[str, Any]


class Endpoints:
    """A part of Novita's API; reads are retried, writes are sent once."""

    def __init__(self, http: NovitaHttp) -> None:
        self._http = http

    async def _post(self, path: str, body: Body) -> None:
        await self._http.post(V1 + path, body)

    async def _post_for_id(self, path: str, body: Body, *keys: str) -> str:
        payload = await self._http.post(V1 + path, body)
        stated = [payload.get(key) for key in keys] if isinstance(payload, dict) else [payload]
        found = next((made_id for raw in stated if (made_id := text(raw))), "")
        if found:
            return found
        complaint = complaint_without_id(payload, self._http.secrets_of(body))
        if complaint:
            raise error_for(complaint, None)
        raise OutcomeUnknown(f"Novita accepted the request, but named no id. {LOOK_FIRST}")

    async def _every_page(
        self, paged: Paged[T], path: str, params: Mapping[str, object], number_key: str = "pageNum"
    ) -> tuple[T, ...]:
        async def ask(number: int) -> Any:
            return await self._http.get(V1 + path, {**params, "pageSize": PAGE_SIZE, number_key: number})

        return await every_page(paged, ask)
