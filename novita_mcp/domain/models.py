"""Novita's things as this program sees them, free of the wire's units and quirks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from pydantic import Field, SecretStr

from novita_mcp.domain.base import Record, Usd

T = TypeVar("T")
HOURS_PER_MONTH = Decimal(730)
MARKER_ENV = "NOVITA_MCP_PLAN"
"""The environment variable in which an instance carries its plan's marker."""
MARKER_PATTERN = r"[a-z0-9]{12}"
"""What a plan's marker looks like, in that variable and at the end of a name."""

Kind = Literal["gpu", "cpu"]
BillingMode = Literal["onDemand", "monthly", "spot"]
Stock = Literal["none", "low", "normal", "high", "unknown"]


@dataclass(frozen=True)
class Reading(Generic[T]):
    """What a read that carries money brought: `lost` counts what was there and could not be read, `doubts` say why."""

    value: T
    lost: int = 0
    doubts: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that could cost money."""
        return not self.lost and not self.doubts


class MonthlyOffer(Record):
    """One subscription offer as Novita prints it; the unit of `raw_price` is not settled."""

    months: int
    raw_price: int


class Product(Record):
    """A GPU or CPU product; every price is per GPU and hour (per product for `kind` cpu)."""

    product_id: str
    name: str
    kind: Kind = "gpu"
    vram_gb: int | None = None
    cpu_cores: int | None = None
    memory_gb: int | None = None
    stock: Stock = "unknown"
    deployable: bool = True
    on_demand_hourly_usd: Usd | None = None
    spot_hourly_usd: Usd | None = None
    monthly_offers: tuple[MonthlyOffer, ...] = ()
    billing_modes: tuple[str, ...] = ()
    min_rootfs_gb: int | None = None
    max_rootfs_gb: int | None = None
    regions: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """Whether Novita says that one can be deployed now; a create may still be refused."""
        return self.deployable and self.stock != "none"


class Cluster(Record):
    """A data centre: `cluster_id` is what requests want, `name` is what product lists show."""

    cluster_id: str
    name: str
    gpu_types: tuple[str, ...] = ()
    network_storage: bool = False
    network: bool = False


GONE = frozenset({"removed"})
LEAVING = frozenset({"toRemove", "removing"})
STOPPED = frozenset({"exited"})
UNBILLED = frozenset({"toCreate", "creating", "pending"})
"""Billing starts at `pulling` (API reference, 6.2)."""


class PortMapping(Record):
    """An open port and where it is reached; the endpoint is empty until the instance runs."""

    port: int
    type: str
    endpoint: str = ""


class VolumeMount(Record):
    """A disk mounted into an instance."""

    type: str
    volume_id: str
    mount_path: str
    size_gb: int | None = None


class Connection(Record):
    """One way in, as the API states it; the password never leaves the process with a result."""

    command: str = ""
    address: str = ""
    username: str = ""
    password: SecretStr = Field(default=SecretStr(""), exclude=True)
    running: bool = False


class Instance(Record):
    """An instance of the account, ours or not; environment values are dropped on arrival."""

    instance_id: str
    name: str
    status: str
    kind: Kind = "gpu"
    product_id: str = ""
    product_name: str = ""
    cluster_id: str = ""
    cluster_name: str = ""
    gpu_num: int = 0
    rootfs_gb: int = 0
    image_url: str = ""
    billing_mode: BillingMode = "onDemand"
    marker: str | None = None
    env_names: tuple[str, ...] = ()
    ports: tuple[PortMapping, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    status_error: str = ""
    spot_status: str = ""
    spot_reclaim_at: datetime | None = None
    created_at: datetime | None = None
    last_started_at: datetime | None = None
    last_stopped_at: datetime | None = None
    ends_at: datetime | None = None
    free_rootfs_gb: int | None = None
    max_rootfs_gb: int | None = None
    keep_data_days: int | None = None
    ssh: Connection | None = None
    web_terminal: Connection | None = None
    jupyter: Connection | None = None
    system_log_url: str = ""
    instance_log_url: str = ""
    ssh_password: SecretStr = Field(default=SecretStr(""), exclude=True)

    @property
    def exists(self) -> bool:
        """Whether it still counts: it is neither gone nor on its way out."""
        return self.status not in GONE | LEAVING

    @property
    def runs(self) -> bool:
        """Whether the GPU is billed now, or will be without another request of ours."""
        return self.exists and self.status not in STOPPED


class Balance(Record):
    """What the account can still spend, in USD."""

    available_usd: Usd


class NetworkStorage(Record):
    """A network volume; it costs money for as long as it exists."""

    storage_id: str
    name: str
    size_gb: int
    cluster_id: str
    cluster_name: str = ""


class RegistryAuth(Record):
    """A stored registry credential; its password is dropped on arrival."""

    auth_id: str
    name: str
    username: str = ""


class TemplatePorts(Record):
    """Ports of one type, as templates list them."""

    type: str
    ports: tuple[int, ...]


class TemplateTool(Record):
    """A tool that a template switches on."""

    name: str
    port: int
    type: str


class TemplateEnv(Record):
    """An environment variable of a template; its value may be a secret."""

    key: str
    value: SecretStr = Field(exclude=True)


class Template(Record):
    """A saved set of create values; Novita's create takes none, so its values are copied."""

    template_id: str
    name: str
    channel: str = ""
    image_url: str = ""
    image_auth_id: str = ""
    command: str = ""
    entrypoint: str = ""
    rootfs_gb: int = 0
    ports: tuple[TemplatePorts, ...] = ()
    envs: tuple[TemplateEnv, ...] = ()
    tools: tuple[TemplateTool, ...] = ()
    min_cuda_version: str = ""
    unused: tuple[str, ...] = ()
    """What Novita's template has and no create can use, as a path with a reason."""


