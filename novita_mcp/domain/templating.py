"""A template's values in the shape of a create request; Novita's create takes no template id."""

from typing import Any

from novita_mcp.domain.api_limits import ROOTFS_GB
from novita_mcp.domain.models import Template


def template_values(template: Template) -> dict[str, Any]:
    """What the template says, by field name; what it leaves empty is left out.

    A port that a tool of the template uses is not opened a second time, and Novita itself raises a
    disk below 10 GB to 10.
    """
    tool_ports = {tool.port for tool in template.tools}
    ports = [f"{port}/{group.type}" for group in template.ports for port in group.ports if port not in tool_ports]
    values = {
        "image_url": template.image_url,
        "image_auth_id": template.image_auth_id,
        "rootfs_size": template.rootfs_gb and max(template.rootfs_gb, ROOTFS_GB.low),
        "ports": ", ".join(ports),
        "envs": [{"key": env.key, "value": env.value.get_secret_value()} for env in template.envs],
        "tools": [{"name": tool.name, "port": str(tool.port), "type": tool.type} for tool in template.tools],
        "command": template.command,
        "entrypoint": template.entrypoint,
        "min_cuda_version": template.min_cuda_version,
    }
    return {name: value for name, value in values.items() if value}
