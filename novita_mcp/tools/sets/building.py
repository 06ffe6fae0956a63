"""What the tools of every set are made with: annotations, arguments that cost few tokens, and their rules."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from mcp.types import ToolAnnotations
from pydantic import Field, SecretStr

from novita_mcp.domain import api_limits
from novita_mcp.domain.base import Record
from novita_mcp.domain.create_request import RULES, EnvVar, NetworkStorageMount, Port, RequestFields
from novita_mcp.errors import Problem

ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False)
"""A write that costs and destroys nothing."""
REPLACES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)
"""A write after which what was there before is gone."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Id = Annotated[str, Field(min_length=1)]
DryRun = Annotated[bool, Field(strict=True, json_schema_extra=_without_default)]
Query = Annotated[str, Field(max_length=200)]
Ports = Annotated[str, Field(description='All to be open, like "80/http, 3306/tcp".')]
"""Without the pattern of the create request, which is longer than some tools; `port_problems` checks the same."""
PORT_RULES = ("reserved_ports", "duplicate_ports", "most_ports")


class Env(EnvVar):
    """A variable, as in a create, described in fewer words."""

    key: Annotated[str, Field(max_length=api_limits.ENV_KEY_LENGTH.high)] = ""
    value: Annotated[SecretStr, Field(max_length=api_limits.ENV_VALUE_LENGTH.high)] = SecretStr("")


class Mount(NetworkStorageMount):
    """A network volume, as in a create, described in fewer words."""

    storage_id: Annotated[str, Field(alias="Id", min_length=1)]
    mount_point: Annotated[str, Field(min_length=1, max_length=api_limits.MOUNT_POINT_LENGTH.high)] = (
        api_limits.DEFAULT_MOUNT_POINT
    )


Envs = Annotated[tuple[Env, ...], Field(max_length=api_limits.MAX_ENVS)]
Mounts = Annotated[tuple[Mount, ...], Field(max_length=api_limits.MAX_NETWORK_STORAGES)]


class OnInstance(Record):
    """Which instance, and whether only its plan is wanted."""

    instance_id: Id
    dry_run: DryRun = False


def opened_ports(ports: str) -> tuple[Port, ...]:
    """The ports that a text in the form of the create request opens."""
    return _draft(ports).opened_ports


def port_problems(ports: str | None) -> Iterator[Problem]:
    """Yield what the create request would say of its `ports`."""
    if ports is None:
        return
    if re.search(api_limits.PORTS_PATTERN, ports) is None:
        yield Problem("ports", 'must be comma-separated PORT/TYPE, PORT 1-65535, TYPE tcp or http, like "80/http"')
        return
    for rule in PORT_RULES:
        yield from RULES[rule](_draft(ports))


def _draft(ports: str) -> RequestFields:
    return RequestFields(product_id="-", ports=ports)
