"""Novita's long work on instances: which jobs there are, saving an image, breaking one off."""

from typing import Any, ClassVar

from novita_mcp.app import App
from novita_mcp.domain.base import Record, brief
from novita_mcp.domain.deeds import ActionName
from novita_mcp.domain.images import registry
from novita_mcp.domain.models import Job
from novita_mcp.domain.plans import Fact, Plan
from novita_mcp.errors import ApiError, NotFound, Refused
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.acts.lifecycle import is_ours
from novita_mcp.provisioning.standing import FOREIGN, settled, strangers, whose

UNDER_WAY = frozenset({"pulling", "running"})
UNREAD = "?"


async def known_jobs(app: App, instance_id: str, job_type: str) -> tuple[str, ...]:
    """The ids of an instance's jobs of one type; `?` where they cannot be read."""
    try:
        return await _job_ids(app, instance_id, job_type)
    except ApiError:
        return (UNREAD,)


async def new_job(app: App, instance_id: str, job_type: str, known: tuple[str, ...]) -> tuple[Happened, str]:
    """Whether a job was begun that was not known before, and which.

    Raises:
        ApiError: Novita could not be asked.

    """
    if UNREAD in known:
        return "unsure", ""
    begun = [job_id for job_id in await _job_ids(app, instance_id, job_type) if job_id not in known]
    return ("yes", begun[0]) if begun else ("no", "")


async def _job_ids(app: App, instance_id: str, job_type: str) -> tuple[str, ...]:
    jobs = await app.client.jobs(job_type=job_type)
    return tuple(job.job_id for job in jobs if job.instance_id == instance_id)


class SaveImage(Record):
    """Copy an instance's root disk into an image and push it to a registry."""

    name: ClassVar[ActionName] = "save_image"
    spends: ClassVar[bool] = False
    commits_upfront: ClassVar[bool] = False
    instance_id: str
    image: str
    registry_auth_id: str | None = None

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await whose(app, self.instance_id)
        settled(standing.instance)
        login = brief(self.registry_auth_id) if self.registry_auth_id else "none: only for a public or Novita's own one"
        return Plan(
            action="save_image",
            request=self._body(),
            product=None,
            quote=None,
            guardrails=strangers(app, self.instance_id),
            warnings=(*standing.warnings, *_saving_warnings(standing.instance.status)),
            lease_hours=None,
            marker=marker,
            facts=(
                *standing.identity(),
                Fact(label="Goes to", value=f"{brief(self.image, 500)} (on {registry(self.image)})"),
                Fact(label="Contains", value="everything on the root disk, secrets too; not the volumes"),
                Fact(label="Registry login", value=login),
            ),
            before=await known_jobs(app, self.instance_id, "saveImage"),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        return await app.client.save_image(self._body())

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        return await new_job(app, self.instance_id, "saveImage", plan.before)

    def _body(self) -> dict[str, Any]:
        login = {"registryAuthId": self.registry_auth_id} if self.registry_auth_id else {}
        return {"instanceId": self.instance_id, "image": self.image, **login}


class BreakJob(Record):
    """Break off a job that is under way."""

    name: ClassVar[ActionName] = "break_job"
    spends: ClassVar[bool] = False
    commits_upfront: ClassVar[bool] = False
    job_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        job = await self._job(app)
        if job.state not in UNDER_WAY:
            raise Refused(f"Job {self.job_id} is {job.state}: there is nothing to break off. Nothing was sent.")
        ours = is_ours(app, job.instance_id)
        return Plan(
            action="break_job",
            request={"jobId": self.job_id},
            product=None,
            quote=None,
            guardrails=strangers(app, job.instance_id),
            warnings=() if ours else (FOREIGN,),
            lease_hours=None,
            marker=marker,
            facts=(
                Fact(label="Job", value=f"{self.job_id}: {brief(job.type, 40)}, {brief(job.state, 40)}"),
                Fact(label="Instance", value=brief(job.instance_id)),
                Fact(label="Created here", value="yes" if ours else "NO: somebody else started it"),
            ),
            before=(job.instance_id,),
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return not is_ours(app, *plan.before)

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.break_job(self.job_id)
        return self.job_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        job = await self._job(app)
        return ("no" if job.state in UNDER_WAY else "yes"), self.job_id

    async def _job(self, app: App) -> Job:
        jobs = await app.client.jobs(job_id=self.job_id)
        found = next((job for job in jobs if job.job_id == self.job_id), None)
        if found is None:
            raise NotFound(f"There is no job {self.job_id}; list_jobs has them. Nothing was sent.")
        return found


def _saving_warnings(status: str) -> tuple[str, ...]:
    free = "Novita documents no price for saving; its bills have a category for images."
    return (free,) if status == "exited" else (free, "Novita's guide asks for a stopped instance.")
