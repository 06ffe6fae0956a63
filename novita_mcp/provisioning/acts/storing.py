"""Network volumes: they cost for as long as they exist, whether or not anything mounts them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief, usd
from novita_mcp.domain.deeds import ActionName
from novita_mcp.domain.models import HOURS_PER_MONTH, Cluster, Instance, NetworkStorage
from novita_mcp.domain.plans import Fact, Plan
from novita_mcp.domain.policy import Facts, Subject, Verdict, verdicts
from novita_mcp.domain.pricing import HOURS_PER_DAY, Quote, QuoteLine, volume_hourly
from novita_mcp.errors import InvalidArguments, NotFound, Problem, Refused
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.checking import near
from novita_mcp.provisioning.noting import made_here, not_made_here, note_gone
from novita_mcp.provisioning.reading import FactReads, Read, read_all

VOLUME_RULES = frozenset(
    {
        "known_price",
        "max_total_hourly_usd",
        "min_balance_hours",
        "monthly_budget_usd",
        "daily_budget_usd",
        "allowed_clusters",
    }
)
"""The rules that a volume can break; the others are about machines."""
UNREAD = "?"


class CreateStorage(Record):
    """Create a network volume."""

    name: ClassVar[ActionName] = "create_storage"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = False
    cluster_id: str
    storage_name: str
    size_gb: int

    async def plan(self, app: App, marker: str) -> Plan:
        reads, clusters = FactReads(app), Read(app.client.clusters)
        volumes = Read(app.client.network_storages)
        await read_all(clusters, volumes, *reads.reads)
        self._check(clusters.or_none)
        volume = NetworkStorage(storage_id="", name=self.storage_name, size_gb=self.size_gb, cluster_id=self.cluster_id)
        facts = (
            Fact(label="Volume", value=f"{brief(self.storage_name)}, {self.size_gb} GB, empty"),
            Fact(label="Region", value=brief(self.cluster_id)),
        )
        plan = _priced_plan(app, reads, "create_storage", volume, facts, marker)
        request = {"clusterId": self.cluster_id, "storageName": self.storage_name, "storageSize": self.size_gb}
        known = volumes.or_none
        before = (UNREAD,) if known is None else tuple(one.storage_id for one in known)
        return plan.model_copy(update={"request": request, "before": before})

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        return await app.client.create_network_storage(plan.request)

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        volumes = await app.client.network_storages()
        if UNREAD in plan.before:
            return "unsure", ""
        wanted = (self.storage_name, self.cluster_id, self.size_gb)
        new = (one for one in volumes if one.storage_id not in plan.before)
        found = next((one for one in new if (one.name, one.cluster_id, one.size_gb) == wanted), None)
        return ("no", "") if found is None else ("yes", found.storage_id)

    def _check(self, clusters: Iterable[Cluster] | None) -> None:
        if clusters is None:
            return
        known = {cluster.cluster_id: cluster for cluster in clusters}
        cluster = known.get(self.cluster_id)
        if cluster is None:
            raise _wrong("clusterId", "Novita has no such cluster" + near(self.cluster_id, known))
        if not cluster.network_storage:
            able = ", ".join(key for key, one in known.items() if one.network_storage)
            raise _wrong("clusterId", f"{self.cluster_id} has no network volumes; these have: {able}")


class GrowStorage(Record):
    """Enlarge a network volume, or give it another name."""

    name: ClassVar[ActionName] = "grow_storage"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = False
    storage_id: str
    size_gb: int
    storage_name: str | None = None

    async def plan(self, app: App, marker: str) -> Plan:
        reads = FactReads(app)
        volumes = Read(app.client.network_storages)
        await read_all(volumes, *reads.reads)
        volume = _known(self.storage_id, volumes.value)
        if self.size_gb < volume.size_gb:
            message = f"is {self.size_gb}; the volume has {volume.size_gb} GB and only grows"
            raise _wrong("storageSize", message)
        grown = volume.model_copy(update={"size_gb": self.size_gb})
        facts = (
            *_identity(volume),
            Fact(label="Size", value=f"{volume.size_gb} GB, then {self.size_gb} GB"),
            Fact(label="Costs now", value=f"{usd(volume_hourly(volume))} per hour"),
            *((Fact(label="New name", value=brief(self.storage_name)),) if self.storage_name else ()),
        )
        plan = _priced_plan(app, reads, "grow_storage", grown, facts, marker)
        renamed = {"storageName": self.storage_name} if self.storage_name else {}
        request = {"storageId": self.storage_id, **renamed, "storageSize": self.size_gb}
        return plan.model_copy(update={"request": request})

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.update_network_storage(plan.request)
        return self.storage_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        volume = _known(self.storage_id, await app.client.network_storages())
        as_wanted = volume.size_gb == self.size_gb and self.storage_name in {None, volume.name}
        return ("yes" if as_wanted else "no"), self.storage_id


class DeleteStorage(Record):
    """Delete a network volume and everything on it."""

    name: ClassVar[ActionName] = "delete_storage"
    spends: ClassVar[bool] = False
    commits_upfront: ClassVar[bool] = False
    storage_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        volumes, instances = Read(app.client.network_storages), Read(app.client.instances)
        await read_all(volumes, instances)
        volume = _known(self.storage_id, volumes.value)
        _refuse_mounted(self.storage_id, instances.or_none or ())
        ours = made_here(app, "create_storage", self.storage_id)
        return Plan(
            action="delete_storage",
            request={"storageId": self.storage_id},
            product=None,
            quote=None,
            guardrails=() if ours else not_made_here(app, self.storage_id),
            warnings=() if instances.error is None else ("Whether an instance mounts it could not be read.",),
            lease_hours=None,
            marker=marker,
            facts=(
                *_identity(volume),
                Fact(label="Created here", value="yes" if ours else "NO: somebody else created it"),
                Fact(label="Lost for good", value=f"{volume.size_gb} GB and everything on them"),
                Fact(label="Stops costing", value=f"{usd(volume_hourly(volume))} per hour"),
            ),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.delete_network_storage(self.storage_id)
        note_gone(app, self.storage_id)
        return self.storage_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        volumes = await app.client.network_storages()
        if any(volume.storage_id == self.storage_id for volume in volumes):
            return "no", self.storage_id
        note_gone(app, self.storage_id)
        return "yes", self.storage_id


def monthly_usd(volume: NetworkStorage) -> str:
    """What a volume costs per month of 730 hours, in words."""
    return usd(volume_hourly(volume) * HOURS_PER_MONTH, 2)


def _priced_plan(
    app: App, reads: FactReads, action: ActionName, volume: NetworkStorage, facts: tuple[Fact, ...], marker: str
) -> Plan:
    """The plan of a volume that is to exist, at its whole price: no other sum holds any of it yet."""
    price, known = _quote(volume), reads.facts()
    return Plan(
        action=action,
        request={},
        product=None,
        quote=price,
        guardrails=_verdicts(app, volume, price, known),
        warnings=(),
        lease_hours=None,
        marker=marker,
        facts=(*facts, Fact(label="Costs", value=f"about {monthly_usd(volume)} per month until it is deleted")),
        fleet=known.fleet,
    )


def _verdicts(app: App, volume: NetworkStorage, price: Quote, known: Facts) -> tuple[Verdict, ...]:
    subject = Subject(
        product=None,
        product_id="",
        gpu_num=0,
        billing_mode="onDemand",
        cluster_id=volume.cluster_id,
        image_url="",
        auto_renew=False,
        lease_hours=None,
        adds_instances=0,
        quote=price,
    )
    found = verdicts(subject, app.policy, known, attended=app.policy.approval == "human")
    return tuple(verdict for verdict in found if verdict.rule in VOLUME_RULES)


def _quote(volume: NetworkStorage) -> Quote:
    hourly = volume_hourly(volume)
    return Quote(
        hourly=hourly,
        daily=hourly * HOURS_PER_DAY,
        monthly=hourly * HOURS_PER_MONTH,
        upfront=Decimal(0),
        stopped_hourly=Decimal(0),
        lease_total=None,
        lines=(QuoteLine(item=f"network volume, {volume.size_gb} GB", hourly=hourly),),
        assumptions=("Estimate: network volumes cost $0.002 per GB and day while they exist (Novita's guide).",),
    )


def _known(storage_id: str, volumes: Iterable[NetworkStorage]) -> NetworkStorage:
    volume = next((volume for volume in volumes if volume.storage_id == storage_id), None)
    if volume is None:
        raise NotFound(f"The account has no network volume {storage_id}; list_network_storages has them.")
    return volume


def _identity(volume: NetworkStorage) -> tuple[Fact, ...]:
    return (
        Fact(label="Volume", value=volume.storage_id),
        Fact(label="Name", value=brief(volume.name) or "(none)"),
        Fact(label="Region", value=brief(volume.cluster_id)),
    )


def _refuse_mounted(storage_id: str, instances: Iterable[Instance]) -> None:
    mounted = (one for one in instances if any(mount.volume_id == storage_id for mount in one.volumes))
    users = ", ".join(one.instance_id for one in mounted if one.exists)
    if users:
        raise Refused(f"{storage_id} is mounted by {users}: delete those first. Nothing was sent.")


def _wrong(path: str, message: str) -> InvalidArguments:
    return InvalidArguments((Problem(path, message),))
