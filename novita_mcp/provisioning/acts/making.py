"""Making what costs nothing: templates, registry credentials, networks, prewarm tasks; no plan, no question."""

from collections.abc import Iterable, Mapping
from typing import Any

from novita_mcp.app import App
from novita_mcp.domain.base import Record
from novita_mcp.domain.create_request import EnvVar, Port
from novita_mcp.domain.models import Template
from novita_mcp.errors import InvalidArguments, Problem
from novita_mcp.provisioning.noting import note_made
from novita_mcp.provisioning.secrets import REFERENCE, reveal


class TemplateValues(Record):
    """The values of a template; None means left out."""

    name: str | None = None
    image_url: str | None = None
    image_auth_id: str | None = None
    rootfs_gb: int | None = None
    ports: tuple[Port, ...] | None = None
    envs: tuple[EnvVar, ...] | None = None
    command: str | None = None
    entrypoint: str | None = None
    min_cuda_version: str | None = None
    readme: str | None = None


async def make_template(app: App, values: TemplateValues) -> str:
    """Create a private template and return its id."""
    template_id = await app.client.create_template({"type": "instance", "channel": "private", **_given(app, values)})
    note_made(app, "create_template", template_id)
    return template_id


async def change_template(app: App, template_id: str, values: TemplateValues) -> None:
    """Replace what is given of a template and send the rest as it was: Novita wants all of it.

    Raises:
        NotFound: There is none of that id.

    """
    kept = _kept(await app.client.template(template_id))
    await app.client.update_template({"Id": template_id, **kept, **_given(app, values)})


async def make_registry_auth(app: App, registry: str, username: str, password_reference: str) -> str:
    """Store a credential whose password the server's own environment holds; return its id, or nothing if unseen.

    Raises:
        InvalidArguments: The reference names no listed and set variable.

    """
    body = {"name": registry, "username": username, "password": _referred(app, password_reference)}
    before = {auth.auth_id for auth in await app.client.registry_auths()}
    await app.client.save_registry_auth(body)
    auths = await app.client.registry_auths()
    return _noted(app, "save_registry_auth", (auth.auth_id for auth in auths if auth.auth_id not in before))


async def make_network(app: App, cluster_id: str, name: str) -> str:
    """Create a VPC network and return its id, which Novita does not say, or nothing if unseen."""
    before = {network.network_id for network in await app.client.networks()}
    await app.client.create_network({"clusterId": cluster_id, "name": name})
    networks = (one for one in await app.client.networks() if (one.name, one.cluster_id) == (name, cluster_id))
    return _noted(app, "create_network", (one.network_id for one in networks if one.network_id not in before))


async def make_prewarm(app: App, body: Mapping[str, Any]) -> str:
    """Have an image pulled ahead and return the task's id."""
    prewarm_id = await app.client.create_prewarm(body)
    note_made(app, "create_prewarm", prewarm_id)
    return prewarm_id


def _noted(app: App, action: str, new_ids: Iterable[str]) -> str:
    made = next(iter(new_ids), "")
    if made:
        note_made(app, action, made)
    return made


def _referred(app: App, reference: str) -> str:
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise _wrong_password('must be a "$NAME" reference; a password never passes through here')
    if match[1] not in app.settings.secret_envs:
        raise _wrong_password(
            f"${match[1]} is not listed in NOVITA_MCP_SECRET_ENVS; the owner of this server lists it there"
        )
    if not app.environ.get(match[1]):
        raise _wrong_password(
            f"${match[1]} is listed in NOVITA_MCP_SECRET_ENVS but not set in the server's environment"
        )
    return app.environ[match[1]]


def _wrong_password(message: str) -> InvalidArguments:
    return InvalidArguments((Problem("password", message),))


def _given(app: App, values: TemplateValues) -> dict[str, Any]:
    """What is given, on the wire, where names and the shape of ports are not those of a create."""
    body = {
        "name": values.name,
        "readme": values.readme,
        "image": values.image_url,
        "imageAuth": values.image_auth_id,
        "startCommand": values.command,
        "entrypoint": values.entrypoint,
        "rootfsSize": values.rootfs_gb,
        "ports": None if values.ports is None else _grouped(values.ports),
        "envs": None if values.envs is None else [_opened(app, env) for env in values.envs],
        "minCudaVersion": values.min_cuda_version,
    }
    return {name: value for name, value in body.items() if value is not None}


def _opened(app: App, env: EnvVar) -> dict[str, str]:
    return {"key": env.key, "value": reveal(app, env.value.get_secret_value())}


def _grouped(ports: tuple[Port, ...]) -> list[dict[str, Any]]:
    kinds = dict.fromkeys(port.type for port in ports)
    return [{"type": kind, "ports": [port.number for port in ports if port.type == kind]} for kind in kinds]


def _kept(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "type": "instance",
        "channel": "private",
        "image": template.image_url,
        "imageAuth": template.image_auth_id,
        "startCommand": template.command,
        "entrypoint": template.entrypoint,
        "rootfsSize": template.rootfs_gb,
        "ports": [{"type": group.type, "ports": list(group.ports)} for group in template.ports],
        "envs": [{"key": env.key, "value": env.value.get_secret_value()} for env in template.envs],
        "minCudaVersion": template.min_cuda_version,
    }
