"""Simulated instances: their facts, their lives, and what they look like on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from novita_mcp.simulator.lives import GONE, Life, Step
from novita_mcp.simulator.money import (
    DISK_BILLED,
    FREE_ROOTFS_GB,
    GPU_BILLED,
    Rate,
    rootfs_hourly_usd,
)
from novita_mcp.simulator.tempo import Tempo

RAW_PER_USD = Decimal(100_000)
UNBORN = Life()
MISSING_IMAGE = "does-not-exist"
DOMAIN = "gpu-instance.novita.ai"


@dataclass(frozen=True)
class Mount:
    """A network volume in an instance."""

    volume_id: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance; what time alone changes is worked out when it is read."""

    id: str
    name: str
    kind: str
    product_id: str
    product_name: str
    price_raw: int
    cluster_id: str
    gpu_num: int
    cpu_num: int
    memory_gb: int
    rootfs_gb: int
    max_rootfs_gb: int
    image_url: str
    image_auth_id: str = ""
    command: str = ""
    entrypoint: str = ""
    ports: tuple[tuple[int, str], ...] = ()
    jupyter_port: int | None = None
    envs: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    network_id: str = ""
    billing_mode: str = "onDemand"
    paid_until: datetime | None = None
    auto_renew_months: int = 0
    auto_migrate: bool = False
    created_at: datetime
    life: Life = UNBORN
    starts: int = 1
    spot_reclaim_at: datetime | None = None

    def status(self, at: datetime) -> str:
        """Return the status word at a moment."""
        return self.life.status(at)

    def exists(self, at: datetime) -> bool:
        """Whether the API still knows it."""
        return self.status(at) != GONE

    def prepaid(self, at: datetime) -> bool:
        """Whether a subscription is running."""
        return self.paid_until is not None and at < self.paid_until

    def mode(self, at: datetime) -> str:
        """Return how it is paid for; a subscription that has run out is paid as it goes."""
        return "onDemand" if self.billing_mode == "monthly" and not self.prepaid(at) else self.billing_mode

    def pull_failed(self, at: datetime, tempo: Tempo) -> bool:
        """Whether its image has been found not to exist."""
        pulling = self.life.phase(at)
        waited = (at - pulling.since).total_seconds()
        return pulling.status == "pulling" and MISSING_IMAGE in self.image_url and waited >= tempo.pulling

    def rate(self, status: str, at: datetime) -> Rate:
        """Return what it costs per hour in a status."""
        gpus = self.gpu_num if status in GPU_BILLED and not self.prepaid(at) else 0
        units = max(gpus, 1) if self.kind == "cpu" and status in GPU_BILLED else gpus
        disk_usd = rootfs_hourly_usd(self.rootfs_gb) if status in DISK_BILLED and self.kind == "gpu" else 0
        return Rate(
            owner_id=self.id,
            category="gpu",
            product_id=self.product_id,
            product_name=self.product_name,
            hourly_usd=units * self.price_raw / RAW_PER_USD + disk_usd,
            price_raw=self.price_raw,
            gpus=units,
        )

    def rates(self, start: datetime, end: datetime) -> Iterator[tuple[Rate, datetime, datetime]]:
        """Yield what it costs in each stretch between two moments."""
        for status, span_start, span_end in self.life.spans(start, end):
            for piece_start, piece_end in _split(span_start, span_end, self.paid_until):
                rate = self.rate(status, piece_start)
                if rate.hourly_usd > 0:
                    yield rate, piece_start, piece_end

    def then(self, at: datetime, *steps: Step) -> "Instance":
        """Return it with another future."""
        return replace(self, life=self.life.then(at, *steps))


def first_steps(image_url: str, tempo: Tempo) -> tuple[Step, ...]:
    """Return how a new instance comes to run, or hangs at an image that does not exist."""
    created = Step("toCreate", tempo.to_create), Step("creating", tempo.creating)
    if MISSING_IMAGE in image_url:
        return *created, Step("pulling")
    return *created, Step("pulling", tempo.pulling), Step("running")


def reset_steps(image_url: str, tempo: Tempo) -> tuple[Step, ...]:
    """Return how an instance comes to run with another image, or hangs at it."""
    reset = Step("toReset", tempo.to_reset), Step("resetting", tempo.resetting)
    return *reset, Step("pulling" if MISSING_IMAGE in image_url else "running")


@dataclass(frozen=True)
class View:
    """What rendering an instance needs beside the instance."""

    at: datetime
    tempo: Tempo
    cluster_name: str
    volume_sizes_gb: dict[str, int]
    jobs: tuple[dict[str, Any], ...] = ()


