"""The create request: its parts, the rules across its fields, and the body that is sent.

Rules and limits: https://novita.ai/docs/api-reference/gpu-instance-create-instance.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, SecretStr

from novita_mcp.domain import api_limits, models
from novita_mcp.domain.base import Record
from novita_mcp.domain.validation import parse
from novita_mcp.errors import Problem

MASK = "***"
CREDENTIALS = frozenset({"image_auth", "image_auth_id"})
GPU_ONLY = frozenset({"gpu_num", "rootfs_size"})


class Port(Record):
    """A port that the instance opens."""

    number: int
    type: api_limits.PortType


class EnvVar(Record):
    """An environment variable; its value is a secret."""

    key: api_limits.EnvKey = ""
    value: api_limits.EnvValue = SecretStr("")


class ToolPort(Record):
    """A tool of an official image, and the port it is reached at."""

    name: api_limits.ToolName
    port: api_limits.ToolPort
    type: api_limits.ToolPortType


class NetworkStorageMount(Record):
    """A network volume and where it is mounted."""

    storage_id: Annotated[api_limits.NetworkStorageId, Field(alias="Id")]
    mount_point: api_limits.MountPoint = api_limits.DEFAULT_MOUNT_POINT


class RequestFields(Record):
    """The fields of Novita's create call; None and an empty tuple mean left out."""

    product_id: api_limits.ProductId
    gpu_num: api_limits.GpuNum | None = None
    rootfs_size: api_limits.RootfsSize | None = None
    image_url: api_limits.ImageUrl | None = None
    name: api_limits.Name | None = None
    image_auth: api_limits.ImageAuth | None = None
    image_auth_id: api_limits.ImageAuthId | None = None
    ports: api_limits.Ports | None = None
    envs: Annotated[tuple[EnvVar, ...], api_limits.ENVS] = ()
    tools: Annotated[tuple[ToolPort, ...], api_limits.TOOLS] = ()
    command: api_limits.Command | None = None
    entrypoint: api_limits.Entrypoint | None = None
    cluster_id: api_limits.ClusterId | None = None
    network_storages: Annotated[tuple[NetworkStorageMount, ...], api_limits.NETWORK_STORAGES] = ()
    network_id: api_limits.NetworkId | None = None
    kind: api_limits.Kind = "gpu"
    month: api_limits.Month | None = None
    billing_mode: api_limits.BillingMode | None = None
    auto_renew: api_limits.AutoRenew | None = None
    auto_renew_month: api_limits.AutoRenewMonth | None = None
    min_cuda_version: api_limits.MinCudaVersion | None = None

    @property
    def awaits_template(self) -> bool:
        """Whether a template may still fill in what is left out."""
        return False

    @property
    def effective_billing_mode(self) -> models.BillingMode:
        """How Novita will bill it: months above 0 make it monthly, whatever else is said."""
        return "monthly" if self.month else self.billing_mode or "onDemand"

    @property
    def opened_ports(self) -> tuple[Port, ...]:
        """Every port it opens, those of `ports` first, then those of `tools`."""
        return tuple(port for _, port in _openings(self))

    def problems(self) -> Iterator[Problem]:
        """Yield every broken rule of `RULES`."""
        for name, rule in RULES.items():
            yield from (replace(problem, rule=name) for problem in rule(self))


class CreateInstanceRequest(RequestFields):
    """A complete create request."""

    image_url: api_limits.ImageUrl


class CreateArguments(RequestFields):
    """The arguments of `create_gpu_instance`."""

    template_id: api_limits.TemplateId | None = None
    dry_run: api_limits.DryRun = False
    lease_hours: api_limits.LeaseHours | None = None

    @property
    def awaits_template(self) -> bool:
        return self.template_id is not None


def complete(arguments: CreateArguments, filled: Mapping[str, Any]) -> CreateInstanceRequest:
    """Return the request that `arguments` ask for; `filled` has a template's values by field name.

    Raises:
        InvalidArguments: Something is still missing, or the values break a rule together.

    """
    asked = arguments.model_fields_set & RequestFields.model_fields.keys()
    given = {name: getattr(arguments, name) for name in asked}
    replaced = CREDENTIALS if CREDENTIALS & asked else frozenset[str]()
    kept = {name: value for name, value in filled.items() if name not in replaced}
    return parse(CreateInstanceRequest, {**kept, **given})


