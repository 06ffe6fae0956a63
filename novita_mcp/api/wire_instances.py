"""Instances: numbers as strings, optional everything, secrets that go no further."""

import re
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from novita_mcp.api.wire import (
    Fields,
    answered,
    each,
    flag,
    inner,
    instant,
    listed,
    required,
    text,
    whole,
)
from novita_mcp.domain.models import (
    MARKER_ENV,
    MARKER_PATTERN,
    BillingMode,
    Connection,
    Instance,
    PortMapping,
    VolumeMount,
)

MARKER = re.compile(MARKER_PATTERN)
MARKED_NAME = re.compile(rf"(?:novita-mcp|.*-nm)-({MARKER_PATTERN})", re.DOTALL)
BILLING_MODES: Final[dict[str, BillingMode]] = {"ondemand": "onDemand", "monthly": "monthly", "spot": "spot"}


def instance(payload: object) -> Instance:
    """Parse `GET /gpu/instance`."""
    return answered(payload, parse_instance, "instance", "instance", "data")


def parse_instance(fields: Fields) -> Instance:
    """Parse one instance, of a list or alone."""
    name, logs = text(fields.get("name")), inner(fields.get("connectComponentLog"))
    ends_at = instant(fields.get("endTime"))
    return Instance(
        instance_id=required(fields, "id"),
        name=name,
        status=text(fields.get("status")) or "unknown",
        kind="cpu" if fields.get("kind") == "cpu" else "gpu",
        product_id=text(fields.get("productId")),
        product_name=text(fields.get("productName")),
        cluster_id=text(fields.get("clusterId")),
        cluster_name=text(fields.get("clusterName")),
        gpu_num=whole(fields.get("gpuNum")) or 0,
        rootfs_gb=whole(fields.get("rootfsSize")) or 0,
        image_url=text(fields.get("imageUrl")),
        billing_mode=_billing_mode(fields, ends_at),
        marker=_marker(fields, name),
        env_names=tuple(key for env in listed(fields.get("envs")) if (key := text(inner(env).get("key")))),
        ports=each(fields.get("portMappings"), _port_mapping, "port mappings"),
        volumes=each(fields.get("volumeMounts"), _volume_mount, "volume mounts"),
        status_error=_status_error(fields.get("statusError")),
        spot_status=text(fields.get("spotStatus")),
        spot_reclaim_at=instant(fields.get("spotReclaimTime")),
        created_at=instant(fields.get("createdAt")),
        last_started_at=instant(fields.get("lastStartedAt")),
        last_stopped_at=instant(fields.get("lastStoppedAt")),
        ends_at=ends_at,
        free_rootfs_gb=whole(fields.get("freeStorageSize")),
        max_rootfs_gb=whole(inner(fields.get("node")).get("maxRootfsSize")),
        keep_data_days=whole(fields.get("keepDataDay")),
        ssh=_connection(fields.get("connectComponentSSH")),
        web_terminal=_connection(fields.get("connectComponentWebTerminal")),
        jupyter=_connection(fields.get("connectComponentJupyter")),
        system_log_url=text(logs.get("systemLogAddress")),
        instance_log_url=text(logs.get("instanceLogAddress")),
        ssh_password=SecretStr(text(fields.get("sshPassword"))),
    )


def _billing_mode(fields: Fields, ends_at: datetime | None) -> BillingMode:
    """Only a subscription has an end, so an end tells what an empty word does not."""
    stated = BILLING_MODES.get(text(fields.get("billingMode")).lower())
    return stated or ("monthly" if ends_at else "onDemand")


def _marker(fields: Fields, name: str) -> str | None:
    for env in listed(fields.get("envs")):
        if inner(env).get("key") == MARKER_ENV:
            value = text(inner(env).get("value"))
            return value if MARKER.fullmatch(value) else None
    marked = MARKED_NAME.fullmatch(name)
    return marked[1] if marked else None


def _port_mapping(fields: Fields) -> PortMapping:
    return PortMapping(
        port=int(required(fields, "port")),
        type=text(fields.get("type")),
        endpoint=text(fields.get("endpoint")),
    )


def _volume_mount(fields: Fields) -> VolumeMount:
    return VolumeMount(
        type=text(fields.get("type")),
        volume_id=text(fields.get("id")),
        mount_path=text(fields.get("mountPath")),
        size_gb=whole(fields.get("size")),
    )


def _status_error(raw: object) -> str:
    said = inner(raw)
    return ": ".join(part for part in (text(said.get("state")), text(said.get("message"))) if part) or text(raw)


def _connection(raw: object) -> Connection | None:
    stated = inner(raw)
    if not stated:
        return None
    return Connection(
        command=text(stated.get("sshCommand")),
        address=text(stated.get("address")),
        username=text(stated.get("username")),
        password=SecretStr(text(stated.get("password"))),
        running=flag(stated.get("isRunning")),
    )
