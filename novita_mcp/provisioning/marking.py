"""The plan's marker in the request: Novita has neither tags nor an idempotency key."""

from pydantic import SecretStr

from novita_mcp.domain.api_limits import MAX_ENVS, NAME_LENGTH
from novita_mcp.domain.create_request import CreateInstanceRequest, EnvVar
from novita_mcp.domain.models import MARKER_ENV


def mark(request: CreateInstanceRequest, marker: str) -> CreateInstanceRequest:
    """The request with its marker: in an environment variable, and in the name where none was given.

    Where all 100 variables are taken the name carries it, cut if it must be.
    """
    envs = tuple(env for env in request.envs or () if env.key != MARKER_ENV)
    if len(envs) < MAX_ENVS:
        marked = (*envs, EnvVar(key=MARKER_ENV, value=SecretStr(marker)))
        return request.model_copy(update={"envs": marked, "name": request.name or f"novita-mcp-{marker}"})
    suffix = f"-nm-{marker}"
    name = (request.name or "novita-mcp")[: NAME_LENGTH.high - len(suffix)] + suffix
    return request.model_copy(update={"name": name})