def wire_body(request: CreateInstanceRequest, reveal: Callable[[str], str]) -> dict[str, Any]:
    """Return the exact JSON body to send; `reveal` turns a secret as written into the one to send."""
    return _body(request, lambda _, secret: reveal(secret.get_secret_value()))


def masked_body(
    request: CreateInstanceRequest,
    *,
    shown: Collection[str] = (models.MARKER_ENV,),
    references: Collection[str] = (),
) -> dict[str, Any]:
    """Return the body to show: every secret masked.

    Readable stay the variables named in `shown`, and `"$NAME"` where `references` holds NAME: any
    other value that starts with a dollar may be a secret as it stands.
    """

    def mask(name: str, secret: SecretStr) -> str:
        text = secret.get_secret_value()
        refers = text.startswith("$") and text[1:] in references
        return text if refers or name in shown else MASK

    return _body(request, mask)


def _body(request: CreateInstanceRequest, secret_text: Callable[[str, SecretStr], str]) -> dict[str, Any]:
    """Return the body with each secret as `secret_text` has it, given the secret's name."""
    dropped = GPU_ONLY if request.kind == "cpu" else frozenset[str]()
    body = request.model_dump(mode="json", exclude_none=True, exclude=set(dropped))
    if request.image_auth is not None:
        body["imageAuth"] = secret_text("imageAuth", request.image_auth)
    if request.ports is not None:
        body["ports"] = ", ".join(f"{port.number}/{port.type}" for port in _ports_of(request.ports))
    body["envs"] = [{"key": env.key, "value": secret_text(env.key, env.value)} for env in request.envs]
    return {name: value for name, value in body.items() if value != []}


def _ports_of(ports: str) -> Iterator[Port]:
    for entry in filter(None, ports.split(",")):
        number, _, kind = entry.strip().partition("/")
        yield Port.model_validate({"number": int(number), "type": kind})


def _openings(request: RequestFields) -> Iterator[tuple[str, Port]]:
    """Yield every port with the path of the field that opens it."""
    yield from (("ports", port) for port in _ports_of(request.ports or ""))
    for index, tool in enumerate(request.tools):
        yield f"tools[{index}].port", Port(number=int(tool.port), type=tool.type)


Rule = Callable[[RequestFields], Iterator[Problem]]


def _image_is_named(request: RequestFields) -> Iterator[Problem]:
    if request.image_url is None and not request.awaits_template:
        yield Problem("imageUrl", "is required, unless templateId names a template that has it")


def _disk_is_sized(request: RequestFields) -> Iterator[Problem]:
    if request.rootfs_size is None and request.kind == "gpu" and not request.awaits_template:
        low, high = api_limits.ROOTFS_GB
        yield Problem("rootfsSize", f"is required for kind gpu: {low} to {high} GB, or a templateId that has it")


def _gpus_are_counted(request: RequestFields) -> Iterator[Problem]:
    if request.gpu_num is None and request.kind == "gpu":
        low, high = api_limits.GPU_NUM
        yield Problem("gpuNum", f"is required for kind gpu: {low} to {high}")


def _no_reserved_port(request: RequestFields) -> Iterator[Problem]:
    low, high = api_limits.RESERVED_PORTS[0], api_limits.RESERVED_PORTS[-1]
    for path, port in _openings(request):
        if port.number in api_limits.RESERVED_PORTS:
            yield Problem(path, f"opens {port.number}, but {low} to {high} are Novita's own; choose another port")


def _no_port_twice(request: RequestFields) -> Iterator[Problem]:
    opened: dict[int, str] = {}
    for path, port in _openings(request):
        if port.number in opened:
            yield Problem(path, f"opens {port.number}, which {opened[port.number]} opens already; keep one")
        opened.setdefault(port.number, path)