class Network(Record):
    """A VPC network."""

    network_id: str
    name: str
    cluster_id: str
    segment: str = ""
    state: str = ""


class UsageBill(Record):
    """What one product cost in one cycle; `pay_as_you_go` is false for a subscription's line."""

    starts_at: datetime | None
    ends_at: datetime | None
    product_name: str
    category: str
    instance_id: str
    amount_usd: Usd
    pay_as_you_go: bool


class SubscriptionBill(Record):
    """What one purchase, renewal or change of a subscription cost."""

    created_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    product_name: str
    trade_type: str
    instance_id: str
    amount_usd: Usd


class MonthlyBill(Record):
    """The account's bill of one month, `YYYY-MM`; the highest of its totals."""

    month: str
    status: str
    total_usd: Usd


class Job(Record):
    """Long work of Novita's on an instance: saving its image, moving it."""

    job_id: str
    type: str
    state: str
    instance_id: str = ""
    error: str = ""
    log_url: str = ""
    created_at: datetime | None = None


class Measurement(Record):
    """One value, in percent, at one time."""

    at: datetime
    percent: float


class GpuMeasurements(Record):
    """The values of one GPU of an instance."""

    gpu_id: str
    measurements: tuple[Measurement, ...]


class Metrics(Record):
    """How busy an instance was; Novita's values lag about a minute."""

    cpu: tuple[Measurement, ...] = ()
    memory: tuple[Measurement, ...] = ()
    root_disk: tuple[Measurement, ...] = ()
    gpu: tuple[Measurement, ...] = ()
    gpu_memory: tuple[Measurement, ...] = ()
    each_gpu: tuple[GpuMeasurements, ...] = ()
    each_gpu_memory: tuple[GpuMeasurements, ...] = ()


class PrewarmQuota(Record):
    """How many images are prewarmed, may be, and how large each may be."""

    used: int
    limit: int
    max_image_gb: int


class Prewarm(Record):
    """An image that Novita pulls ahead onto machines of a cluster."""

    prewarm_id: str
    image_url: str
    cluster_id: str
    cluster_name: str = ""
    product_ids: tuple[str, ...] = ()
    state: str = ""
    note: str = ""
    reasons: tuple[str, ...] = ()
    image_bytes: int | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
