"""Novita's long work: saving images, moving instances."""

from datetime import datetime
from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief, third_party
from novita_mcp.domain.models import Job
from novita_mcp.tools.flat import answer

SHOWN = 30


class JobArguments(Record):
    """Which jobs."""

    instance_id: Annotated[str, Field(max_length=255)] = ""
    state: Literal["pulling", "running", "fail", "success", "break"] | None = None


class JobRow(Record):
    """One job."""

    job_id: str
    type: str
    state: str
    instance_id: str
    error: str
    log_url: str
    created_at: datetime | None


class JobList(Record):
    """The jobs asked for, newest first."""

    jobs: tuple[JobRow, ...]
    total: int


async def list_jobs(args: JobArguments, ctx: Context[App]) -> Annotated[CallToolResult, JobList]:
    """List jobs (saving an image, migrating), newest first. Free."""
    app = ctx.request_context.lifespan_context
    jobs = await app.client.jobs(state=args.state)
    wanted = [job for job in jobs if args.instance_id in {"", job.instance_id}]
    wanted.sort(key=lambda job: 0.0 if job.created_at is None else -job.created_at.timestamp())
    rows = tuple(_row(job) for job in wanted[:SHOWN])
    more = f"{len(wanted) - SHOWN} older ones; ask for one instanceId or state." if len(wanted) > SHOWN else ""
    text = "\n".join(filter(None, (*map(_line, rows), more))) or "No jobs."
    return answer(text, JobList(jobs=rows, total=len(wanted)))


def _row(job: Job) -> JobRow:
    return JobRow(
        job_id=job.job_id,
        type=brief(job.type, 40),
        state=brief(job.state, 40),
        instance_id=job.instance_id,
        error=brief(job.error),
        log_url=brief(job.log_url, 500),
        created_at=job.created_at,
    )


def _line(row: JobRow) -> str:
    error = f", {third_party(row.error)}" if row.error else ""
    return f"{row.job_id}: {row.type} of {row.instance_id}, {row.state}{error}"
