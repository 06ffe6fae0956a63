"""What Novita may answer on a bad day: one clear message, nothing lost, nothing created twice."""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from mcp.types import CallToolResult

from novita_mcp.api.reasons import REASONS
from tests.e2e.support import (
    PATIENCE_SECONDS,
    Novita,
    Session,
    assert_protocol,
    at,
    failure,
    novita,
    session,
    structured,
    text,
)

UNATTENDED = {"NOVITA_MCP_APPROVAL": "none", "NOVITA_MCP_MAX_INSTANCES": "1000", "NOVITA_MCP_MIN_BALANCE_HOURS": "0"}
LIMITS = {**UNATTENDED, "NOVITA_MCP_MAX_TOTAL_HOURLY_USD": "1000"}
Call = tuple[str, dict[str, Any]]
SLOW: dict[str, tuple[dict[str, Any], Call]] = {
    # what the API answers for as long as anybody asks, and a call that needs that answer
    "a web page": ({"kind": "html", "path": "/products"}, ("search_gpu_products", {})),
    "half a body": ({"kind": "half_body", "path": "/clusters"}, ("list_resources", {"kind": "clusters"})),
    "nothing": ({"kind": "empty", "path": "/networkstorages/list"}, ("list_resources", {"kind": "networkStorages"})),
    "a 500": ({"kind": "status", "status": 500, "path": "/repository/auths"}, ("list_resources", {"kind": "registryAuths"})),
    "a 429": ({"kind": "status", "status": 429, "path": "/networks"}, ("list_resources", {"kind": "networks"})),
    "no answer at all": ({"kind": "hang", "path": "/gpu/instance"}, ("get_gpu_instance", {"instanceId": "x"})),
}  # fmt: skip
WORDS = {
    "a web page": ("a web page", "tried"),
    "half a body": ("before a complete answer", "tried"),
    "nothing": ("not complete JSON", "tried"),
    "a 500": ("a fault inside Novita", "tried"),
    "a 429": ("too many requests", "later"),
    "no answer at all": ("no complete answer", "tried once"),
}


@pytest.fixture(scope="module", autouse=True)
def slow(
    portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[CallToolResult]]]:
    """Calls that run into what does not pass, all at once: each takes as long as reads are tried again."""
    with (
        novita(portal) as account,
        novita(portal) as deaf,
        session(portal, tmp_path_factory.mktemp("slow"), at(account, **LIMITS)) as reading,
        session(portal, tmp_path_factory.mktemp("deaf"), at(deaf, **LIMITS)) as creating,
        session(portal, tmp_path_factory.mktemp("alone"), at(Novita(account.world, "http://127.0.0.1:9"))) as alone,
    ):
        for fault, _ in SLOW.values():
            account.fault(**fault, method="GET", times=1000)
        deaf.fault("status", status=503)
        pending = {name: reading.start(tool, **given) for name, (_, (tool, given)) in SLOW.items()}
        pending["a create that never happened"] = creating.start("create_gpu_instance", **_create())
        pending["nobody there"] = alone.start("search_gpu_products")
        yield pending


@pytest.fixture(scope="module")
def account(portal: BlockingPortal) -> Iterator[Novita]:
    with novita(portal) as opened:
        yield opened


