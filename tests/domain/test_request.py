"""The rules across the fields of a create request, and the body that comes of it."""

from typing import Any

import pytest

from novita_mcp.domain.create_request import (
    RULES,
    CreateArguments,
    CreateInstanceRequest,
    complete,
    doubts,
    masked_body,
    wire_body,
)
from novita_mcp.domain.validation import parse
from novita_mcp.errors import InvalidArguments

BODY = {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:24.04"}
CPU = {"productId": "cpu.4c8g", "imageUrl": "ubuntu:24.04", "kind": "cpu"}
SECRET = "hunter2-hunter2"


def jupyter(port: str) -> dict[str, str]:
    return {"name": "Jupyter", "port": port, "type": "http"}


def request(arguments: dict[str, Any]) -> CreateInstanceRequest:
    return parse(CreateInstanceRequest, BODY | arguments)


def broken(arguments: dict[str, Any]) -> set[tuple[str, str]]:
    try:
        parse(CreateArguments, arguments)
    except InvalidArguments as error:
        return {(problem.rule, problem.path) for problem in error.problems}
    return set()


BREAKS = [
    ("image_required", "imageUrl", {"productId": "p", "gpuNum": 1, "rootfsSize": 60}),
    ("rootfs_size_required", "rootfsSize", {"productId": "p", "gpuNum": 1, "imageUrl": "i:1"}),
    ("gpu_num_required", "gpuNum", {"productId": "p", "templateId": "t"}),
    ("reserved_ports", "ports", BODY | {"ports": "80/http, 2223/tcp"}),
    ("reserved_ports", "tools[0].port", BODY | {"tools": [jupyter("2224")]}),
    ("duplicate_ports", "ports", BODY | {"ports": "80/http, 80/tcp"}),
    ("duplicate_ports", "tools[0].port", BODY | {"ports": "8888/http", "tools": [jupyter("8888")]}),
    ("duplicate_ports", "tools[1].port", BODY | {"tools": [jupyter("8888"), jupyter(" 8888 ")]}),
    (
        "most_ports",
        "ports",
        BODY | {"ports": ",".join(f"{n}/tcp" for n in range(1, 16)), "tools": [jupyter("8888")]},
    ),
    ("most_ports", "tools", BODY | {"tools": [jupyter(str(n)) for n in range(1, 17)]}),
    ("one_image_credential", "imageAuth", BODY | {"imageAuth": "a:b", "imageAuthId": "c"}),
    ("monthly_needs_month", "month", BODY | {"billingMode": "monthly"}),
    ("monthly_needs_month", "month", BODY | {"billingMode": "monthly", "month": 0}),
    ("month_needs_monthly", "month", BODY | {"billingMode": "onDemand", "month": 1}),
    ("month_needs_monthly", "month", BODY | {"billingMode": "spot", "month": 1}),
]


@pytest.mark.parametrize(("rule", "path", "arguments"), BREAKS)
def test_a_broken_rule_names_itself_and_the_path(rule: str, path: str, arguments: dict[str, Any]) -> None:
    assert broken(arguments) == {(rule, path)}


def test_every_rule_can_be_broken() -> None:
    assert {rule for rule, _, _ in BREAKS} == RULES.keys()


@pytest.mark.parametrize(
    "arguments",
    [
        CPU,
        CPU | {"gpuNum": 1, "rootfsSize": 60},
        {"productId": "p", "gpuNum": 1, "templateId": "t"},
        BODY | {"imageAuth": "", "imageAuthId": "c"},
        BODY | {"imageAuth": "a:b", "imageAuthId": ""},
        BODY | {"month": 1},
        BODY | {"month": 0, "billingMode": "spot"},
        BODY | {"autoRenew": True, "autoRenewMonth": 3},
        BODY | {"networkStorages": [{"Id": "a"}, {"Id": "b"}]},
        BODY | {"ports": "80/http", "tools": [jupyter("8888")]},
    ],
)
def test_no_rule_stands_in_the_way_of(arguments: dict[str, Any]) -> None:
    assert broken(arguments) == set()


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        ({}, "onDemand"),
        ({"billingMode": "spot"}, "spot"),
        ({"month": 0}, "onDemand"),
        ({"month": 2}, "monthly"),
        ({"billingMode": "monthly", "month": 2}, "monthly"),
    ],
)
def test_months_decide_how_it_is_billed(arguments: dict[str, Any], mode: str) -> None:
    assert request(arguments).effective_billing_mode == mode


def test_ports_of_both_fields_are_opened_in_order() -> None:
    asked = request({"ports": " 80/http,3306/tcp\n", "tools": [jupyter("8888")]})
    assert [(port.number, port.type) for port in asked.opened_ports] == [
        (80, "http"),
        (3306, "tcp"),
        (8888, "http"),
    ]


def test_a_template_fills_only_what_was_left_out() -> None:
    arguments = parse(CreateArguments, {"productId": "p", "gpuNum": 1, "templateId": "t", "command": ""})
    filled = {
        "image_url": "from:template",
        "rootfs_size": 80,
        "command": "from template",
        "envs": [{"key": "A", "value": SECRET}],
    }
    done = complete(arguments, filled)
    assert (done.image_url, done.rootfs_size, done.command) == ("from:template", 80, "")
    assert done.envs[0].value.get_secret_value() == SECRET


