"""What instances are made with: volumes, registry credentials, templates, networks."""

from pydantic import SecretStr

from novita_mcp.api.wire import Fields, answered, answered_list, each, inner, required, text, whole
from novita_mcp.domain.models import (
    Network,
    NetworkStorage,
    RegistryAuth,
    Template,
    TemplateEnv,
    TemplatePorts,
    TemplateTool,
)


def parse_network_storage(fields: Fields) -> NetworkStorage:
    """Parse one volume; its `price` has no documented unit and is left out (API reference, 3.2)."""
    return NetworkStorage(
        storage_id=required(fields, "storageId", "Id", "id"),
        name=text(fields.get("storageName")),
        size_gb=whole(fields.get("storageSize")) or 0,
        cluster_id=text(fields.get("clusterId")),
        cluster_name=text(fields.get("clusterName")),
    )


def registry_auths(payload: object) -> tuple[RegistryAuth, ...]:
    """Parse `GET /repository/auths`, whose items come with passwords in clear."""
    return each(answered_list(payload, "registry credentials", "data"), _registry_auth, "registry credentials")


def template(payload: object) -> Template:
    """Parse `GET /template`."""
    return answered(payload, parse_template, "template", "template", "data")


def parse_template(fields: Fields) -> Template:
    """Parse one template."""
    return Template(
        template_id=required(fields, "Id", "id"),
        name=text(fields.get("name")),
        channel=text(fields.get("channel")),
        image_url=text(fields.get("image")),
        image_auth_id=text(fields.get("imageAuth")),
        command=text(fields.get("startCommand")),
        entrypoint=text(fields.get("entrypoint")),
        rootfs_gb=whole(fields.get("rootfsSize")) or 0,
        ports=each(fields.get("ports"), _template_ports, "template ports"),
        envs=each(fields.get("envs"), _template_env, "template environment"),
        tools=each(fields.get("tools"), _template_tool, "template tools"),
        min_cuda_version=text(fields.get("minCudaVersion")),
    )


def network(payload: object) -> Network:
    """Parse `GET /network`, an object or a list of one."""
    return answered(payload, parse_network, "network", "network", "networks", "data")


def parse_network(fields: Fields) -> Network:
    """Parse one VPC network."""
    return Network(
        network_id=required(fields, "Id", "id", "networkId"),
        name=text(fields.get("name")),
        cluster_id=text(fields.get("clusterId")),
        segment=text(fields.get("segment")),
        state=text(inner(fields.get("state")).get("state")) or text(fields.get("state")),
    )


def _registry_auth(fields: Fields) -> RegistryAuth:
    return RegistryAuth(
        auth_id=required(fields, "id", "Id"),
        name=text(fields.get("name")),
        username=text(fields.get("username")),
    )


def _template_ports(fields: Fields) -> TemplatePorts:
    written = fields.get("ports")
    ports = written if isinstance(written, list) else [written]
    return TemplatePorts(type=text(fields.get("type")), ports=tuple(port for item in ports if (port := whole(item))))


def _template_env(fields: Fields) -> TemplateEnv:
    return TemplateEnv(key=required(fields, "key"), value=SecretStr(text(fields.get("value"))))


def _template_tool(fields: Fields) -> TemplateTool:
    return TemplateTool(
        name=required(fields, "name"), port=int(required(fields, "port")), type=text(fields.get("type"))
    )
