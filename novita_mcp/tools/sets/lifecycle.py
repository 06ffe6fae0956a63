"""Toolset `lifecycle`: everything around an instance that exists."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from novita_mcp.domain import api_limits
from novita_mcp.domain.base import Record
from novita_mcp.errors import Problem
from novita_mcp.provisioning.acts.changing import EditInstance, SetAutoMigrate
from novita_mcp.provisioning.acts.extending import ExtendLease
from novita_mcp.provisioning.acts.jobs import BreakJob, SaveImage
from novita_mcp.provisioning.acts.resetting import MigrateInstance, UpgradeInstance
from novita_mcp.provisioning.acts.subscribing import SetAutoRenew, Subscribe
from novita_mcp.tools.flat import READS, FlatTool, plain_tool
from novita_mcp.tools.sets.building import Envs, Id, Mounts, OnInstance, Ports, opened_ports, port_problems
from novita_mcp.tools.sets.jobs import JobArguments, JobList, list_jobs
from novita_mcp.tools.sets.metrics import MetricsArguments, MetricsReport, get_gpu_metrics
from novita_mcp.tools.spending import ONCE, REPEATABLE, acting_tool


class ExtendArguments(OnInstance):
    """Which instance, and how many hours from now."""

    lease_hours: Annotated[api_limits.LeaseHours, Field(description="From now.")]


class EditArguments(OnInstance):
    """What is to change."""

    ports: Ports | None = None
    expand_root_disk: Annotated[int, Field(strict=True, ge=0, description="GB to add.")] = 0

    def problems(self) -> Iterator[Problem]:
        """Yield every broken rule about ports, and an edit of nothing."""
        if self.ports is None and not self.expand_root_disk:
            yield Problem("ports", "or expandRootDisk is required: there is nothing to change")
        yield from port_problems(self.ports)

    def action(self) -> EditInstance:
        """The edit itself."""
        ports = None if self.ports is None else opened_ports(self.ports)
        return EditInstance(instance_id=self.instance_id, ports=ports, expand_gb=self.expand_root_disk)


class UpgradeArguments(OnInstance):
    """The new image, and everything that is to be there with it."""

    image_url: Annotated[str, Field(min_length=1, max_length=500)]
    image_auth_id: str | None = None
    envs: Envs = ()
    command: Annotated[str, Field(max_length=2047)] | None = None
    entrypoint: Annotated[str, Field(max_length=2047)] | None = None
    save: Annotated[bool, Field(strict=True, description="Keep the disk's data.")] = False
    network_storages: Annotated[Mounts, Field(description="Left out: as mounted now.")] | None = None

    def action(self) -> UpgradeInstance:
        """The upgrade itself."""
        return UpgradeInstance(
            instance_id=self.instance_id,
            image_url=self.image_url,
            image_auth_id=self.image_auth_id,
            envs=self.envs,
            command=self.command,
            entrypoint=self.entrypoint,
            save=self.save,
            network_storages=self.network_storages,
        )


class MonthsArguments(OnInstance):
    """How many months are paid up front."""

    month: Annotated[int, Field(strict=True, ge=1)]


class AutoRenewArguments(OnInstance):
    """On or off, and for how long each time."""

    auto_renew: Annotated[bool, Field(strict=True)]
    auto_renew_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1


class AutoMigrateArguments(Record):
    """On or off, and with which disk."""

    instance_id: Id
    auto_migrate_open: Annotated[bool, Field(strict=True)]
    auto_migrate_system_disk: Annotated[bool, Field(strict=True)] = False


class SaveArguments(OnInstance):
    """Where the image goes."""

    image: Annotated[str, Field(min_length=1, max_length=4095, description="REGISTRY/REPOSITORY:TAG")]
    registry_auth_id: str | None = None


class BreakArguments(Record):
    """Which job."""

    job_id: Id


def tools() -> tuple[FlatTool, ...]:
    """Every tool of the set."""
    return (*_keeping(), *_replacing(), *_subscriptions(), *_watching())


def _keeping() -> tuple[FlatTool, ...]:
    return (
        acting_tool(
            "extend_lease",
            "Extend lease",
            "Let an instance created here run so many hours from now. Costs; asks a person.",
            ExtendArguments,
            lambda args: ExtendLease(instance_id=args.instance_id, lease_hours=args.lease_hours),
            ONCE,
        ),
        acting_tool(
            "edit_gpu_instance",
            "Edit instance",
            "Set the open ports or grow the root disk (costs more, never shrinks). Asks a person.",
            EditArguments,
            EditArguments.action,
            ONCE,
        ),
    )


def _replacing() -> tuple[FlatTool, ...]:
    return (
        acting_tool(
            "upgrade_gpu_instance",
            "Upgrade image",
            "Reset to another image. Variables, command and login not sent again are LOST, data too without save. "
            "Asks a person.",
            UpgradeArguments,
            UpgradeArguments.action,
            ONCE,
        ),
        acting_tool(
            "migrate_gpu_instance",
            "Migrate instance",
            "Move an instance, also a reclaimed spot one, to another machine, where it runs. "
            "New data on its disks is LOST. Asks a person.",
            OnInstance,
            lambda args: MigrateInstance(instance_id=args.instance_id),
            ONCE,
        ),
        acting_tool(
            "set_auto_migrate",
            "Set auto-migrate",
            "Say whether Novita moves an instance whose machine fails.",
            AutoMigrateArguments,
            lambda args: SetAutoMigrate(
                instance_id=args.instance_id,
                enabled=args.auto_migrate_open,
                system_disk=args.auto_migrate_system_disk,
            ),
            REPEATABLE,
        ),
    )


def _subscriptions() -> tuple[FlatTool, ...]:
    return (
        acting_tool(
            "subscribe_gpu_instance",
            "Subscribe",
            "Pay so many months up front: makes an instance a subscription, or extends one. Not to be undone. "
            "Asks a person.",
            MonthsArguments,
            lambda args: Subscribe(instance_id=args.instance_id, months=args.month),
            ONCE,
        ),
        acting_tool(
            "set_auto_renew",
            "Set auto-renew",
            "Say whether a subscription renews, and charges, by itself. On: asks a person.",
            AutoRenewArguments,
            lambda args: SetAutoRenew(
                instance_id=args.instance_id, enabled=args.auto_renew, months=args.auto_renew_month
            ),
            REPEATABLE,
        ),
    )


def _watching() -> tuple[FlatTool, ...]:
    return (
        acting_tool(
            "save_image",
            "Save image",
            "Push an instance's root disk, secrets and all, to a registry as an image. Asks a person.",
            SaveArguments,
            lambda args: SaveImage(
                instance_id=args.instance_id, image=args.image, registry_auth_id=args.registry_auth_id
            ),
            ONCE,
        ),
        plain_tool(list_jobs, "List jobs", JobArguments, JobList, READS),
        acting_tool(
            "break_job",
            "Break off job",
            "Break off a job that is under way.",
            BreakArguments,
            lambda args: BreakJob(job_id=args.job_id),
            REPEATABLE,
        ),
        plain_tool(get_gpu_metrics, "Get metrics", MetricsArguments, MetricsReport, READS),
    )