@pytest.fixture(scope="module")
def served(portal: BlockingPortal, account: Novita, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(portal, tmp_path_factory.mktemp("days"), at(account, **LIMITS)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def calm(account: Novita) -> Iterator[None]:
    yield
    account.world.faults.clear()


def _create() -> dict[str, Any]:
    from tests.e2e.support import ARGS

    return dict(ARGS)


REFUSALS = sorted(set(REASONS) - {"RATE_LIMIT_EXCEEDED", "SEND_CODE_TOO_FAST", "LIST_BILL_TOO_FAST"})


def test_each_reason_of_the_table_is_one_clear_message(served: Session, account: Novita) -> None:
    before = account.world.created_count()
    for reason in REFUSALS:
        account.fault("status", status=400, body={"code": 400, "reason": reason, "message": "no"})
        said = failure(served.create())
        assert reason in said
        assert REASONS[reason].meaning in said
        assert "Trying again: " in said
        assert "Next: " in said
    assert account.world.created_count() == before
    assert served.kinds.count("refused") >= len(REFUSALS)


@pytest.mark.parametrize(
    ("headers", "words"), [({"Retry-After": "60"}, "asks to wait 60 seconds"), ({}, "Trying again: can help later")]
)
def test_too_many_requests_creates_nothing_and_says_when_to_come_back(
    headers: dict[str, str], words: str, served: Session, account: Novita
) -> None:
    before = account.world.created_count()
    account.fault("status", status=429, headers=headers)
    said = failure(served.create())
    assert words in said
    assert account.world.created_count() == before


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}])
def test_a_read_waits_as_long_as_it_is_asked_to(headers: dict[str, str], served: Session, account: Novita) -> None:
    account.fault("status", "/products", "GET", status=429, headers=headers)
    assert structured(served.call("search_gpu_products"))["products"]


def test_a_read_that_would_have_to_wait_too_long_says_so_at_once(served: Session, account: Novita) -> None:
    account.fault("status", "/products", "GET", status=429, headers={"Retry-After": "3600"}, times=9)
    assert "asks to wait 3600 seconds" in failure(served.call("search_gpu_products"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_stops_working_is_told_as_such(status: int, served: Session, account: Novita) -> None:
    account.fault("status", "/products", "GET", status=status)
    assert "NOVITA_API_KEY" in failure(served.call("search_gpu_products"))
    account.fault("status", status=status)
    assert "NOVITA_API_KEY" in failure(served.create())


LOST: dict[str, dict[str, Any]] = {
    "a web page": {"kind": "html", "commits": True},
    "half a body": {"kind": "half_body"},
    "nothing": {"kind": "empty"},
    "a closed connection": {"kind": "drop_after"},
    "garbage": {"kind": "garbage"},
    "a 500": {"kind": "status", "status": 500, "commits": True},
}


@pytest.mark.parametrize("answered", LOST)
def test_a_create_whose_reply_is_lost_is_found_again(answered: str, served: Session, account: Novita) -> None:
    before, sent = account.world.created_count(), len(account.creates)
    account.fault(**LOST[answered])
    outcome = structured(served.create())
    assert outcome["status"] == "created"
    assert outcome["instance"]["instanceId"] in account.world.instances
    assert (account.world.created_count(), len(account.creates)) == (before + 1, sent + 1)


def test_a_create_that_never_happened_says_so(slow: dict[str, Future[CallToolResult]]) -> None:
    said = failure(slow["a create that never happened"].result(PATIENCE_SECONDS))
    assert "did not happen" in said
    assert "Trying again is safe" in said


@pytest.mark.parametrize("answered", SLOW)
def test_a_read_that_never_succeeds_ends_in_one_clear_message(
    answered: str, slow: dict[str, Future[CallToolResult]]
) -> None:
    said = failure(slow[answered].result(PATIENCE_SECONDS))
    assert all(word in said for word in WORDS[answered]), said


def test_an_address_where_nobody_listens_is_told(slow: dict[str, Future[CallToolResult]]) -> None:
    assert "no connection could be made" in failure(slow["nobody there"].result(PATIENCE_SECONDS))


def test_after_all_that_the_server_still_works_and_spoke_nothing_but_the_protocol(served: Session) -> None:
    listed = served.call("list_gpu_instances")
    assert all(row["ours"] for row in structured(listed)["instances"])
    assert "NOT created here" not in text(listed)
    stdout = (served.folder / "stdout.log").read_bytes()
    assert_protocol(stdout)
    assert len(stdout.splitlines()) > len(REFUSALS)
    assert "Traceback" not in (served.folder / "stderr.log").read_text()


def test_the_ledger_tells_of_every_create_exactly_once(served: Session, account: Novita) -> None:
    kinds = served.kinds
    assert kinds.count("sending") == len(account.creates)
    assert kinds.count("done") == account.world.created_count()
    assert json.dumps(kinds).count("unknown") == 0
