"""Sample data: what the simulated account and data centres hold at first.

Ids, names and prices were seen in public sources or made up in their manner; they show
the shapes, not Novita's offer of today.
"""

from dataclasses import dataclass
from typing import Any

DEFAULT_VOLUME_ID = "3d2c1b0a-1111-4222-8333-444455556666"
DEFAULT_NETWORK_ID = "vpc-550e8400-e29b-41d4-a716-446655440000"
DEFAULT_AUTH_ID = "8c1c7b0e"
DEFAULT_TEMPLATE_ID = "107672"
USER_ID = "00000000-0000-4000-8000-000000000000"
BEFORE_TIME = "1785700000"
"""When the samples were made, in unix seconds."""


@dataclass(frozen=True)
class GpuProduct:
    """A GPU product; prices are in 1/100000 USD per GPU and hour."""

    id: str
    name: str
    cpu_per_gpu: int
    memory_per_gpu_gb: int
    disk_per_gpu_gb: int
    price_raw: int
    spot_price_raw: int
    regions: tuple[str, ...]
    inventory: str = "normal"
    monthly_price_raw: int | None = None
    max_gpus: int = 8
    min_rootfs_gb: int = 10

    @property
    def max_rootfs_gb(self) -> int:
        """The largest root disk on offer."""
        return self.disk_per_gpu_gb

    @property
    def deployable(self) -> bool:
        """Whether there is stock."""
        return self.inventory != "none"

    @property
    def billing_methods(self) -> tuple[str, ...]:
        """The ways to pay for it."""
        spot = ("spot",) if self.spot_price_raw else ()
        monthly = ("monthly",) if self.monthly_price_raw is not None else ()
        return ("onDemand", *spot, *monthly)


@dataclass(frozen=True)
class CpuProduct:
    """A CPU product; its price is for the whole machine."""

    id: str
    name: str
    cpu_num: int
    memory_gb: int
    rootfs_gb: int
    price_raw: int
    regions: tuple[str, ...]
    deployable: bool = True


@dataclass(frozen=True)
class Cluster:
    """A data centre."""

    id: str
    name: str
    network_storage: bool = True
    instance_network: bool = False


@dataclass(frozen=True)
class Volume:
    """A network volume."""

    id: str
    name: str
    size_gb: int
    cluster_id: str


@dataclass(frozen=True)
class RegistryAuth:
    """A registry credential, password and all."""

    id: str
    name: str
    username: str
    password: str


CALIFORNIA = "US-CA-06 (California)"
SINGAPORE = "AS-SGP-02 (Singapore)"
INDIA = "AS-IN-01 (India)"
HONG_KONG = "CN-HK-01 (Hong Kong)"
NAS = "us-ca-nas-2"
BRITAIN = "EU-GB-01 (United Kingdom)"
"""A region that no cluster goes by, as on the wire."""
DALLAS = "US-01 (Dallas)"

CLUSTERS = (
    Cluster("us-ca-6", CALIFORNIA, instance_network=True),
    Cluster("us-ca-nas-2", NAS),
    Cluster("as-sgp-2", SINGAPORE),
    Cluster("as-in-1", INDIA, network_storage=False),
    Cluster("cn-hongkong-1", HONG_KONG),
)

GPU_PRODUCTS = (
    GpuProduct(
        "4090.16c62g", "RTX 4090 24GB", 16, 62, 6144, 35000, 17500, (CALIFORNIA, BRITAIN),
        monthly_price_raw=23000000,
    ),
    GpuProduct(
        "A100-80GB.14c240g", "A100 SXM 80GB", 14, 240, 3000, 160000, 0, (CALIFORNIA,),
        inventory="high", monthly_price_raw=105000000,
    ),
    GpuProduct("26", "RTX 4090 24GB", 16, 125, 1016, 67000, 0, (DALLAS,), inventory="none"),
    GpuProduct("4090.16c96g.v2", "RTX 4090 24GB", 16, 96, 2000, 36000, 17000, (NAS,), inventory="high"),
    GpuProduct("3090.16c92g", "RTX 3090 24GB", 16, 92, 1000, 21000, 10500, (HONG_KONG,), max_gpus=4),
    GpuProduct(
        "H100-SXM-80GB.26c220g", "H100 SXM 80GB", 26, 220, 3500, 145000, 73000, (CALIFORNIA, SINGAPORE),
        inventory="low",
    ),
    GpuProduct("5090.16c120g", "RTX 5090 32GB", 16, 120, 2000, 63000, 32000, (SINGAPORE, INDIA)),
    GpuProduct("L40S.22c125g", "L40S 48GB", 22, 125, 3000, 55000, 0, (SINGAPORE, HONG_KONG)),
)  # fmt: skip

CPU_PRODUCTS = (CpuProduct("cpu.8c16g", "8 vCPU 16 GB", 8, 16, 200, 5000, (CALIFORNIA, SINGAPORE)),)

VOLUMES = (Volume(DEFAULT_VOLUME_ID, "shared-data", 100, "us-ca-6"),)
REGISTRY_AUTHS = (RegistryAuth(DEFAULT_AUTH_ID, "docker.io", "exampleuser", "EXAMPLE-NOT-A-REAL-PASSWORD"),)


def sample_templates() -> dict[str, dict[str, Any]]:
    """Return the account's own template and a few official ones, by id."""
    own = _template(DEFAULT_TEMPLATE_ID, "pytorch-dev", "private", "pytorch/pytorch:latest", jupyter=8888)
    official = (
        _template("100001", "PyTorch 2.5", "official", "novitalabs/pytorch:v2.5-cu124", jupyter=8888),
        _template("100002", "vLLM OpenAI server", "official", "vllm/vllm-openai:latest", http=8000),
        _template("100003", "ComfyUI", "community", "novitalabs/comfyui:latest", http=8188),
    )
    return {template["Id"]: template for template in (own, *official)}


def _template(
    template_id: str, name: str, channel: str, image: str, *, jupyter: int | None = None, http: int = 8888
) -> dict[str, Any]:
    tools = [{"name": "Jupyter", "describe": "", "port": jupyter, "type": "http"}] if jupyter else []
    return {
        "Id": template_id,
        "name": name,
        "readme": "",
        "type": "instance",
        "channel": channel,
        "image": image,
        "imageAuth": "",
        "startCommand": "",
        "entrypoint": "",
        "rootfsSize": 60,
        "ports": [{"type": "http", "ports": [http]}],
        "envs": [],
        "tools": tools,
        "createdAt": BEFORE_TIME,
        "recommendCards": [{"gpuSpecId": "4090.18c.60g", "cardNum": "1"}],
        "minCudaVersion": "12.4",
    }
