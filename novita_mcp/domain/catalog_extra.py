"""Novita's further things: bills, jobs, metrics, image prewarming."""

from datetime import datetime

from novita_mcp.domain.record import Record, Usd


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
