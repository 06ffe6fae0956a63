"""The published schemas, and their agreement with the validator."""

import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from jsonschema import Draft202012Validator
from pydantic import Field, SecretStr

from novita_mcp.domain.base import Record, Usd
from novita_mcp.domain.create_request import RULES, CreateArguments
from novita_mcp.domain.schema import input_schema, output_schema
from novita_mcp.domain.validation import parse
from novita_mcp.errors import InvalidArguments, Problem

SCHEMA = input_schema(CreateArguments)
PUBLISHED = Draft202012Validator(SCHEMA)
EXAMPLES = 20_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1_500
BUDGET_BYTES = 5_600

FIELDS = [
    "productId", "gpuNum", "rootfsSize", "imageUrl", "name", "imageAuth", "imageAuthId", "ports", "envs",
    "tools", "command", "entrypoint", "clusterId", "networkStorages", "networkId", "kind", "month",
    "billingMode", "autoRenew", "autoRenewMonth", "minCudaVersion", "templateId", "dryRun", "leaseHours",
]  # fmt: skip


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema and every schema inside it."""
    yield schema
    for part in (*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])):
        yield from nodes(part)


def test_the_schema_is_valid_and_names_every_field_in_order() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]) == FIELDS
    assert SCHEMA["required"] == ["productId"]


def test_the_schema_is_flat_closed_and_plain() -> None:
    words = {word for node in nodes(SCHEMA) for word in node}
    assert words <= {
        "type", "properties", "required", "additionalProperties", "items", "enum", "default", "examples",
        "description", "pattern", "minLength", "maxLength", "maxItems", "minimum", "maximum",
        "exclusiveMinimum",
    }  # fmt: skip
    assert all(node["additionalProperties"] is False for node in nodes(SCHEMA) if "properties" in node)
    assert all(isinstance(node["type"], str) for node in nodes(SCHEMA))


def test_every_field_is_described() -> None:
    assert all("description" in field for node in nodes(SCHEMA) for field in node.get("properties", {}).values())


def test_only_defaults_that_mean_something_are_published() -> None:
    defaults = {name: part["default"] for name, part in SCHEMA["properties"].items() if "default" in part}
    assert defaults == {"kind": "gpu", "dryRun": False}


def test_the_schema_is_small_and_the_same_every_time() -> None:
    text = json.dumps(SCHEMA, separators=(",", ":"))
    assert len(text.encode()) < BUDGET_BYTES
    assert text == json.dumps(input_schema(CreateArguments), separators=(",", ":"))


def test_patterns_need_no_feature_that_a_regex_engine_may_lack() -> None:
    patterns = [node["pattern"] for node in nodes(SCHEMA) if "pattern" in node]
    assert len(patterns) == 3
    assert not [pattern for pattern in patterns if re.search(r"\(\?|\\[A-Za-mo-z]", pattern)]


class Part(Record):
    """A nested record, whose docstring is for programmers."""

    title: str
    price: Usd | None
    password: SecretStr = Field(default=SecretStr(""), exclude=True)


class Whole(Record):
    parts: tuple[Part, ...]
    first: Part | None
    kind: Literal["a", "b"] | None = None
    request: dict[str, Any]


class Filter(Record):
    at_most: Decimal | None = Field(default=None, gt=0)
    only: Literal["a"] = "a"


def test_a_decimal_is_asked_for_as_a_number_and_one_choice_as_enum() -> None:
    assert input_schema(Filter)["properties"] == {
        "atMost": {"type": "number", "exclusiveMinimum": 0},
        "only": {"type": "string", "enum": ["a"], "default": "a"},
    }


def test_a_result_may_be_null_and_hides_what_is_excluded() -> None:
    properties = output_schema(Whole)["properties"]
    assert properties["first"]["type"] == ["object", "null"]
    assert properties["first"]["properties"] == {
        "title": {"type": "string"},
        "price": {"type": ["number", "null"]},
    }
    assert properties["kind"] == {"type": ["string", "null"]}
    assert properties["parts"]["items"]["properties"].keys() == {"title", "price"}


def test_a_result_below_the_depth_is_just_an_object() -> None:
    properties = output_schema(Whole, depth=1)["properties"]
    assert properties["parts"] == {"type": "array", "items": {"type": "object"}}
    assert properties["first"] == {"type": ["object", "null"]}


@pytest.mark.parametrize("depth", [1, 2])
def test_a_result_fits_its_published_schema(depth: int) -> None:
    whole = Whole(parts=(Part(title="t", price=Decimal("0.35")),), first=None, request={"a": 1})
    Draft202012Validator(output_schema(Whole, depth)).validate(whole.model_dump(mode="json"))


def refusals(arguments: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        parse(CreateArguments, arguments)
    except InvalidArguments as error:
        return error.problems
    return ()


def assert_agreement(arguments: dict[str, Any]) -> None:
    """Schema and validator give the same verdict, but for what breaks a rule across fields."""
    found = refusals(arguments)
    by_limits = [problem for problem in found if not problem.rule]
    assert bool(by_limits) is not PUBLISHED.is_valid(arguments)
    assert {problem.rule for problem in found} - {""} <= RULES.keys()
    event("refused by a limit" if by_limits else "refused by a rule" if found else "accepted")


def generated(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that `schema` allows."""
    if schema["type"] == "array":
        return st.lists(generated(schema["items"]), max_size=3)
    if schema["type"] != "object":
        return from_schema(schema)
    # from_schema() of objects needs internals that current Hypothesis no longer has.
    parts = {name: generated(part) for name, part in schema["properties"].items()}
    required = {name: parts.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=parts)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
