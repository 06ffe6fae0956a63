"""Acts that lose what is on an instance's disks: another image, another machine."""

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SecretStr

from novita_mcp.app import App
from novita_mcp.domain.api_limits import MAX_ENVS
from novita_mcp.domain.base import Record, brief, clean
from novita_mcp.domain.create_request import (
    CreateInstanceRequest,
    EnvVar,
    NetworkStorageMount,
    doubts,
    masked_body,
    wire_body,
)
from novita_mcp.domain.deeds import ActionName
from novita_mcp.domain.images import origin
from novita_mcp.domain.models import MARKER_ENV, Instance
from novita_mcp.domain.plans import Fact, Plan, ProductView
from novita_mcp.domain.pricing import machine_of, quote
from novita_mcp.errors import InvalidArguments, Problem
from novita_mcp.provisioning.actions import Happened
from novita_mcp.provisioning.acts.jobs import known_jobs, new_job
from novita_mcp.provisioning.noting import note_running
from novita_mcp.provisioning.secrets import fingerprint, reference_problems, reference_warnings, reveal
from novita_mcp.provisioning.standing import START_RULES, STOCK_RULE, Standing, rulings, settled, stand
from novita_mcp.provisioning.wording import lease_fact

RESETTING = frozenset({"toReset", "resetting"})
RESENT = ("imageUrl", "imageAuthId", "command", "entrypoint", "envs")
MIGRATION = "instanceMigrate"


