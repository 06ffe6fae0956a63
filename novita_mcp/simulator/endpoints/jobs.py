"""Jobs: saving an image, moving an instance."""

from dataclasses import replace
from datetime import datetime
from secrets import choice
from string import ascii_lowercase, digits
from typing import Any

from novita_mcp.simulator import bodies
from novita_mcp.simulator.calls import GPU, Call, Endpoints
from novita_mcp.simulator.catalog import USER_ID
from novita_mcp.simulator.checks import Text, Whole, check, check_query
from novita_mcp.simulator.orders import check_image_auth
from novita_mcp.simulator.paging import page, page_rules
from novita_mcp.simulator.refusals import Refusal, state_conflict
from novita_mcp.simulator.world import Job, World


def begin_job(world: World, job_type: str, instance_id: str, envs: tuple[tuple[str, str], ...], at: datetime) -> str:
    """Begin a job and return its id."""
    job_id = "".join(choice(ascii_lowercase + digits) for _ in range(16))
    world.jobs[job_id] = Job(job_id, job_type, instance_id, envs, at)
    return job_id


def list_jobs(world: World, call: Call) -> Any:
    query = check_query(
        call.query,
        {},
        {
            **page_rules("pageNum"),
            "jobId": Text(),
            "state": Text(among=("", "pulling", "running", "fail", "success", "break")),
            "type": Text(among=("", "saveImage", "instanceMigrate", "autoInstanceMigrate")),
            "startTime": Whole(0),
            "endTime": Whole(0),
            "creators": Text(),
        },
    )
    found = [job for job in reversed(world.jobs.values()) if _matches(world, job, query, call.at)]
    shown = page(found, query, "pageNum")
    return {"jobs": [_job(world, job, call.at) for job in shown], "total": len(found)}


def break_job(world: World, call: Call) -> Any:
    job = world.jobs.get(check(call.body, bodies.JOB_BREAK)["jobId"])
    if job is None:
        raise Refusal("JOB_NOT_FOUND", "job not found")
    if world.job_state(job, call.at) != "running":
        raise state_conflict()
    world.jobs[job.id] = replace(job, broken=True)
    return {"jobId": job.id}


def save_image(world: World, call: Call) -> Any:
    body = check(call.body, bodies.SAVE_IMAGE)
    instance = world.instance(body["instanceId"])
    check_image_auth(world, body.get("registryAuthId", ""))
    if instance.status(call.at) not in {"running", "exited"}:
        raise state_conflict()
    return {"jobId": begin_job(world, "saveImage", instance.id, (("image", body["image"]),), call.at)}


def _matches(world: World, job: Job, query: dict[str, Any], at: datetime) -> bool:
    started = int(job.started_at.timestamp())
    return (
        query.get("jobId", "") in {"", job.id}
        and query.get("state", "") in {"", world.job_state(job, at)}
        and query.get("type", "") in {"", job.type}
        and query.get("startTime", 0) <= started <= (query.get("endTime", 0) or started)
    )


def _job(world: World, job: Job, at: datetime) -> dict[str, Any]:
    return {
        "Id": job.id,
        "user": USER_ID,
        "type": job.type,
        "envs": [{"key": key, "value": value} for key, value in job.envs],
        "state": {"state": world.job_state(job, at), "error": "", "errorMessage": ""},
        "logAddress": f"https://log.example.invalid/job/{job.id}",
        "createdAt": str(int(job.started_at.timestamp())),
        "instanceId": job.instance_id,
    }


ENDPOINTS: Endpoints = {
    ("GET", f"{GPU}/jobs"): list_jobs,
    ("POST", f"{GPU}/job/break"): break_job,
    ("POST", f"{GPU}/job/save/image"): save_image,
}
