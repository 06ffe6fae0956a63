"""Secrets of a request: `"$NAME"` references, and a fingerprint that gives nothing away."""

import hashlib
import hmac
import re
from collections.abc import Iterator

from novita_mcp.app import App
from novita_mcp.domain.create_request import CreateInstanceRequest
from novita_mcp.errors import InvalidArguments, Problem

REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def reveal(app: App, value: str) -> str:
    """What is sent for a secret value: the server's own variable where it is a listed reference.

    Raises:
        InvalidArguments: The listed variable is not set.

    """
    name = _listed(app, value)
    if name is None:
        return value
    if not app.environ.get(name):
        raise InvalidArguments((Problem("envs", _unset(name)),))
    return app.environ[name]


def reference_problems(app: App, request: CreateInstanceRequest) -> Iterator[Problem]:
    """References to variables that the owner listed and did not set."""
    for path, value in _secret_values(request):
        name = _listed(app, value)
        if name is not None and not app.environ.get(name):
            yield Problem(path, _unset(name))
        elif path == "imageAuth" and name is None and REFERENCE.fullmatch(value):
            yield Problem(path, "looks like a $NAME reference that NOVITA_MCP_SECRET_ENVS does not list")


def reference_warnings(app: App, request: CreateInstanceRequest) -> Iterator[str]:
    """Values that look like references and are sent as they stand."""
    for path, value in _secret_values(request):
        if REFERENCE.fullmatch(value) and _listed(app, value) is None:
            yield f"{path} is sent as it stands: it looks like a $NAME that NOVITA_MCP_SECRET_ENVS does not list."


def fingerprint(app: App, request: CreateInstanceRequest) -> str:
    """A keyed digest of the secrets: equal for equal ones in this process, and no use outside it."""
    values = "\x00".join(f"{path}={value}" for path, value in _secret_values(request))
    return hmac.new(app.book.key, values.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _listed(app: App, value: str) -> str | None:
    match = REFERENCE.fullmatch(value)
    return match[1] if match and match[1] in app.settings.secret_envs else None


def _unset(name: str) -> str:
    return f"${name} is listed in NOVITA_MCP_SECRET_ENVS but not set in the server's environment"


def _secret_values(request: CreateInstanceRequest) -> Iterator[tuple[str, str]]:
    if request.image_auth is not None:
        yield "imageAuth", request.image_auth.get_secret_value()
    for index, env in enumerate(request.envs or ()):
        yield f"envs[{index}].value", env.value.get_secret_value()