EDGE_TEXT = st.sampled_from([0, 1, 255, 256, 500, 501, 511, 512, 2047, 2048, 4095, 4096, 10239, 10240]).map(
    lambda length: "é" * length
)
EDGE_NUMBERS = st.sampled_from(
    [-1, 0, 1, 8, 8.0, 9, 10, 12, 13, 1.5, 6144, 6145, 8760, 8760.5, 10**30, 1e300, 5e-324, -0.0]
)
NEAR_PORTS = st.lists(
    st.tuples(
        st.sampled_from(["0", "1", "80", "080", "2221", "2222", "2224", "2225", "65535", "65536", "٨٠", ""]),
        st.sampled_from(["/", "/", "/", ":", " /", ""]),
        st.sampled_from(["tcp", "http", "tcp", "http", "udp", "TCP", ""]),
        st.sampled_from(["", "", " ", "\n", "\n\n", "\t", "\u00a0", "\r"]),
    ).map("".join),
    max_size=3,
).map(",".join)
CHOICES = ["gpu", "cpu", "GPU", "onDemand", "spot", "monthly", "Monthly", "Jupyter", "jupyter", "tcp", "http"]
VERSIONS = ["11.8", "11.8\n", " 12.4 ", "12", "12.", "١٢.٤", "12.4.1", "v12.4", "\n"]
TOOL_PORTS = ["1", "8888", "8888\n", " 8888", "2222", "65536", "0", "08", "٨"]
NEAR_WORDS = st.sampled_from([*CHOICES, *VERSIONS, *TOOL_PORTS])
SCALARS = st.one_of(TEXT, EDGE_TEXT, EDGE_NUMBERS, NEAR_PORTS, NEAR_WORDS, st.booleans(), st.none())

ENV = st.fixed_dictionaries({}, optional={"key": TEXT, "value": TEXT})
TOOL = st.fixed_dictionaries(
    {
        "name": st.just("Jupyter"),
        "port": st.sampled_from(["80", "8888", " 8888\n", "2222"]),
        "type": st.sampled_from(["tcp", "http"]),
    }
)
MOUNT = st.fixed_dictionaries({"Id": st.sampled_from(["a", "b", "c"])}, optional={"mountPoint": TEXT.filter(bool)})
NEAR_PARTS = st.dictionaries(
    st.sampled_from(["key", "value", "name", "port", "type", "Id", "id", "mountPoint", "describe"]), SCALARS, max_size=4
)
VALUES = st.one_of(
    SCALARS,
    NEAR_PARTS,
    st.lists(NEAR_PARTS | SCALARS, max_size=2),
    st.tuples(st.sampled_from([15, 16, 30, 31, 100, 101]), ENV | TOOL | MOUNT).map(lambda many: [many[1]] * many[0]),
)
NAMES = st.sampled_from([*FIELDS, "gpunum", "image", "cpuNum", "networkStorageId", "planId", "approved", "", "Id"])
PORTS = st.lists(
    st.tuples(st.sampled_from(["1/", " 80/", "443/", "\n2223/", "8888/", "65535/"]), st.sampled_from(["tcp", "http "])),
    max_size=3,
).map(lambda entries: ",".join("".join(entry) for entry in entries))
LIKELY = st.fixed_dictionaries(
    {
        "productId": st.just("p"),
        "gpuNum": st.integers(1, 8),
        "rootfsSize": st.integers(10, 6144),
        "imageUrl": TEXT.filter(bool),
    },
    optional={
        "ports": PORTS | st.just(",".join(f"{number}/tcp" for number in range(1, 16))),
        "kind": st.sampled_from(["gpu", "cpu"]),
        "envs": st.lists(ENV, max_size=3),
        "tools": st.lists(TOOL, max_size=2),
        "networkStorages": st.lists(MOUNT, max_size=2),
        "imageAuth": st.sampled_from(["", "a:b"]),
        "imageAuthId": st.sampled_from(["", "a"]),
        "month": st.sampled_from([0, 0, 1, 12]),
        "billingMode": st.sampled_from(["onDemand", "spot", "monthly"]),
        "templateId": TEXT.filter(bool),
        "leaseHours": st.floats(0, 8760, exclude_min=True),
    },
)


@st.composite
def near_misses(draw: st.DrawFn) -> dict[str, Any]:
    """A likely request with up to two of its arguments changed, added or left out."""
    arguments = draw(LIKELY)
    for name in draw(st.lists(NAMES, max_size=2)):
        arguments.pop(name, None)
        if draw(st.integers(0, 3)):
            arguments[name] = draw(VALUES)
    return arguments


thoroughly = settings(max_examples=EXAMPLES, deadline=None, database=None)


@thoroughly
@given(generated(SCHEMA))
def test_what_the_schema_allows_only_a_rule_refuses(arguments: dict[str, Any]) -> None:
    assert_agreement(arguments)


@thoroughly
@given(near_misses())
def test_schema_and_validator_agree_on_near_misses(arguments: dict[str, Any]) -> None:
    assert_agreement(arguments)


@settings(max_examples=200, deadline=None, database=None)
@given(near_misses())
def test_reading_arguments_leaves_them_as_they_were(arguments: dict[str, Any]) -> None:
    before = deepcopy(arguments)
    refusals(arguments)
    assert arguments == before
