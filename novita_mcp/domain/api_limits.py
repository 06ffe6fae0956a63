"""Every limit of the create request, stated once.

Source: https://novita.ai/docs/api-reference/gpu-instance-create-instance. Lengths count characters.
The schema, the validation and the error texts are all made from these types; the descriptions are
read by the agent that has to choose a value.
"""

import math
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from novita_mcp.domain import models


class Bounds(NamedTuple):
    """The least and the most that is allowed, both included."""

    low: int
    high: int


NAME_LENGTH = Bounds(0, 255)
PRODUCT_ID_LENGTH = Bounds(1, 255)
GPU_NUM = Bounds(1, 8)
ROOTFS_GB = Bounds(10, 6144)
IMAGE_URL_LENGTH = Bounds(1, 500)
IMAGE_AUTH_LENGTH = Bounds(0, 10239)
RESERVED_PORTS = range(2222, 2225)
MAX_PORTS = 15
MAX_ENVS = 100
ENV_KEY_LENGTH = Bounds(0, 511)
ENV_VALUE_LENGTH = Bounds(0, 4095)
COMMAND_LENGTH = Bounds(0, 2047)
ENTRYPOINT_LENGTH = Bounds(0, 2047)
MAX_NETWORK_STORAGES = 30
MOUNT_POINT_LENGTH = Bounds(1, 4095)
DEFAULT_MOUNT_POINT = "/network"
MIN_MONTHS = 0
AUTO_RENEW_MONTHS = Bounds(1, 12)
MIN_CUDA_VERSION_LENGTH = Bounds(0, 255)

MAX_LEASE_HOURS = 8760
"""A year; this server's own limit, not Novita's."""

# Allowing "\n" here makes `$` mean the same to engines that let it match before a last newline.
BLANKS = "[ \\n]*"
# 1 to 65535, without a leading zero.
PORT_PATTERN = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
ENTRY_PATTERN = f"{BLANKS}{PORT_PATTERN}/(tcp|http){BLANKS}"
PORTS_PATTERN = f"^({ENTRY_PATTERN}(,{ENTRY_PATTERN})*|{BLANKS})$"
TOOL_PORT_PATTERN = f"^{BLANKS}{PORT_PATTERN}{BLANKS}$"
CUDA_PATTERN = f"^{BLANKS}([0-9]+\\.[0-9]+{BLANKS})?$"
PORT_RANGE = f"1-65535 but not {RESERVED_PORTS[0]}-{RESERVED_PORTS[-1]}"


def _exact(value: Any) -> Any:
    """Return a number as the decimal it was written as; what is none stays, to be refused."""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(str(value))
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(length: Bounds, description: str, **more: Any) -> Any:
    return Field(min_length=length.low or None, max_length=length.high, description=description, **more)


def _whole(bounds: Bounds, description: str) -> Any:
    return Field(strict=True, ge=bounds.low, le=bounds.high, description=description)


Name = Annotated[str, _text(NAME_LENGTH, "Instance name; letters, digits and hyphens are safe.")]
ProductId = Annotated[str, _text(PRODUCT_ID_LENGTH, "What to rent: an id from search_gpu_products.")]
GpuNum = Annotated[int, _whole(GPU_NUM, "Number of GPUs. Required, except for kind cpu.")]
RootfsSize = Annotated[
    int,
    _whole(
        ROOTFS_GB,
        "Root disk in GB; the product may allow less. Required, except for kind cpu or with templateId.",
    ),
]
ImageUrl = Annotated[
    str,
    _text(
        IMAGE_URL_LENGTH,
        "Container image, best with a fixed tag. Required, except with templateId.",
        examples=["pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime"],
    ),
]
ImageAuth = Annotated[
    SecretStr,
    _text(
        IMAGE_AUTH_LENGTH,
        'Registry login "username:password", or "$NAME" for a secret the server holds. Prefer imageAuthId; never both.',
    ),
]
ImageAuthId = Annotated[str, Field(description="Stored registry login: an id from list_resources kind registryAuths.")]
Ports = Annotated[
    str,
    Field(
        pattern=PORTS_PATTERN,
        description=f"Ports to open: comma-separated PORT/TYPE, PORT {PORT_RANGE}, TYPE tcp or http; "
        f"at most {MAX_PORTS} together with tools.",
        examples=["80/http, 3306/tcp"],
    ),
    AfterValidator(str.strip),
]
EnvKey = Annotated[str, _text(ENV_KEY_LENGTH, "Variable name.")]
EnvValue = Annotated[SecretStr, _text(ENV_VALUE_LENGTH, 'Variable value, or "$NAME" for a secret the server holds.')]
ENVS = Field(max_length=MAX_ENVS, description="Environment variables of the container.")
ToolName = Annotated[Literal["Jupyter"], Field(description="Tool to start.")]
ToolPort = Annotated[
    str,
    Field(
        pattern=TOOL_PORT_PATTERN,
        description=f"Port as text, {PORT_RANGE}, and not in ports.",
        examples=["8888"],
    ),
    AfterValidator(str.strip),
]
PortType = Literal["tcp", "http"]
ToolPortType = Annotated[PortType, Field(description="Port type.")]
TOOLS = Field(description="Tools of official images; only some images have one.")
Command = Annotated[str, _text(COMMAND_LENGTH, "Startup command.")]
Entrypoint = Annotated[str, _text(ENTRYPOINT_LENGTH, "Replaces the image's ENTRYPOINT.")]
ClusterId = Annotated[
    str, Field(description="Cluster to run in: an id from list_resources kind clusters. Left out: any.")
]
NetworkStorageId = Annotated[
    str, Field(description="Volume: an id from list_resources kind networkStorages, in the same cluster.")
]
MountPoint = Annotated[str, _text(MOUNT_POINT_LENGTH, "Path to mount it at.")]
NETWORK_STORAGES = Field(max_length=MAX_NETWORK_STORAGES, description="Network volumes to mount.")
NetworkId = Annotated[str, Field(description="VPC network: an id from list_resources kind networks.")]
Kind = Annotated[models.Kind, Field(description="cpu drops gpuNum and rootfsSize.")]
Month = Annotated[
    int,
    Field(
        strict=True,
        ge=MIN_MONTHS,
        description="Months of a subscription, paid up front; 0 or left out: pay as you go.",
    ),
]
BillingMode = Annotated[
    models.BillingMode,
    Field(
        description="onDemand (default); spot: cheaper, may be reclaimed; "
        "monthly: needs month, paid up front, cannot be cancelled."
    ),
]
AutoRenew = Annotated[
    bool, Field(strict=True, description="Renew a subscription automatically; only with monthly billing.")
]
AutoRenewMonth = Annotated[int, _whole(AUTO_RENEW_MONTHS, "Months per renewal; only with autoRenew.")]
MinCudaVersion = Annotated[
    str,
    _text(
        MIN_CUDA_VERSION_LENGTH,
        "Lowest CUDA version of the host, MAJOR.MINOR.",
        pattern=CUDA_PATTERN,
        examples=["12.4"],
    ),
    AfterValidator(str.strip),
]

TemplateId = Annotated[str, Field(min_length=1, description="Template whose values fill what this call leaves out.")]
DryRun = Annotated[
    bool, Field(strict=True, description="Only preview: price, guardrails and warnings; nothing is created.")
]
LeaseHours = Annotated[
    Decimal,
    Field(
        strict=True,
        gt=0,
        le=MAX_LEASE_HOURS,
        allow_inf_nan=False,
        description="Stop automatically after this many hours; a limit of this server, not of Novita.",
    ),
    BeforeValidator(_exact),
]
