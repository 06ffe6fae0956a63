"""Clients that vanish, calls that are cancelled, two calls at once: the ledger is complete and nothing happens twice."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from tests.e2e.support import (
    ARGS,
    ROOT,
    SERVE,
    Novita,
    assert_protocol,
    at,
    environment,
    eventually,
    ledger_kinds,
    novita,
    session,
    structured,
)

UNATTENDED = {"NOVITA_MCP_APPROVAL": "none"}


class Raw:
    """A server process and its bare pipes, for a client that does not say goodbye."""

    def __init__(self, folder: Path, account: Novita, *, approval: str = "none") -> None:
        self.errors = (folder / "stderr.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, *SERVE],
            env=environment(folder, at(account, NOVITA_MCP_APPROVAL=approval)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        client = {"name": "c", "version": "1"}
        self.say("initialize", 1, protocolVersion="2025-06-18", capabilities={"elicitation": {}}, clientInfo=client)
        assert self.hear()["result"]["protocolVersion"] == "2025-06-18"
        self.say("notifications/initialized")

    def say(self, method: str, number: int | None = None, **params: Any) -> None:
        self.send({"method": method, "params": params} | ({} if number is None else {"id": number}))

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def create(self) -> None:
        self.say("tools/call", 2, name="create_gpu_instance", arguments=dict(ARGS))

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def rest(self) -> bytes:
        """Everything that is still said until the process ends."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(30)
        self.errors.close()
        return said


@pytest.fixture
def account(portal: BlockingPortal) -> Any:
    with novita(portal) as opened:
        yield opened


def test_a_client_of_the_oldest_protocol_asks_its_person(account: Novita, tmp_path: Path) -> None:
    raw = Raw(tmp_path, account, approval="human")
    raw.create()
    asked = raw.hear()
    raw.send({"id": asked["id"], "result": {"action": "accept", "content": {"approve": True}}})
    answer = raw.hear()
    raw.hang_up()
    assert raw.rest() == b""
    assert raw.process.returncode == 0
    assert asked["method"] == "elicitation/create"
    assert "$0.35 per hour" in asked["params"]["message"]
    assert answer["result"]["structuredContent"]["status"] == "created"
    assert len(account.creates) == 1


def test_a_client_that_closes_its_end_in_the_middle_of_a_create_loses_nothing(account: Novita, tmp_path: Path) -> None:
    account.fault("drop_after")
    raw = Raw(tmp_path, account)
    raw.create()
    eventually(lambda: bool(account.creates))
    raw.hang_up()
    said = raw.rest()
    if said:
        assert_protocol(said)
    assert raw.process.returncode == 0
    assert ledger_kinds(tmp_path)[-2:] == ["sending", "done"]
    assert (account.world.created_count(), len(account.creates)) == (1, 1)
    assert "Traceback" not in (tmp_path / "stderr.log").read_text()


def test_a_server_that_is_killed_in_the_middle_of_a_create_is_settled_by_the_next(
    portal: BlockingPortal, account: Novita, tmp_path: Path
) -> None:
    account.fault("hang", commits=True)
    raw = Raw(tmp_path, account)
    raw.create()
    eventually(lambda: bool(account.creates))
    raw.process.kill()
    raw.hang_up()
    raw.rest()
    assert ledger_kinds(tmp_path)[-1] == "sending"
    with session(portal, tmp_path, at(account, **UNATTENDED)) as next_one:
        eventually(lambda: "settled" in next_one.kinds)
        listed = structured(next_one.call("list_gpu_instances"))["instances"]
    assert [row["ours"] for row in listed] == [True]
    assert (account.world.created_count(), len(account.creates)) == (1, 1)


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_a_call_that_is_cancelled_while_it_creates_is_recorded_and_not_repeated(
    era: str, portal: BlockingPortal, account: Novita, tmp_path: Path
) -> None:
    account.fault("drop_after")
    with session(portal, tmp_path, at(account, **UNATTENDED), era=era) as served:
        pending = served.start("create_gpu_instance", **ARGS)
        eventually(lambda: bool(account.creates))
        pending.cancel()
        eventually(lambda: served.kinds[-1] == "done")
        listed = structured(served.call("list_gpu_instances"))["instances"]
    assert [row["ours"] for row in listed] == [True]
    assert len(account.creates) == 1


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_two_calls_at_once_cannot_both_spend_the_last_dollar(
    era: str, portal: BlockingPortal, account: Novita, tmp_path: Path
) -> None:
    limits = {**UNATTENDED, "NOVITA_MCP_MAX_INSTANCES": "1"}
    with session(portal, tmp_path, at(account, **limits), era=era) as served:
        both = [served.start("create_gpu_instance", **ARGS) for _ in range(2)]
        statuses = sorted(structured(each.result(60))["status"] for each in both)
    assert statuses == ["created", "denied"]
    assert (account.world.created_count(), len(account.creates)) == (1, 1)


def test_two_servers_at_once_cannot_either(portal: BlockingPortal, account: Novita, tmp_path: Path) -> None:
    shared = {**UNATTENDED, "NOVITA_MCP_MAX_INSTANCES": "1", "NOVITA_MCP_STATE_DIR": str(tmp_path / "shared")}
    with (
        session(portal, tmp_path / "one", at(account, **shared)) as one,
        session(portal, tmp_path / "two", at(account, **shared)) as two,
    ):
        both = [served.start("create_gpu_instance", **ARGS) for served in (one, two)]
        statuses = sorted(structured(each.result(60))["status"] for each in both)
    assert statuses == ["created", "denied"]
    assert (account.world.created_count(), len(account.creates)) == (1, 1)
