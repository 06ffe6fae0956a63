"""How busy an instance was, and where its logs are."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief
from novita_mcp.domain.charts import condensed, sparkline
from novita_mcp.domain.models import Instance, Measurement, Metrics
from novita_mcp.provisioning.reading import Read, read_all
from novita_mcp.tools.flat import answer
from novita_mcp.tools.sets.building import Id

POINTS = 30
SHORTEST_INTERVAL_SECONDS = 16
"""Novita wants more than 15."""
SPARKS = 20


class MetricsArguments(Record):
    """Which instance, and how far back."""

    instance_id: Id
    minutes: Annotated[int, Field(strict=True, ge=1, le=10080)] = 30


class Series(Record):
    """One meter in percent; `values` are in order, the last one newest."""

    name: str
    latest: float
    mean: float
    highest: float
    values: tuple[float, ...]


class MetricsReport(Record):
    """The meters of an instance and the addresses of its logs."""

    instance_id: str
    series: tuple[Series, ...]
    logs: dict[str, str]
    note: str


async def get_gpu_metrics(args: MetricsArguments, ctx: Context[App]) -> Annotated[CallToolResult, MetricsReport]:
    """Show how busy an instance was (GPU, memory, CPU, disk in percent) and where its logs are. A minute late. Free."""
    app = ctx.request_context.lifespan_context
    until = app.clock.now()
    since = until - timedelta(minutes=args.minutes)
    interval = max(SHORTEST_INTERVAL_SECONDS, args.minutes * 60 // POINTS)
    instance = Read(lambda: app.client.instance(args.instance_id))
    metrics = Read(lambda: app.client.metrics(args.instance_id, start=since, end=until, interval_seconds=interval))
    await read_all(instance, metrics)
    report = _report(instance.value, metrics)
    span = f"{since:%Y-%m-%d %H:%M} to {until:%H:%M} UTC"
    return answer(_text(report, f"{args.instance_id} is {instance.value.status}; {span}, in percent:"), report)


def _report(instance: Instance, metrics: Read[Metrics]) -> MetricsReport:
    series = tuple(_every_series(metrics.or_none or Metrics()))
    logs = {"system": instance.system_log_url, "instance": instance.instance_log_url}
    return MetricsReport(
        instance_id=instance.instance_id,
        series=series,
        logs={name: brief(url, 500) for name, url in logs.items() if url},
        note=_note(metrics, found=bool(series)),
    )


def _every_series(metrics: Metrics) -> Iterator[Series]:
    meters = (("GPU", metrics.gpu), ("GPU memory", metrics.gpu_memory))
    single = len(metrics.each_gpu) > 1
    cards = ((f"GPU {brief(card.gpu_id, 20)}", card.measurements) for card in metrics.each_gpu if single)
    rest = (("CPU", metrics.cpu), ("memory", metrics.memory), ("root disk", metrics.root_disk))
    for name, measurements in (*meters, *cards, *rest):
        if measurements:
            yield _series(name, measurements)


def _series(name: str, measurements: Sequence[Measurement]) -> Series:
    percents = [one.percent for one in sorted(measurements, key=lambda one: one.at)]
    return Series(
        name=name,
        latest=round(percents[-1], 1),
        mean=round(sum(percents) / len(percents), 1),
        highest=round(max(percents), 1),
        values=tuple(round(value, 1) for value in condensed(percents, POINTS)),
    )


def _note(metrics: Read[Metrics], *, found: bool) -> str:
    if metrics.error is not None:
        return f"The meters could not be read: {metrics.error}"
    return "" if found else "No readings in this time: an instance is metered while it runs, a minute late."


def _text(report: MetricsReport, headline: str) -> str:
    logs = (f"Log of the {name}, a stream: {url}" for name, url in report.logs.items())
    return "\n".join(filter(None, (headline, *map(_line, report.series), *logs, report.note)))


def _line(series: Series) -> str:
    spark = sparkline(series.values, SPARKS)
    return f"{series.name:<10} {spark} now {series.latest:g}, mean {series.mean:g}, highest {series.highest:g}"