def test_the_calls_credential_replaces_the_templates() -> None:
    arguments = parse(CreateArguments, BODY | {"templateId": "t", "imageAuth": "user:pass"})
    done = complete(arguments, {"image_auth_id": "of-template"})
    assert done.image_auth_id is None


@pytest.mark.parametrize(
    ("filled", "path"),
    [
        ({"image_url": "i:1"}, "rootfsSize"),
        ({"rootfs_size": 60}, "imageUrl"),
        ({"image_url": "i:1", "rootfs_size": 7}, "rootfsSize"),
        ({"image_url": "i:1", "rootfs_size": 60, "ports": "2222/tcp"}, "ports"),
    ],
)
def test_a_template_must_keep_the_limits_too(filled: dict[str, Any], path: str) -> None:
    arguments = parse(CreateArguments, {"productId": "p", "gpuNum": 1, "templateId": "t"})
    with pytest.raises(InvalidArguments) as refusal:
        complete(arguments, filled)
    assert [problem.path for problem in refusal.value.problems] == [path]


def test_the_body_of_a_small_request_says_nothing_more() -> None:
    assert wire_body(request({}), str) == BODY | {"kind": "gpu"}


def test_the_body_of_a_cpu_request_has_neither_gpus_nor_disk() -> None:
    asked = parse(CreateInstanceRequest, CPU | {"gpuNum": 1, "rootfsSize": 60})
    assert wire_body(asked, str) == CPU


FULL = BODY | {
    "name": "n",
    "imageAuth": "user:" + SECRET,
    "ports": "80/http, 3306/tcp",
    "envs": [{"key": "TOKEN", "value": SECRET}, {"key": "HF", "value": "$HF_TOKEN"}],
    "tools": [jupyter("8888")],
    "command": "run",
    "entrypoint": "sh",
    "clusterId": "us-ca-6",
    "networkStorages": [{"Id": "v", "mountPoint": "/network"}],
    "networkId": "net",
    "kind": "gpu",
    "month": 1,
    "billingMode": "monthly",
    "autoRenew": True,
    "autoRenewMonth": 1,
    "minCudaVersion": "12.4",
}


def test_the_body_of_a_full_request_is_the_request() -> None:
    assert wire_body(request(FULL), lambda value: value) == FULL


def test_secrets_are_revealed_only_in_the_body_that_is_sent() -> None:
    body = wire_body(request(FULL), {"$HF_TOKEN": "real"}.get)
    assert body["envs"][1] == {"key": "HF", "value": "real"}


def test_a_masked_body_shows_no_secret() -> None:
    body = masked_body(request(FULL))
    assert body["imageAuth"] == "***"
    assert [env["value"] for env in body["envs"]] == ["***", "***"]
    assert SECRET not in str(body)
    assert body.keys() == FULL.keys()


def test_a_masked_body_shows_the_variables_and_references_that_are_known_to_be_harmless() -> None:
    body = masked_body(request(FULL), shown={"TOKEN"}, references={"HF_TOKEN"})
    assert [env["value"] for env in body["envs"]] == [SECRET, "$HF_TOKEN"]


def test_a_secret_that_looks_like_a_reference_stays_masked() -> None:
    asked = request({"envs": [{"key": "A", "value": "$ecret"}]})
    assert masked_body(asked, references={"HF_TOKEN"})["envs"] == [{"key": "A", "value": "***"}]


def test_no_repr_shows_a_secret() -> None:
    assert SECRET not in repr(request(FULL))
    assert SECRET not in str(request(FULL).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"autoRenew": True}, "autoRenew "),
        ({"autoRenewMonth": 2}, "autoRenewMonth"),
        ({"autoRenewMonth": 2, "month": 1, "billingMode": "monthly"}, "autoRenewMonth"),
        ({"month": 1}, "subscription"),
        ({"imageUrl": "ubuntu"}, "fixed tag"),
        ({"imageUrl": "registry:5000/ubuntu"}, "fixed tag"),
        ({"imageUrl": "ubuntu:latest"}, "fixed tag"),
        ({"imageAuth": "no-colon"}, "username:password"),
        ({"envs": [{"value": "1"}]}, "no name"),
        ({"envs": [{"key": "A"}, {"key": "A"}]}, "again"),
        ({"networkStorages": [{"Id": "a"}, {"Id": "b"}]}, "mounted where"),
        (
            {"networkStorages": [{"Id": "v", "mountPoint": "/a"}, {"Id": "v", "mountPoint": "/b"}]},
            "networkStorages[1] is the volume of networkStorages[0] again",
        ),
        ({"kind": "cpu"}, "not sent"),
        ({"minCudaVersion": " "}, "minCudaVersion"),
    ],
)
def test_a_doubtful_use_is_told_and_not_refused(arguments: dict[str, Any], word: str) -> None:
    told = list(doubts(request(arguments)))
    assert len(told) == 1
    assert word in told[0]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"imageUrl": "registry:5000/a/b@sha256:0123"},
        {"imageAuth": "$REGISTRY"},
        {"autoRenew": True, "autoRenewMonth": 1, "month": 1, "billingMode": "monthly"},
    ],
)
def test_a_plain_request_raises_no_doubt(arguments: dict[str, Any]) -> None:
    assert list(doubts(request(arguments))) == []
