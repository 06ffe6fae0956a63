"""A secret goes over the wire to Novita and nowhere else."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.server.support import KEY, Desk, desk, everything, failure, structured

pytestmark = pytest.mark.anyio

TOKEN = "tok-5ecr3t-value"
LOGIN = "robot:p4ssw0rd-of-the-registry"
ENVIRON = {"HF_TOKEN": TOKEN, "REGISTRY": LOGIN, "NOT_LISTED": "must-not-leave"}
LISTED = "HF_TOKEN,REGISTRY,UNSET"


def stored(state_dir: Path) -> bytes:
    return b"".join(file.read_bytes() for file in state_dir.rglob("*") if file.is_file())


def assert_absent(secret: str, d: Desk, state_dir: Path, caplog: pytest.LogCaptureFixture, *shown: str) -> None:
    places = [*shown, *d.person.questions, caplog.text]
    assert not [place for place in places if secret in place]
    assert secret.encode() not in stored(state_dir)


GIVEN: list[tuple[dict[str, Any], str, str]] = [
    ({"envs": [{"key": "HF_TOKEN", "value": "$HF_TOKEN"}]}, TOKEN, "$HF_TOKEN"),
    ({"imageAuth": "$REGISTRY"}, LOGIN, "$REGISTRY"),
    ({"envs": [{"key": "HF_TOKEN", "value": TOKEN}]}, TOKEN, "***"),
    ({"imageAuth": LOGIN}, LOGIN, "***"),
]


@pytest.mark.parametrize(("given", "secret", "seen"), GIVEN)
async def test_a_secret_is_sent_and_seen_nowhere(
    given: dict[str, Any], secret: str, seen: str, tmp_path: Path, era: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk(tmp_path, era=era, environ=ENVIRON, secret_envs=LISTED) as d:
        previewed = everything(await d.create(dryRun=True, **given))
        created = everything(await d.create(**given))
        instance_id = d.world.existing()[0].id
        later = [everything(await d.call(tool)) for tool in ("list_gpu_instances", "get_spending")]
        later.append(everything(await d.call("get_gpu_instance", instanceId=instance_id)))
        assert secret in str(d.creates[0].body)
        assert seen in previewed
        assert seen in created
        for word in (secret, KEY):
            assert_absent(word, d, tmp_path, caplog, previewed, created, *later)


FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 400, "body": {"reason": "VALIDATOR_PARAM", "message": f"bad value {TOKEN}"}},
    {"kind": "status", "status": 400, "body": f"cannot log in as {LOGIN}, password {LOGIN.partition(':')[2]}"},
    {"kind": "status", "status": 500, "body": {"reason": "UNKNOWN", "message": f"{TOKEN} {KEY}"}},
    {"kind": "status", "status": 401, "body": {"reason": "UNAUTHORIZED", "message": f"key {KEY} is wrong"}},
    {"kind": "status", "status": 200, "body": {"error": f"no {TOKEN}"}},
    {"kind": "status", "status": 200, "body": {"message": f"no {TOKEN} {LOGIN}"}},
    {"kind": "drop_after"},
    {"kind": "hang"},
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_error_repeats_no_secret_even_where_novita_does(
    fault: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"imageAuth": "$REGISTRY", "envs": [{"key": "HF_TOKEN", "value": "$HF_TOKEN"}]}
    async with desk(tmp_path, environ=ENVIRON, secret_envs=LISTED) as d:
        d.fault(**fault)
        shown = everything(await d.create(**given))
        for word in (TOKEN, LOGIN, LOGIN.partition(":")[2], KEY):
            assert_absent(word, d, tmp_path, caplog, shown)


async def test_a_name_that_is_not_listed_is_sent_as_it_stands_and_never_filled_in(tmp_path: Path) -> None:
    async with desk(tmp_path, environ=ENVIRON, secret_envs=LISTED) as d:
        outcome = await d.create(envs=[{"key": "A", "value": "$NOT_LISTED"}, {"key": "B", "value": "x$HF_TOKEN"}])
        sent = {env["key"]: env["value"] for env in d.creates[0].body["envs"]}
    assert (sent["A"], sent["B"]) == ("$NOT_LISTED", "x$HF_TOKEN")
    assert "must-not-leave" not in everything(outcome)
    assert "$NOT_LISTED" not in everything(outcome)
    assert any("envs[0].value is sent as it stands" in text for text in structured(outcome)["plan"]["warnings"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"envs": [{"key": "A", "value": "$UNSET"}]}, "envs[0].value: $UNSET is listed in NOVITA_MCP_SECRET_ENVS but not set"),
        ({"imageAuth": "$UNSET"}, "imageAuth: $UNSET is listed"),
        ({"imageAuth": "$NOT_LISTED"}, "NOVITA_MCP_SECRET_ENVS does not list"),
    ],
)  # fmt: skip
async def test_a_reference_that_cannot_be_filled_in_is_a_problem(
    given: dict[str, Any], words: str, tmp_path: Path
) -> None:
    async with desk(tmp_path, environ=ENVIRON, secret_envs=LISTED) as d:
        said = failure(await d.create(**given))
    assert words in said
    assert d.posts == []


async def test_a_wrong_argument_does_not_echo_its_secret(tmp_path: Path) -> None:
    wrong = {"imageAuth": LOGIN * 400, "envs": [{"key": "A", "value": TOKEN * 400}, {"key": "B", "valeu": TOKEN}]}
    async with desk(tmp_path) as d:
        said = failure(await d.create(**wrong))
    assert "imageAuth" in said
    assert TOKEN not in said
    assert LOGIN not in said


async def test_another_secret_is_another_plan(tmp_path: Path) -> None:
    def swap() -> None:
        environ["HF_TOKEN"] = "another-one"

    environ = dict(ENVIRON)
    given = {"envs": [{"key": "HF_TOKEN", "value": "$HF_TOKEN"}]}
    async with desk(tmp_path, environ=environ, secret_envs=LISTED) as d:
        d.person.while_reading = swap
        outcome = await d.create(**given)
    assert structured(outcome)["status"] == "created"
    assert "another-one" in str(d.creates[0].body)


async def test_the_key_is_in_no_file(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.created()
        d.fault("status", status=401)
        failure(await d.create())
        assert KEY.encode() not in stored(tmp_path)
