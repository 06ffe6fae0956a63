"""The endpoints of what instances are made with: volumes, credentials, templates, networks, images."""

from collections.abc import Sequence
from typing import Final, Literal

from novita_mcp.api import wire_operations, wire_resources
from novita_mcp.api.endpoints import V1, Body, Endpoints
from novita_mcp.api.paging import Paged
from novita_mcp.domain.models import Network, NetworkStorage, Prewarm, PrewarmQuota, RegistryAuth, Template

TemplateChannel = Literal["official", "community", "private"]

NETWORK_STORAGES: Final = Paged(
    "network volumes", ("data",), wire_resources.parse_network_storage, lambda item: item.storage_id
)
TEMPLATES: Final = Paged(
    "templates", ("template", "templates"), wire_resources.parse_template, lambda item: item.template_id
)
NETWORKS: Final = Paged("networks", ("networks", "network"), wire_resources.parse_network, lambda item: item.network_id)
PREWARMS: Final = Paged("prewarm tasks", ("data",), wire_operations.parse_prewarm, lambda item: item.prewarm_id)


class ResourceEndpoints(Endpoints):
    """The ids that create needs, and the making of what they name."""

    async def network_storages(self) -> tuple[NetworkStorage, ...]:
        """List all network volumes."""
        return await self._every_page(NETWORK_STORAGES, "/networkstorages/list", {}, "pageNo")

    async def create_network_storage(self, body: Body) -> str:
        """Create a network volume and return its id; it costs until it is deleted."""
        return await self._post_for_id("/networkstorage/create", body, "storageId", "id")

    async def update_network_storage(self, body: Body) -> None:
        """Rename or enlarge a network volume."""
        await self._post("/networkstorage/update", body)

    async def delete_network_storage(self, storage_id: str) -> None:
        """Delete a network volume with its data."""
        await self._post("/networkstorage/delete", {"storageId": storage_id})

    async def registry_auths(self) -> tuple[RegistryAuth, ...]:
        """List the stored registry credentials, without their passwords."""
        return wire_resources.registry_auths(await self._http.get(f"{V1}/repository/auths"))

    async def save_registry_auth(self, body: Body) -> None:
        """Store a registry credential."""
        await self._post("/repository/auth/save", body)

    async def delete_registry_auth(self, auth_id: str) -> None:
        """Delete a stored registry credential."""
        await self._post("/repository/auth/delete", {"id": auth_id})

    async def templates(self, channel: TemplateChannel, *, name: str | None = None) -> tuple[Template, ...]:
        """List the templates of one channel."""
        params = {"channel": channel, "isMyCommunity": channel == "private", "name": name}
        return await self._every_page(TEMPLATES, "/templates", params)

    async def template(self, template_id: str) -> Template:
        """Return one template.

        Raises:
            NotFound: There is none of that id.

        """
        return wire_resources.template(await self._http.get(f"{V1}/template", {"templateId": template_id}))

    async def create_template(self, template: Body) -> str:
        """Create a template and return its id."""
        return await self._post_for_id("/template/create", {"template": template}, "templateId")

    async def update_template(self, template: Body) -> None:
        """Replace a template's values; `Id` says which."""
        await self._post("/template/update", {"template": template})

    async def delete_template(self, template_id: str) -> None:
        """Delete a template."""
        await self._post("/template/delete", {"templateId": template_id})

    async def networks(self, *, name: str | None = None) -> tuple[Network, ...]:
        """List the VPC networks."""
        return await self._every_page(NETWORKS, "/networks", {"name": name})

    async def network(self, network_id: str) -> Network:
        """Return one VPC network.

        Raises:
            NotFound: There is none of that id.

        """
        return wire_resources.network(await self._http.get(f"{V1}/network", {"networkId": network_id}))

    async def create_network(self, body: Body) -> None:
        """Create a VPC network; Novita names no id, so it is found by its name."""
        await self._post("/network/create", body)

    async def update_network(self, network_id: str, name: str) -> None:
        """Rename a VPC network."""
        await self._post("/network/update", {"networkId": network_id, "name": name})

    async def delete_network(self, network_id: str) -> None:
        """Delete an empty VPC network."""
        await self._post("/network/delete", {"networkId": network_id})

    async def prewarm_quota(self) -> PrewarmQuota:
        """Return how many images may be prewarmed."""
        return wire_operations.prewarm_quota(await self._http.get(f"{V1}/image/prewarm/quota"))

    async def prewarms(self, *, state: str | None = None, cluster_id: str | None = None) -> tuple[Prewarm, ...]:
        """List the prewarm tasks."""
        params = {"state": state, "clusterId": cluster_id}
        return await self._every_page(PREWARMS, "/image/prewarm", params, "page")

    async def create_prewarm(self, body: Body) -> str:
        """Have an image pulled ahead and return the task's id."""
        return await self._post_for_id("/image/prewarm", body, "id")

    async def edit_prewarm(self, prewarm_id: str, note: str) -> None:
        """Change a prewarm task's note."""
        await self._post("/image/prewarm/edit", {"id": prewarm_id, "note": note})

    async def delete_prewarms(self, prewarm_ids: Sequence[str]) -> None:
        """Delete prewarm tasks."""
        await self._post("/image/prewarm/delete", {"ids": list(prewarm_ids)})
