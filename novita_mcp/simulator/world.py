"""The state of the simulated Novita, read and settled at the time of its clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from secrets import token_hex
from typing import Any

from novita_mcp.clock import Clock
from novita_mcp.simulator import catalog
from novita_mcp.simulator.faults import FaultQueue
from novita_mcp.simulator.instances import Instance, View
from novita_mcp.simulator.lives import Step
from novita_mcp.simulator.money import Account, Rate, volume_hourly_usd
from novita_mcp.simulator.refusals import Refusal
from novita_mcp.simulator.tempo import Tempo

DEFAULT_BALANCE_USD = Decimal("25.34")


@dataclass(frozen=True)
class Received:
    """A request as it came in, without its credentials."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    at: datetime


@dataclass(frozen=True)
class Job:
    """A piece of work on an instance."""

    id: str
    type: str
    instance_id: str
    envs: tuple[tuple[str, str], ...]
    started_at: datetime
    broken: bool = False


@dataclass(frozen=True)
class Network:
    """A VPC network."""

    id: str
    name: str
    cluster_id: str
    segment: str
    created_at: datetime
    ready_at: datetime


@dataclass(frozen=True)
class Prewarm:
    """A request to keep an image near some products."""

    id: str
    image_url: str
    auth_id: str
    cluster_id: str
    product_ids: tuple[str, ...]
    note: str
    created_at: datetime