class UpgradeInstance(Record):
    """Reset an instance to another image; only what is sent with it is there afterwards.

    Volumes stay mounted unless `network_storages` says otherwise.
    """

    name: ClassVar[ActionName] = "upgrade"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = False
    instance_id: str
    image_url: str
    image_auth_id: str | None = None
    envs: tuple[EnvVar, ...] = ()
    command: str | None = None
    entrypoint: str | None = None
    save: bool = False
    network_storages: tuple[NetworkStorageMount, ...] | None = None

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await stand(app, self.instance_id)
        instance = standing.instance
        settled(instance)
        image = self._as_request(instance)
        found = tuple(reference_problems(app, image))
        if found:
            raise InvalidArguments(found)
        shown = masked_body(image, references=app.settings.secret_envs)
        cautions = (*doubts(image), *reference_warnings(app, image))
        facts = tuple(_upgrade_facts(instance, image, save=self.save))
        plan = _running_plan(app, standing, "upgrade", marker, facts, image_url=brief(self.image_url, 500))
        return plan.model_copy(
            update={
                "request": self._body(shown, image),
                "warnings": (*plan.warnings, *cautions),
                "fingerprint": fingerprint(app, image),
                "payload": image,
                "before": (instance.image_url, instance.status),
            }
        )

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        assert plan.payload is not None
        open_body = wire_body(plan.payload, lambda value: reveal(app, value))
        await app.client.upgrade_instance(self._body(open_body, plan.payload))
        note_running(app, plan, self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance, (image_url, _) = await app.client.instance(self.instance_id), plan.before
        if instance.status in RESETTING or instance.image_url != image_url:
            note_running(app, plan, self.instance_id)
            return "yes", self.instance_id
        return ("unsure" if self.image_url == image_url else "no"), self.instance_id

    def _as_request(self, instance: Instance) -> CreateInstanceRequest:
        """What the instance is to be, as a create of it would say it: so secrets and doubts are read alike."""
        mounts = _mounted(instance) if self.network_storages is None else self.network_storages
        return CreateInstanceRequest(
            product_id=instance.product_id or "-",
            kind=instance.kind,
            image_url=self.image_url,
            image_auth_id=self.image_auth_id,
            envs=self._marked_envs(instance),
            command=self.command,
            entrypoint=self.entrypoint,
            network_storages=mounts,
        )

    def _marked_envs(self, instance: Instance) -> tuple[EnvVar, ...]:
        """The variables with the marker that tells this server its own instances."""
        if instance.marker is None or MARKER_ENV not in instance.env_names:
            return self.envs
        if len(self.envs) >= MAX_ENVS:
            message = f"has {MAX_ENVS} items; at most {MAX_ENVS - 1} here, since one carries this server's marker"
            raise InvalidArguments((Problem("envs", message),))
        others = tuple(env for env in self.envs if env.key != MARKER_ENV)
        return (*others, EnvVar(key=MARKER_ENV, value=SecretStr(instance.marker)))

    def _body(self, image_body: dict[str, Any], image: CreateInstanceRequest) -> dict[str, Any]:
        empty = {"imageAuthId": "", "envs": [], "command": "", "entrypoint": ""}
        said = {name: image_body[name] for name in RESENT if name in image_body}
        mounts = [
            {"type": "network", "id": mount.storage_id, "mountPath": mount.mount_point}
            for mount in image.network_storages
        ]
        volumes = {"networkVolume": {"volumeMounts": mounts}}
        return {"instanceId": self.instance_id, **empty, **said, "save": self.save, **volumes}


class MigrateInstance(Record):
    """Move an instance to another machine, where it runs again even if it was stopped or reclaimed."""

    name: ClassVar[ActionName] = "migrate"
    spends: ClassVar[bool] = True
    commits_upfront: ClassVar[bool] = False
    instance_id: str

    async def plan(self, app: App, marker: str) -> Plan:
        standing = await stand(app, self.instance_id)
        settled(standing.instance)
        lost = Fact(label="Lost for good", value="new data on its root and local disks; network volumes stay")
        plan = _running_plan(app, standing, "migrate", marker, (lost,))
        return plan.model_copy(update={"before": await known_jobs(app, self.instance_id, MIGRATION)})

    def needs_yes(self, app: App, plan: Plan) -> bool:
        return True

    async def send(self, app: App, plan: Plan) -> str:
        await app.client.migrate_instance(self.instance_id)
        note_running(app, plan, self.instance_id)
        return self.instance_id

    async def look(self, app: App, plan: Plan) -> tuple[Happened, str]:
        instance = await app.client.instance(self.instance_id)
        happened, _ = await new_job(app, self.instance_id, MIGRATION, plan.before)
        if instance.status == "migrating" or happened == "yes":
            note_running(app, plan, self.instance_id)
            return "yes", self.instance_id
        return happened, self.instance_id


def _running_plan(
    app: App, standing: Standing, action: ActionName, marker: str, facts: tuple[Fact, ...], **changes: object
) -> Plan:
    """A plan after which the instance runs, so that a stopped one is planned as a start is."""
    instance, product = standing.instance, standing.product
    lease = None if instance.runs else app.policy.default_lease_hours or app.policy.max_lease_hours
    price = quote(machine_of(instance, product), lease_hours=lease)
    without = START_RULES if instance.runs else STOCK_RULE
    return Plan(
        action=action,
        request={"instanceId": instance.instance_id},
        product=ProductView.of(product) if product else None,
        quote=price,
        guardrails=rulings(app, standing, price, without=without, lease_hours=lease, **changes),
        warnings=(*standing.warnings, *_running_warnings(instance)),
        lease_hours=lease,
        marker=marker,
        facts=(*standing.identity(), *facts, *(() if instance.runs else (lease_fact(lease),))),
        fleet=standing.facts.fleet,
    )


def _running_warnings(instance: Instance) -> Iterator[str]:
    yield "Host, port and password of its connections change."
    if not instance.runs:
        yield "It is stopped and runs afterwards: its GPU is billed again."


def _mounted(instance: Instance) -> tuple[NetworkStorageMount, ...]:
    return tuple(
        NetworkStorageMount(storage_id=volume.volume_id, mount_point=volume.mount_path or "/network")
        for volume in instance.volumes
        if volume.type == "network"
    )


def _upgrade_facts(instance: Instance, image: CreateInstanceRequest, *, save: bool) -> Iterator[Fact]:
    yield Fact(label="Image now", value=brief(instance.image_url, 500))
    yield Fact(label="Image then", value=f"{brief(image.image_url, 500)} ({origin(image.image_url)})")
    disk = "its data is kept" if save else f"everything on the {instance.rootfs_gb} GB is lost for good"
    yield Fact(label="Disk", value=disk)
    parts = (("entrypoint: ", image.entrypoint), ("", image.command))
    command = " | ".join(label + clean(value) for label, value in parts if value)
    yield Fact(label="Command", value=command or "the image's own; what was set before is dropped")
    sent = [env.key for env in image.envs if env.key != MARKER_ENV]
    lost = [name for name in instance.env_names if name not in {*sent, MARKER_ENV}]
    yield Fact(label="Variables", value=brief(", ".join(sent)) or "none")
    if lost:
        yield Fact(label="Variables lost", value=brief(", ".join(lost)))
    yield from _volume_facts(instance, image)
    yield Fact(label="Registry login", value=brief(image.image_auth_id or "") or "none; an earlier one is dropped")


def _volume_facts(instance: Instance, image: CreateInstanceRequest) -> Iterator[Fact]:
    mounted = {mount.storage_id for mount in image.network_storages}
    for mount in image.network_storages:
        yield Fact(label="Volume", value=f"{brief(mount.storage_id, 80)} at {brief(mount.mount_point)}")
    for mount in _mounted(instance):
        if mount.storage_id not in mounted:
            yield Fact(
                label="Volume detached", value=f"{brief(mount.storage_id, 80)}; its data stays, it keeps costing"
            )