def _few_enough_ports(request: RequestFields) -> Iterator[Problem]:
    excess = len(request.opened_ports) - api_limits.MAX_PORTS
    if excess > 0:
        path = "ports" if request.ports else "tools"
        total = f"ports and tools open {excess + api_limits.MAX_PORTS} ports together"
        yield Problem(path, f"{total}; at most {api_limits.MAX_PORTS} are allowed, so remove {excess}")


def _one_image_credential(request: RequestFields) -> Iterator[Problem]:
    auth = request.image_auth.get_secret_value() if request.image_auth else ""
    if auth and request.image_auth_id:
        yield Problem("imageAuth", "contradicts imageAuthId; send only one of them, best imageAuthId")


def _monthly_has_months(request: RequestFields) -> Iterator[Problem]:
    if request.billing_mode == "monthly" and not request.month:
        yield Problem("month", "must be at least 1 for billingMode monthly; or leave billingMode out")


def _months_are_monthly(request: RequestFields) -> Iterator[Problem]:
    if request.month and request.billing_mode in ("onDemand", "spot"):
        yield Problem(
            "month",
            f"above 0 makes it a monthly subscription, but billingMode is {request.billing_mode}; "
            "leave month out, or send billingMode monthly",
        )


RULES: Mapping[str, Rule] = {
    "image_required": _image_is_named,
    "rootfs_size_required": _disk_is_sized,
    "gpu_num_required": _gpus_are_counted,
    "reserved_ports": _no_reserved_port,
    "duplicate_ports": _no_port_twice,
    "most_ports": _few_enough_ports,
    "one_image_credential": _one_image_credential,
    "monthly_needs_month": _monthly_has_months,
    "month_needs_monthly": _months_are_monthly,
}
"""The rules that a JSON schema cannot state, by name."""


def doubts(request: RequestFields) -> Iterator[str]:
    """Yield what Novita allows but hardly anybody means."""
    yield from _billing_doubts(request)
    yield from _image_doubts(request)
    yield from _env_doubts(request)
    yield from _mount_doubts(request)
    if request.min_cuda_version == "":
        yield "minCudaVersion is empty, so any CUDA version will do."
    if request.kind == "cpu" and (request.gpu_num is not None or request.rootfs_size is not None):
        yield "kind is cpu, so gpuNum and rootfsSize are not sent; the product decides."


def _billing_doubts(request: RequestFields) -> Iterator[str]:
    monthly = request.effective_billing_mode == "monthly"
    if monthly and request.billing_mode is None:
        yield "month above 0 makes this a monthly subscription: paid up front, and it cannot be cancelled."
    if request.auto_renew and not monthly:
        yield "autoRenew has no effect without monthly billing."
    if request.auto_renew_month is not None and not (monthly and request.auto_renew):
        yield "autoRenewMonth has no effect without monthly billing and autoRenew."


def _image_doubts(request: RequestFields) -> Iterator[str]:
    image = request.image_url or "@"
    tag = image.rpartition("/")[2].partition(":")[2]
    if "@" not in image and tag in ("", "latest"):
        yield "imageUrl has no fixed tag, so the image may change from one start to the next."
    auth = request.image_auth.get_secret_value() if request.image_auth else ""
    if auth and ":" not in auth and not auth.startswith("$"):
        yield "imageAuth is not of the form username:password."


def _env_doubts(request: RequestFields) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, env in enumerate(request.envs):
        if not env.key:
            yield f"envs[{index}] has no name."
        elif env.key in first:
            yield f"envs[{index}] sets the variable of envs[{first[env.key]}] again; either may win."
        first.setdefault(env.key, index)


def _mount_doubts(request: RequestFields) -> Iterator[str]:
    places: dict[str, int] = {}
    volumes: dict[str, int] = {}
    for index, mount in enumerate(request.network_storages):
        if mount.mount_point in places:
            yield f"networkStorages[{index}] is mounted where networkStorages[{places[mount.mount_point]}] is."
        if mount.storage_id in volumes:
            yield f"networkStorages[{index}] is the volume of networkStorages[{volumes[mount.storage_id]}] again."
        places.setdefault(mount.mount_point, index)
        volumes.setdefault(mount.storage_id, index)