@dataclass
class World:
    """One account and the data centres that it sees; every change goes through here or an endpoint."""

    clock: Clock
    tempo: Tempo
    account: Account
    keys: frozenset[str] | None
    settled_at: datetime
    gpu_products: dict[str, catalog.GpuProduct]
    cpu_products: dict[str, catalog.CpuProduct]
    clusters: dict[str, catalog.Cluster]
    volumes: dict[str, catalog.Volume]
    registry_auths: dict[str, catalog.RegistryAuth]
    templates: dict[str, dict[str, Any]]
    networks: dict[str, Network]
    instances: dict[str, Instance] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    prewarms: dict[str, Prewarm] = field(default_factory=dict)
    faults: FaultQueue = field(default_factory=FaultQueue)
    received: list[Received] = field(default_factory=list)
    late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    offset: timedelta = timedelta(0)
    page_base: int = 1
    """The number of the first page of instances, which the reference leaves open."""
    created: int = 0
    """How many instances the create endpoint has made, late ones included once they are due."""

    def now(self) -> datetime:
        """Return the simulated time of day."""
        return self.clock.now() + self.offset

    def advance(self, seconds: float) -> None:
        """Move this world's time ahead of its clock."""
        self.offset += timedelta(seconds=seconds)

    def catch_up(self) -> datetime:
        """Carry out what has fallen due, settle the account, and return the time."""
        now = self.now()
        due = sorted((item for item in self.late if item[0] <= now), key=lambda item: item[0])
        self.late = [item for item in self.late if item[0] > now]
        for moment, act in due:
            self._settle(moment)
            act()
        self._settle(now)
        return now

    def available_usd(self) -> Decimal:
        """Return the balance as of now."""
        self.catch_up()
        return self.account.available_usd

    def created_count(self) -> int:
        """Return how many instances have been made through the API so far."""
        self.catch_up()
        return self.created

    def existing(self) -> list[Instance]:
        """Return the instances that the API still knows, newest first."""
        now = self.catch_up()
        return [instance for instance in reversed(self.instances.values()) if instance.exists(now)]

    def instance(self, instance_id: str, *, status: int = 400) -> Instance:
        """Return an instance that still exists, or refuse with a not-found of the given status."""
        instance = self.instances.get(instance_id)
        if instance is None or not instance.exists(self.now()):
            raise Refusal("RESOURCE_NOT_FOUND", "instance not found", status=status)
        return instance

    def keep(self, instance: Instance) -> Instance:
        """Put an instance, new or changed, into the world."""
        self.instances[instance.id] = instance
        return instance

    def view(self, instance: Instance, at: datetime) -> View:
        """Return what showing an instance takes."""
        cluster = self.clusters.get(instance.cluster_id)
        return View(
            at=at,
            tempo=self.tempo,
            cluster_name=cluster.name if cluster else instance.cluster_id,
            volume_sizes_gb={volume.id: volume.size_gb for volume in self.volumes.values()},
            jobs=tuple(
                {"id": job.id, "type": job.type}
                for job in self.jobs.values()
                if job.instance_id == instance.id and self.job_state(job, at) == "running"
            ),
        )

    def job_state(self, job: Job, at: datetime) -> str:
        """Return how far a job is."""
        if job.broken:
            return "break"
        return "running" if at < job.started_at + timedelta(seconds=self.tempo.job) else "success"

    def users_of_volume(self, volume_id: str, at: datetime) -> list[Instance]:
        """Return the instances that mount a volume."""
        return [
            instance
            for instance in self.instances.values()
            if instance.exists(at) and any(mount.volume_id == volume_id for mount in instance.mounts)
        ]

    def set_balance(self, usd: Decimal) -> None:
        """Make this much money available."""
        self.catch_up()
        self.account.set_available(usd)

    def set_price(self, product_id: str, *, price_raw: int, spot_price_raw: int | None = None) -> None:
        """Change a GPU product's price for every start from now on, in 1/100000 USD per GPU and hour."""
        self.catch_up()
        product = self.gpu_products[product_id]
        spot = product.spot_price_raw if spot_price_raw is None else spot_price_raw
        self.gpu_products[product_id] = replace(product, price_raw=price_raw, spot_price_raw=spot)

    def set_stock(self, product_id: str, inventory: str) -> None:
        """Change a GPU product's stock: none, low, normal or high."""
        self.gpu_products[product_id] = replace(self.gpu_products[product_id], inventory=inventory)

    def add_foreign_instance(
        self, *, name: str = "somebody-elses", product_id: str = "4090.16c62g", gpu_num: int = 1
    ) -> Instance:
        """Put a running instance into the account as if somebody had made it in the console."""
        now = self.catch_up()
        product = self.gpu_products[product_id]
        cluster = next(cluster for cluster in self.clusters.values() if cluster.name in product.regions)
        instance = Instance(
            id=token_hex(8),
            name=name,
            kind="gpu",
            product_id=product.id,
            product_name=product.name,
            price_raw=product.price_raw,
            cluster_id=cluster.id,
            gpu_num=gpu_num,
            cpu_num=product.cpu_per_gpu * gpu_num,
            memory_gb=product.memory_per_gpu_gb * gpu_num,
            rootfs_gb=60,
            max_rootfs_gb=product.max_rootfs_gb,
            image_url="ubuntu:22.04",
            created_at=now,
        )
        return self.keep(instance.then(now, Step("running")))

    def notify_reclaim(self, instance_id: str) -> Instance:
        """Announce that a spot instance will be taken back once its notice has passed."""
        now = self.catch_up()
        instance = self.instance(instance_id)
        started_at = instance.life.last("running", now)
        protected = timedelta(seconds=self.tempo.spot_protected)
        if instance.billing_mode != "spot" or instance.status(now) != "running" or started_at is None:
            raise ValueError("only a running spot instance is taken back")
        if now < started_at + protected:
            raise ValueError("a spot instance is protected during its first hour")
        return self._reclaim(instance, now + timedelta(seconds=self.tempo.spot_notice))

    def reclaim(self, instance_id: str) -> Instance:
        """Take a spot instance back at once."""
        return self._reclaim(self.instance(instance_id), self.catch_up())

    def _reclaim(self, instance: Instance, at: datetime) -> Instance:
        steps = Step("toStop", self.tempo.to_stop), Step("stopping", self.tempo.stopping), Step("exited")
        return self.keep(replace(instance.then(at, *steps), spot_reclaim_at=at))

    def _settle(self, now: datetime) -> None:
        for rate, start, end in self._rates(self.settled_at, now):
            self.account.charge(rate, start, end)
        self.settled_at = max(now, self.settled_at)

    def _rates(self, start: datetime, end: datetime) -> Iterator[tuple[Rate, datetime, datetime]]:
        for instance in self.instances.values():
            yield from instance.rates(start, end)
        for volume in self.volumes.values():
            hourly_usd = volume_hourly_usd(volume.size_gb)
            yield Rate(volume.id, "cloud_storage", "", volume.name, hourly_usd), start, end


def build_world(
    clock: Clock,
    *,
    tempo: Tempo | None = None,
    balance_usd: Decimal = DEFAULT_BALANCE_USD,
    keys: frozenset[str] | None = None,
) -> World:
    """Return a world with the sample data; without `keys` it accepts every key that begins with `sk_`."""
    now = clock.now()
    network = Network(catalog.DEFAULT_NETWORK_ID, "dev-vpc", "us-ca-6", "10.2.1.0/24", now, now)
    return World(
        clock=clock,
        tempo=tempo or Tempo(),
        account=Account(balance_usd),
        keys=keys,
        settled_at=now,
        gpu_products={product.id: product for product in catalog.GPU_PRODUCTS},
        cpu_products={product.id: product for product in catalog.CPU_PRODUCTS},
        clusters={cluster.id: cluster for cluster in catalog.CLUSTERS},
        volumes={volume.id: volume for volume in catalog.VOLUMES},
        registry_auths={auth.id: auth for auth in catalog.REGISTRY_AUTHS},
        templates=catalog.sample_templates(),
        networks={network.id: network},
    )
