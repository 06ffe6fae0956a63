"""What the one validator understands, and what it says of what it does not."""

import json
from typing import Any

import pytest

from novita_mcp.domain.create_request import CreateArguments
from novita_mcp.domain.validation import parse
from novita_mcp.errors import InvalidArguments

BODY = {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:24.04"}
SECRET = "hunter2-hunter2"


def problems(arguments: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as refusal:
        parse(CreateArguments, arguments)
    return {problem.path: problem.message for problem in refusal.value.problems}


def test_all_problems_are_told_at_once() -> None:
    wrong = {
        "productId": "",
        "gpuNum": 9,
        "rootfsSize": "60",
        "ports": "2222/tcp, 80/http, 80/tcp",
        "imageUrl": "i:1",
        "envs": [{"key": "A"}, {"kee": "B"}],
        "billingMode": "monthly",
        "gpuCount": 1,
    }
    assert problems(wrong).keys() == {
        "productId",
        "gpuNum",
        "rootfsSize",
        "ports",
        "envs[1].kee",
        "month",
        "gpuCount",
    }


def test_an_error_lists_one_problem_a_line() -> None:
    with pytest.raises(InvalidArguments) as refusal:
        parse(CreateArguments, {"productId": "p", "gpuNum": 9, "rootfsSize": 5, "imageUrl": "i:1"})
    assert str(refusal.value).splitlines()[1:] == [
        "- gpuNum: is 9; must be a whole number from 1 to 8",
        "- rootfsSize: is 5; must be a whole number from 10 to 6144",
    ]


@pytest.mark.parametrize(
    ("arguments", "path", "message"),
    [
        ({"productId": ""}, "productId", "has 0 characters; must be text of 1 to 255 characters"),
        (
            {"gpuNum": "2"},
            "gpuNum",
            "must be a whole number from 1 to 8, not text; send the number without quotes",
        ),
        ({"gpuNum": True}, "gpuNum", "must be a whole number from 1 to 8, not true"),
        ({"gpuNum": 10**400}, "gpuNum", "is far too large; must be a whole number from 1 to 8"),
        ({"month": -1}, "month", "is -1; must be a whole number of at least 0"),
        ({"leaseHours": 0}, "leaseHours", "is 0; must be a number above 0 and at most 8760"),
        (
            {"autoRenew": "yes"},
            "autoRenew",
            "must be true or false, not text; send true or false without quotes",
        ),
        ({"kind": "GPU"}, "kind", 'must be one of "gpu", "cpu"; did you mean "gpu"?'),
        ({"tools": "x"}, "tools", "must be an array of objects with name, port, type, not text"),
        (
            {"envs": {}},
            "envs",
            "must be an array of objects with key, value, at most 100, not an object; put it in [ ]",
        ),
        (
            {"envs": [{}] * 101},
            "envs",
            "has 101 items; must be an array of objects with key, value, at most 100",
        ),
        (
            {"name": None},
            "name",
            "is null; must be text of at most 255 characters, or left out where it is optional",
        ),
        (
            {"name": "\ud83d"},
            "name",
            "holds half a character (a lone surrogate); send valid Unicode text",
        ),
    ],
)
def test_a_problem_says_what_is_allowed(arguments: dict[str, Any], path: str, message: str) -> None:
    assert problems(BODY | arguments) == {path: message}


@pytest.mark.parametrize(
    ("arguments", "path", "near"),
    [
        ({"gpunum": 1}, "gpunum", "gpuNum"),
        ({"gpu-num": 1}, "gpu-num", "gpuNum"),
        ({"image": "i"}, "image", "imageUrl"),
        ({"env": []}, "env", "envs"),
        ({"rootFsSize": 1}, "rootFsSize", "rootfsSize"),
        ({"networkStorages": [{"id": "v"}]}, "networkStorages[0].id", "Id"),
        ({"networkStorages": [{"Id": "v", "mountPath": "/"}]}, "networkStorages[0].mountPath", "mountPoint"),
    ],
)
def test_a_misspelt_name_brings_a_near_match(arguments: dict[str, Any], path: str, near: str) -> None:
    assert problems(BODY | arguments)[path] == f"is unknown; did you mean `{near}`?"


def test_a_name_like_no_other_brings_the_list() -> None:
    assert problems(BODY | {"envs": [{"zzz": 1}]})["envs[0].zzz"] == "is unknown; there are: key, value"


def test_a_name_with_odd_characters_is_not_repeated() -> None:
    assert list(problems(BODY | {"user:pass word\u202e": 1})) == ["(a name with odd characters)"]


def test_snake_case_names_are_understood() -> None:
    snake = {"product_id": "p", "gpu_num": 1, "rootfs_size": 60, "image_url": "i:1"}
    parsed = parse(CreateArguments, snake | {"network_storages": [{"storage_id": "v", "mount_point": "/m"}]})
    assert (parsed.gpu_num, parsed.network_storages[0].storage_id) == (1, "v")


def test_a_problem_with_a_snake_case_name_is_told_by_the_published_one() -> None:
    assert list(problems(BODY | {"auto_renew_month": 13})) == ["autoRenewMonth"]


@pytest.mark.parametrize(
    ("arguments", "path", "twin"),
    [
        ({"gpu_num": 1}, "gpu_num", "gpuNum"),
        ({"networkStorages": [{"Id": "v", "storage_id": "v"}]}, "networkStorages[0].storage_id", "Id"),
    ],
)
def test_both_spellings_of_one_field_are_refused(arguments: dict[str, Any], path: str, twin: str) -> None:
    assert problems(BODY | arguments) == {path: f"is the same as `{twin}`, which is there too; keep one"}


def test_nested_json_sent_as_text_is_undone() -> None:
    env = json.dumps({"key": "A", "value": "[1]"})
    parsed = parse(CreateArguments, BODY | {"envs": json.dumps([env]), "tools": "[]", "command": "[1]"})
    assert parsed.envs[0].value.get_secret_value() == "[1]"
    assert parsed.command == "[1]"


@pytest.mark.parametrize("text", ["", "{}", "nonsense", "[" * 100_000])
def test_text_that_holds_no_array_is_not_taken_for_one(text: str) -> None:
    assert list(problems(BODY | {"envs": text})) == ["envs"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"imageAuth": SECRET * 1000},
        {"imageAuth": [SECRET]},
        {"imageAuth": {"password": SECRET}},
        {"imageAuth": SECRET, "imageAuthId": "a"},
        {"image_auth": SECRET, "imageAuth": SECRET},
        {"envs": [{"key": "A", "value": SECRET * 1000}]},
        {"envs": [{"key": "A", "value": [SECRET]}]},
        {"envs": [{"key": SECRET * 1000, "value": SECRET}]},
        {"envs": [{"key": "A", "valeu": SECRET}]},
        {"envs": [SECRET]},
        {"envs": {"A": SECRET}},
        {"envs": f"A={SECRET}"},
        {"envs": [{"key": "A", "value": SECRET + "\ud800"}]},
        {"kind": SECRET},
        {"ports": SECRET},
        {"gpuNum": SECRET},
        {"tools": [{"name": SECRET, "port": SECRET, "type": SECRET}]},
    ],
)
def test_no_error_repeats_a_secret(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        parse(CreateArguments, BODY | arguments)
    assert SECRET not in str(refusal.value) + repr(refusal.value.problems)
    assert refusal.value.__context__ is None
