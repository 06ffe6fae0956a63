"""Every limit of the create request, on both sides of its edge."""

from typing import Any

import pytest

from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.validation import parse
from novita_mcp.errors import InvalidArguments

BODY = {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:24.04"}
ENV = {"key": "A", "value": "1"}
TOOL = {"name": "Jupyter", "port": "8888", "type": "http"}


def envs(**parts: Any) -> dict[str, Any]:
    return {"envs": [ENV | parts]}


def tools(**parts: Any) -> dict[str, Any]:
    return {"tools": [TOOL | parts]}


def mounts(**parts: Any) -> dict[str, Any]:
    return {"networkStorages": [{"Id": "v"} | parts]}


def volumes(count: int) -> dict[str, Any]:
    return {"networkStorages": [{"Id": f"v{number}"} for number in range(count)]}


def ports(count: int) -> dict[str, Any]:
    return {"ports": ",".join(f"{8000 + number}/tcp" for number in range(count))}


def paths(arguments: dict[str, Any]) -> set[str]:
    try:
        parse(CreateArguments, BODY | arguments)
    except InvalidArguments as error:
        return {problem.path for problem in error.problems}
    return set()


@pytest.mark.parametrize(
    "allowed",
    [
        {"name": ""},
        {"name": "é" * 255},
        {"productId": "p"},
        {"productId": "p" * 255},
        {"gpuNum": 1},
        {"gpuNum": 8},
        {"gpuNum": 8.0},
        {"rootfsSize": 10},
        {"rootfsSize": 6144},
        {"imageUrl": "i"},
        {"imageUrl": "i" * 500},
        {"imageAuth": ""},
        {"imageAuth": "a" * 10239},
        {"imageAuthId": ""},
        {"ports": ""},
        {"ports": "   "},
        {"ports": "1/tcp"},
        {"ports": "65535/http"},
        {"ports": "80/http, 3306/tcp"},
        {"ports": " 80/http ,3306/tcp \n"},
        {"ports": "2221/tcp,2225/tcp"},
        ports(15),
        {"envs": []},
        {"envs": [ENV] * 100},
        {"envs": [{}]},
        envs(key=""),
        envs(key="k" * 511),
        envs(value=""),
        envs(value="v" * 4095),
        {"tools": []},
        tools(port="1"),
        tools(port="65535"),
        tools(type="tcp"),
        {"command": ""},
        {"command": "c" * 2047},
        {"entrypoint": ""},
        {"entrypoint": "e" * 2047},
        {"clusterId": ""},
        volumes(30),
        mounts(mountPoint="/"),
        mounts(mountPoint="m" * 4095),
        {"networkId": ""},
        {"kind": "gpu"},
        {"kind": "cpu"},
        {"month": 0},
        {"month": 1},
        {"month": 10**30},
        {"billingMode": "onDemand"},
        {"billingMode": "spot"},
        {"billingMode": "monthly", "month": 1},
        {"autoRenew": True},
        {"autoRenew": False},
        {"autoRenewMonth": 1},
        {"autoRenewMonth": 12},
        {"minCudaVersion": ""},
        {"minCudaVersion": "11.8"},
        {"minCudaVersion": "12." + "4" * 252},
        {"templateId": "t"},
        {"dryRun": True},
        {"leaseHours": 0.001},
        {"leaseHours": 8760},
    ],
    ids=str,
)
def test_what_the_page_allows_is_accepted(allowed: dict[str, Any]) -> None:
    assert paths(allowed) == set()


@pytest.mark.parametrize(
    ("path", "forbidden"),
    [
        ("name", {"name": "n" * 256}),
        ("productId", {"productId": ""}),
        ("productId", {"productId": "p" * 256}),
        ("gpuNum", {"gpuNum": 0}),
        ("gpuNum", {"gpuNum": 9}),
        ("gpuNum", {"gpuNum": 1.5}),
        ("gpuNum", {"gpuNum": True}),
        ("gpuNum", {"gpuNum": "1"}),
        ("rootfsSize", {"rootfsSize": 9}),
        ("rootfsSize", {"rootfsSize": 6145}),
        ("rootfsSize", {"rootfsSize": 10**400}),
        ("imageUrl", {"imageUrl": ""}),
        ("imageUrl", {"imageUrl": "i" * 501}),
        ("imageAuth", {"imageAuth": "a" * 10240}),
        ("ports", {"ports": "0/tcp"}),
        ("ports", {"ports": "65536/tcp"}),
        ("ports", {"ports": "080/tcp"}),
        ("ports", {"ports": "80/udp"}),
        ("ports", {"ports": "80/HTTP"}),
        ("ports", {"ports": "80"}),
        ("ports", {"ports": "80:http"}),
        ("ports", {"ports": "80 /http"}),
        ("ports", {"ports": "80/http,"}),
        ("ports", {"ports": "80/http 81/http"}),
        ("ports", {"ports": "٨٠/http"}),
        ("ports", {"ports": "80/http\u00a0"}),
        ("ports", {"ports": ["80/http"]}),
        ("ports", {"ports": 80}),
        ("ports", {"ports": "2222/tcp"}),
        ("ports", {"ports": "2224/http"}),
        ("ports", ports(16)),
        ("envs", {"envs": [ENV] * 101}),
        ("envs", {"envs": {"A": "1"}}),
        ("envs[0].key", envs(key="k" * 512)),
        ("envs[0].value", envs(value="v" * 4096)),
        ("envs[0].value", envs(value=1)),
        ("tools[0].name", tools(name="jupyter")),
        ("tools[0].port", tools(port="0")),
        ("tools[0].port", tools(port="65536")),
        ("tools[0].port", tools(port=8888)),
        ("tools[0].port", tools(port="2223")),
        ("tools[0].port", tools(port="٨٠")),
        ("tools[0].type", tools(type="udp")),
        ("tools[0].port", {"tools": [{"name": "Jupyter", "type": "http"}]}),
        ("command", {"command": "c" * 2048}),
        ("entrypoint", {"entrypoint": "e" * 2048}),
        ("networkStorages", volumes(31)),
        ("networkStorages[0].mountPoint", mounts(mountPoint="")),
        ("networkStorages[0].mountPoint", mounts(mountPoint="m" * 4096)),
        ("networkStorages[0].Id", {"networkStorages": [{}]}),
        ("networkStorages[0].id", mounts(id="v")),
        ("kind", {"kind": "tpu"}),
        ("month", {"month": -1}),
        ("billingMode", {"billingMode": "ondemand"}),
        ("autoRenew", {"autoRenew": 1}),
        ("autoRenewMonth", {"autoRenewMonth": 0}),
        ("autoRenewMonth", {"autoRenewMonth": 13}),
        ("minCudaVersion", {"minCudaVersion": "12"}),
        ("minCudaVersion", {"minCudaVersion": "12.4.1"}),
        ("minCudaVersion", {"minCudaVersion": "12." + "4" * 253}),
        ("templateId", {"templateId": ""}),
        ("dryRun", {"dryRun": "true"}),
        ("leaseHours", {"leaseHours": 0}),
        ("leaseHours", {"leaseHours": 8760.5}),
        ("leaseHours", {"leaseHours": float("inf")}),
        ("leaseHours", {"leaseHours": float("nan")}),
        ("leaseHours", {"leaseHours": 10**400}),
        ("leaseHours", {"leaseHours": "1"}),
        ("leaseHours", {"leaseHours": True}),
        ("name", {"name": None}),
        ("envs", {"envs": None}),
        ("envs[0].key", envs(key=None)),
        ("command", {"command": "\ud800"}),
        ("imageAuth", {"imageAuth": "\udfff"}),
    ],
    ids=lambda case: str(case)[:60].encode("unicode_escape").decode(),
)
def test_what_the_page_forbids_is_refused_at_its_path(path: str, forbidden: dict[str, Any]) -> None:
    assert path in paths(forbidden)


@pytest.mark.parametrize("field", sorted(BODY))
def test_what_the_page_requires_is_missed(field: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        parse(CreateArguments, {name: value for name, value in BODY.items() if name != field})
    assert {problem.path for problem in refusal.value.problems} == {field}