def listed(instance: Instance, view: View) -> dict[str, Any]:
    """Return an instance as the list endpoint shows it, passwords in clear as there."""
    at = view.at
    failed = instance.pull_failed(at, view.tempo)
    return {
        "id": instance.id,
        "name": instance.name,
        "clusterId": instance.cluster_id,
        "clusterName": view.cluster_name,
        "status": instance.status(at),
        "imageUrl": instance.image_url,
        "imageAuthId": instance.image_auth_id,
        "command": instance.command,
        "entrypoint": instance.entrypoint,
        "cpuNum": str(instance.cpu_num),
        "memory": str(instance.memory_gb),
        "gpuNum": str(instance.gpu_num),
        "gpuIds": list(range(instance.gpu_num)) if instance.status(at) in GPU_BILLED else [],
        "portMappings": _port_mappings(instance, at),
        "productId": instance.product_id,
        "productName": instance.product_name,
        "rootfsSize": instance.rootfs_gb,
        "volumeMounts": [
            {"type": "network", "size": str(view.volume_sizes_gb[mount.volume_id])} | _mount(mount)
            for mount in instance.mounts
        ],
        "statusError": {
            "state": "ImagePullFailed" if failed else "",
            "message": "failed to pull image" if failed else "",
        },
        "envs": [{"key": key, "value": value} for key, value in instance.envs],
        "kind": instance.kind,
        "billingMode": instance.mode(at),
        "endTime": _unix(instance.paid_until, none="-1"),
        "spotStatus": _spot_status(instance, at),
        "spotReclaimTime": _unix(instance.spot_reclaim_at),
        "templateId": "",
        "createdAt": _unix(instance.created_at),
        "lastStartedAt": _unix(instance.life.last("running", at)),
        "lastStoppedAt": _unix(instance.life.last("exited", at)),
        "sshPassword": password(instance),
    }


def detailed(instance: Instance, view: View) -> dict[str, Any]:
    """Return an instance as the get endpoint shows it."""
    mounts = [
        {"type": "network", "size": view.volume_sizes_gb[mount.volume_id]} | _mount(mount) for mount in instance.mounts
    ]
    return listed(instance, view) | {
        "volumeMounts": mounts,
        "network": {"id": instance.network_id, "ip": private_address(instance)},
        "node": [{"maxRootfsSize": instance.max_rootfs_gb}],
        "jobs": list(view.jobs),
        **_connections(instance, view.at),
        "freeStorageSize": FREE_ROOTFS_GB,
        "keepDataDay": 7,
    }


def private_address(instance: Instance) -> str:
    """Return its address in its VPC network, if it is in one."""
    return f"10.2.1.{int(instance.id[:2], 16) % 250 + 2}" if instance.network_id else ""


def password(instance: Instance) -> str:
    """Return the root password, another one after every start."""
    return "pw-" + sha256(f"{instance.id}/{instance.starts}".encode()).hexdigest()[:20]


def _connections(instance: Instance, at: datetime) -> dict[str, Any]:
    running = instance.status(at) == "running"
    jupyter = running and instance.jupyter_port is not None
    word = password(instance) if running else ""
    ssh = f"ssh -p {_outer_port(instance, 22)} root@{_proxy(instance)}" if running else ""
    has_run = instance.life.last("running", at) is not None
    return {
        "connectComponentSSH": {"sshCommand": ssh, "password": word, "isRunning": running},
        "connectComponentWebTerminal": {
            "address": _web_address(instance, 2223) if running else "",
            "username": "novita" if running else "",
            "password": word,
            "isRunning": running,
        },
        "connectComponentJupyter": {
            "port": (instance.jupyter_port or 0) if jupyter else 0,
            "address": _web_address(instance, instance.jupyter_port or 0) if jupyter else "",
            "isRunning": jupyter,
        },
        "connectComponentLog": {
            "systemLogAddress": f"https://log.example.invalid/system/{instance.id}",
            "instanceLogAddress": f"https://log.example.invalid/instance/{instance.id}" if has_run else "",
            "isRunning": has_run,
        },
    }


def _port_mappings(instance: Instance, at: datetime) -> list[dict[str, Any]]:
    status = instance.status(at)
    if status == "exited":
        return []
    return [
        {
            "port": port,
            "endpoint": _endpoint(instance, port, kind) if status == "running" else "",
            "type": kind,
        }
        for port, kind in instance.ports
    ]


def _endpoint(instance: Instance, port: int, kind: str) -> str:
    return _web_address(instance, port) if kind == "http" else f"{_proxy(instance)}:{_outer_port(instance, port)}"


def _web_address(instance: Instance, port: int) -> str:
    return f"https://{instance.id}-{port}.{instance.cluster_id}.{DOMAIN}"


def _proxy(instance: Instance) -> str:
    return f"proxy-{instance.starts}.{instance.cluster_id}.{DOMAIN}"


def _outer_port(instance: Instance, port: int) -> int:
    return 30000 + int(sha256(f"{instance.id}/{instance.starts}/{port}".encode()).hexdigest()[:8], 16) % 30000


def _mount(mount: Mount) -> dict[str, Any]:
    return {"id": mount.volume_id, "mountPath": mount.path}


def _spot_status(instance: Instance, at: datetime) -> str:
    if instance.billing_mode != "spot":
        return ""
    if instance.spot_reclaim_at is None:
        return "running" if instance.status(at) != "exited" else ""
    words = {"toStop": "reclaiming", "stopping": "reclaiming", "exited": "terminated"}
    return words.get(instance.status(at), "notified")


def _unix(moment: datetime | None, *, none: str = "0") -> str:
    return none if moment is None else str(int(moment.timestamp()))


def _split(start: datetime, end: datetime, cut: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    if cut is None or not start < cut < end:
        yield start, end
        return
    yield start, cut
    yield cut, end
