"""Jobs, metrics and image prewarming."""

from collections.abc import Iterator

from novita_mcp.api.wire import (
    Fields,
    Unreadable,
    answered,
    decimal,
    each,
    inner,
    instant,
    listed,
    required,
    text,
    texts,
    whole,
)
from novita_mcp.domain.models import GpuMeasurements, Job, Measurement, Metrics, Prewarm, PrewarmQuota


def parse_job(fields: Fields) -> Job:
    """Parse one job."""
    state = inner(fields.get("state"))
    said = (text(state.get("error")), text(state.get("errorMessage")))
    return Job(
        job_id=required(fields, "Id", "id", "jobId"),
        type=text(fields.get("type")),
        state=text(state.get("state")) or text(fields.get("state")),
        instance_id=text(fields.get("instanceId")),
        error=": ".join(part for part in said if part),
        log_url=text(fields.get("logAddress")),
        created_at=instant(fields.get("createdAt")),
    )


def metrics(payload: object) -> Metrics:
    """Parse `GET /metrics/gpu/instance`."""
    return answered(payload, _metrics, "metrics", "data")


def prewarm_quota(payload: object) -> PrewarmQuota:
    """Parse `GET /image/prewarm/quota`."""
    return answered(payload, _prewarm_quota, "prewarm quota", "data")


def parse_prewarm(fields: Fields) -> Prewarm:
    """Parse one prewarm task."""
    return Prewarm(
        prewarm_id=required(fields, "id", "Id"),
        image_url=text(fields.get("imageUrl")),
        cluster_id=text(fields.get("clusterId")),
        cluster_name=text(fields.get("clusterName")),
        product_ids=tuple(_product_ids(fields.get("products"))),
        state=text(fields.get("state")),
        note=text(fields.get("note")),
        reasons=texts(fields.get("reason")),
        image_bytes=whole(fields.get("imageSize")),
        created_at=instant(fields.get("createTime")),
        completed_at=instant(fields.get("completeTime")),
    )


def _metrics(fields: Fields) -> Metrics:
    gpu, gpu_memory = inner(fields.get("gpuUtilization")), inner(fields.get("gpuMemUtilization"))
    return Metrics(
        cpu=_measurements(fields.get("cpuUtilization")),
        memory=_measurements(fields.get("memUtilization")),
        root_disk=_measurements(fields.get("rootDiskUtilization")),
        gpu=_measurements(gpu.get("avg")),
        gpu_memory=_measurements(gpu_memory.get("avg")),
        each_gpu=each(gpu.get("gpuIds"), _gpu_measurements, "GPU metrics"),
        each_gpu_memory=each(gpu_memory.get("gpuIds"), _gpu_measurements, "GPU memory metrics"),
    )


def _measurements(raw: object) -> tuple[Measurement, ...]:
    return each(raw, _measurement, "metrics")


def _measurement(fields: Fields) -> Measurement:
    at, percent = instant(fields.get("timestamp")), decimal(fields.get("value"))
    if at is None or percent is None:
        raise Unreadable("no value or no time")
    return Measurement(at=at, percent=float(percent))


def _gpu_measurements(fields: Fields) -> GpuMeasurements:
    return GpuMeasurements(gpu_id=required(fields, "gpuId"), measurements=_measurements(fields.get("items")))


def _prewarm_quota(fields: Fields) -> PrewarmQuota:
    used, limit, size = (whole(fields.get(key)) for key in ("total", "limit", "perImageSize"))
    if limit is None:
        raise Unreadable("no limit")
    return PrewarmQuota(used=used or 0, limit=limit, max_image_gb=size or 0)


def _product_ids(raw: object) -> Iterator[str]:
    for item in listed(raw):
        yield from texts([inner(item).get("productId")])
