"""The main job over a real process: find, preview, approve, create, reach, stop, delete."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.e2e.support import Novita, Session, at, failure, novita, session, structured, text


@pytest.fixture(scope="module")
def account(portal: BlockingPortal) -> Iterator[Novita]:
    with novita(portal) as opened:
        yield opened


@pytest.fixture(scope="module", params=["legacy", "auto"])
def served(
    request: pytest.FixtureRequest, portal: BlockingPortal, account: Novita, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    with session(portal, tmp_path_factory.mktemp("main"), at(account), era=request.param) as opened:
        yield opened


def test_one_instance_lives_and_dies_under_a_persons_eyes(served: Session, account: Novita) -> None:
    before = account.world.created_count()
    assert "4090.16c62g" in text(served.call("search_gpu_products", query="4090"))
    assert structured(served.create(dryRun=True))["status"] == "preview"
    assert structured(served.create(productId="A100-80GB.14c240g", gpuNum=8))["status"] == "denied"
    assert account.world.created_count() == before
    instance_id = structured(served.create())["instance"]["instanceId"]
    waited = structured(served.call("get_gpu_instance", instanceId=instance_id, waitFor="running"))
    assert waited["connections"]["sshCommand"].startswith("ssh ")
    assert structured(served.call("stop_gpu_instance", instanceId=instance_id))["status"] == "stopped"
    assert structured(served.call("delete_gpu_instance", instanceId=instance_id))["status"] == "deleted"
    assert account.world.created_count() == before + 1
    assert ["Create" in served.questions[0], "Delete" in served.questions[1]] == [True, True]
    assert structured(served.call("get_spending"))["policy"]["maxHourlyUsd"] == 5


def test_every_problem_with_the_arguments_is_told_at_once(served: Session) -> None:
    said = failure(served.create(gpuNum=9, rootfsSize=1, ports="2222/tcp"))
    assert all(path in said for path in ("gpuNum", "rootfsSize", "ports"))


def test_the_embedded_simulator_needs_no_key_and_no_network(portal: BlockingPortal, tmp_path: Path) -> None:
    with session(portal, tmp_path, {"NOVITA_MCP_APPROVAL": "none"}, arguments=("--simulate",)) as simulated:
        assert structured(simulated.create())["status"] == "created"
        assert structured(simulated.call("list_gpu_instances"))["total"] == 1
