"""The endpoints of products, instances and their subscriptions, jobs and metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from novita_mcp.api import wire_instances, wire_operations, wire_products
from novita_mcp.api.endpoints import BASIC, V1, Body, Endpoints
from novita_mcp.api.paging import Paged
from novita_mcp.domain.models import Cluster, Instance, Job, Metrics, Product

INSTANCES: Final = Paged("instances", ("instances",), wire_instances.parse_instance, lambda item: item.instance_id)
JOBS: Final = Paged("jobs", ("jobs",), wire_operations.parse_job, lambda item: item.job_id)


class InstanceEndpoints(Endpoints):
    """What can be rented, and what is."""

    async def clusters(self) -> tuple[Cluster, ...]:
        """List all data centres."""
        return wire_products.clusters(await self._http.get(f"{V1}/clusters"))

    async def products(
        self,
        *,
        cluster_id: str | None = None,
        gpu_num: int | None = None,
        name: str | None = None,
        billing_mode: str | None = None,
    ) -> tuple[Product, ...]:
        """List the GPU products that fit; Novita matches `name` loosely."""
        params = {
            "clusterId": cluster_id,
            "gpuNum": gpu_num,
            "productName": name,
            "billingMethod": billing_mode,
        }
        return wire_products.products(await self._http.get(f"{V1}/products", params))

    async def cpu_products(self, *, cluster_id: str | None = None, name: str | None = None) -> tuple[Product, ...]:
        """List the CPU products; some accounts have none."""
        params = {"clusterId": cluster_id, "productName": name}
        return wire_products.cpu_products(await self._http.get(f"{V1}/cpu/products", params))

    async def create_instance(self, body: Body) -> str:
        """Create an instance and return its id; this spends money.

        Raises:
            OutcomeUnknown: It may exist.
            ApiError: Any other: it does not exist.

        """
        return await self._post_for_id("/gpu/instance/create", body, "id", "instanceId")

    async def instances(
        self, *, name: str | None = None, status: str | None = None, product_name: str | None = None
    ) -> tuple[Instance, ...]:
        """List all instances of the account, or those that Novita's filters let through."""
        params = {"name": name, "status": status, "productName": product_name}
        return await self._every_page(INSTANCES, "/gpu/instances", params)

    async def instance(self, instance_id: str) -> Instance:
        """Return one instance with its connection details.

        Raises:
            NotFound: It is gone, or never was.

        """
        payload = await self._http.get(f"{V1}/gpu/instance", {"instanceId": instance_id})
        return wire_instances.instance(payload)

    async def start_instance(self, instance_id: str) -> None:
        """Start a stopped instance; billing begins."""
        await self._post("/gpu/instance/start", {"instanceId": instance_id})

    async def stop_instance(self, instance_id: str) -> None:
        """Stop an instance; its disk goes on costing."""
        await self._post("/gpu/instance/stop", {"instanceId": instance_id})

    async def restart_instance(self, instance_id: str) -> None:
        """Restart a running instance; its SSH port and password change."""
        await self._post("/gpu/instance/restart", {"instanceId": instance_id})

    async def delete_instance(self, instance_id: str) -> None:
        """Delete an instance with its disks."""
        await self._post("/gpu/instance/delete", {"instanceId": instance_id})

    async def edit_instance(self, body: Body) -> None:
        """Change an instance's ports or enlarge its root disk."""
        await self._post("/gpu/instance/edit", body)

    async def upgrade_instance(self, body: Body) -> None:
        """Reset an instance to another image; what is not resent is lost."""
        await self._post("/gpu/instance/upgrade", body)

    async def migrate_instance(self, instance_id: str) -> None:
        """Move an instance to another machine; new data on its disks is lost."""
        await self._post("/gpu/instance/migrate", {"instanceId": instance_id})

    async def renew_instance(self, instance_id: str, months: int) -> None:
        """Extend a subscription; paid at once."""
        await self._post("/gpu/instance/renewInstance", {"instanceId": instance_id, "month": months})

    async def convert_to_monthly(self, instance_id: str, months: int) -> None:
        """Turn an instance into a subscription; paid at once, not to be undone."""
        await self._post("/gpu/instance/transToMonthlyInstance", {"instanceId": instance_id, "month": months})

    async def set_auto_renew(self, instance_ids: Sequence[str], *, enabled: bool, months: int) -> None:
        """Say whether subscriptions renew themselves, and for how long each time."""
        body = {"instanceIds": list(instance_ids), "autoRenew": enabled, "autoRenewMonth": months}
        await self._post("/gpu/instance/setAutoRenew", body)

    async def set_auto_migrate(self, instance_id: str, *, enabled: bool, system_disk: bool) -> None:
        """Say whether Novita moves an instance whose machine fails, and its system disk with it."""
        body = {"instanceId": instance_id, "autoMigrateOpen": enabled, "autoMigrateSystemDisk": system_disk}
        await self._post("/gpu/instance/setAutoMigrate", body)

    async def save_image(self, body: Body) -> str:
        """Save an instance's root disk as an image and return the job's id."""
        return await self._post_for_id("/job/save/image", body, "jobId")

    async def jobs(
        self, *, job_id: str | None = None, state: str | None = None, job_type: str | None = None
    ) -> tuple[Job, ...]:
        """List the account's jobs."""
        return await self._every_page(JOBS, "/jobs", {"jobId": job_id, "state": state, "type": job_type})

    async def break_job(self, job_id: str) -> None:
        """Break off a job."""
        await self._post("/job/break", {"jobId": job_id})

    async def metrics(self, instance_id: str, *, start: datetime, end: datetime, interval_seconds: int = 60) -> Metrics:
        """Return how busy an instance was; the interval is more than 15 seconds."""
        params = {
            "instanceId": instance_id,
            "startTime": int(start.timestamp()),
            "endTime": int(end.timestamp()),
            "interval": interval_seconds,
        }
        return wire_operations.metrics(await self._http.get(f"{BASIC}/metrics/gpu/instance", params))
