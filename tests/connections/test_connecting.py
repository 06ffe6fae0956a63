"""The ways into an instance, for every shape in which Novita states them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from novita_mcp.api import wire_instances
from novita_mcp.domain.connections import Connections, PortRow, connections, ssh_target, web_address
from novita_mcp.domain.models import Connection, Instance, PortMapping

FIXTURES = Path(__file__).parents[1] / "fixtures"
PASSWORD = "EXAMPLE-NOT-A-REAL-PASSWORD"
PROXY = "proxy.us-ca-6.gpu-instance.novita.ai"

COMMANDS = [
    (f"ssh -p 32787 root@{PROXY}", f"ssh -p 32787 root@{PROXY}"),
    (f"ssh -p32787 root@{PROXY}", f"ssh -p 32787 root@{PROXY}"),
    (f"ssh root@{PROXY} -p 32787", f"ssh -p 32787 root@{PROXY}"),
    ("ssh -p 22001 root@203.0.113.7", "ssh -p 22001 root@203.0.113.7"),
    ("ssh root@203.0.113.7", "ssh -p 22 root@203.0.113.7"),
    ("ssh -l ubuntu -p 2200 203.0.113.7", "ssh -p 2200 ubuntu@203.0.113.7"),
    ("ssh 203.0.113.7 -p 2200", "ssh -p 2200 root@203.0.113.7"),
    ("root@203.0.113.7:22001", "ssh -p 22001 root@203.0.113.7"),
    ("ssh ssh://root@203.0.113.7:22001", "ssh -p 22001 root@203.0.113.7"),
    ("ssh -p 22001 root@[2001:db8::7]", "ssh -p 22001 root@2001:db8::7"),
    ("ssh -o StrictHostKeyChecking=no -p 22001 root@203.0.113.7", "ssh -p 22001 root@203.0.113.7"),
    ("ssh -A -p 22001 root@203.0.113.7", "ssh -p 22001 root@203.0.113.7"),
    ("ssh -oProxyCommand=reboot -p 22 root@203.0.113.7", "ssh -p 22 root@203.0.113.7"),
]
REFUSED = [
    "",
    "ssh",
    "ssh -p 0 root@203.0.113.7",
    "ssh -p 99999 root@203.0.113.7",
    "ssh -p 22;reboot root@203.0.113.7",
    "ssh root@203.0.113.7;reboot",
    "ssh root@$(reboot)",
    "ssh root@-oProxyCommand=reboot",
    "ssh `reboot`@203.0.113.7",
    "ssh root@host\u202emoc.live",
    "ssh r\u043e\u043et@203.0.113.7",
]


@pytest.mark.parametrize(("stated", "pasted"), COMMANDS)
def test_an_ssh_command_is_taken_apart_and_put_together_again(stated: str, pasted: str) -> None:
    target = ssh_target(Connection(command=stated))
    assert target is not None
    assert target.command == pasted


@pytest.mark.parametrize("stated", REFUSED)
def test_what_is_no_plain_ssh_command_is_not_passed_on(stated: str) -> None:
    assert ssh_target(Connection(command=stated)) is None


def test_an_address_without_a_command_is_enough_for_ssh() -> None:
    target = ssh_target(Connection(address="203.0.113.7:22001", username="ubuntu"))
    assert target is not None
    assert target.command == "ssh -p 22001 ubuntu@203.0.113.7"


ADDRESSES = [
    ("https://abc-8888.us-ca-6.gpu-instance.novita.ai", "https://abc-8888.us-ca-6.gpu-instance.novita.ai"),
    ("https://abc-8888.us-ca-6.gpu-instance.novita.ai/lab/", "https://abc-8888.us-ca-6.gpu-instance.novita.ai/lab/"),
    ("https://abc.novita.ai/lab?token=hunter2#x", "https://abc.novita.ai/lab"),
    ("https://novita:hunter2@abc.novita.ai", "https://abc.novita.ai"),
    ("http://203.0.113.7:30080", "http://203.0.113.7:30080"),
    ("203.0.113.7:30080", "http://203.0.113.7:30080"),
    ("203.0.113.7", "http://203.0.113.7"),
    ("abc-8888.us-ca-6.gpu-instance.novita.ai", "https://abc-8888.us-ca-6.gpu-instance.novita.ai"),
    ("javascript:alert(1)", "«javascript:alert(1)»"),
    ("not an address\nat all", "«not an address⏎at all»"),
]


@pytest.mark.parametrize(("stated", "shown"), ADDRESSES)
def test_a_web_address_is_ready_to_paste_and_carries_no_secret(stated: str, shown: str) -> None:
    assert web_address(stated) == shown


PORTS = [
    ("tcp", f"{PROXY}:32801", f"{PROXY}:32801"),
    ("tcp", "203.0.113.7:32801", "203.0.113.7:32801"),
    ("tcp", "tcp://203.0.113.7:32801", "203.0.113.7:32801"),
    ("tcp", "no port here", "«no port here»"),
    ("tcp", "", ""),
    ("http", "", ""),
    ("http", "https://abc-80.us-ca-6.gpu-instance.novita.ai", "https://abc-80.us-ca-6.gpu-instance.novita.ai"),
]


@pytest.mark.parametrize(("kind", "stated", "shown"), PORTS)
def test_a_port_is_shown_as_a_url_or_as_host_and_port(kind: str, stated: str, shown: str) -> None:
    instance = _instance(ports=(PortMapping(port=80, type=kind, endpoint=stated),))
    assert connections(instance).ports == (PortRow(port=80, type=kind, endpoint=shown),)


def test_a_running_instance_shows_every_way_in() -> None:
    found = connections(_fixture("get-instance-running-jupyter"))
    place = "https://37d312386c80a3b9-{}.us-ca-6.gpu-instance.novita.ai"
    assert found == Connections(
        ssh_command=f"ssh -p 32787 root@{PROXY}",
        ssh_host=PROXY,
        ssh_port=32787,
        ssh_user="root",
        jupyter_url=place.format(8888),
        web_terminal_url=place.format(2223),
        ports=(
            PortRow(port=8888, type="http", endpoint=place.format(8888)),
            PortRow(port=6006, type="tcp", endpoint=f"{PROXY}:32801"),
        ),
    )


@pytest.mark.parametrize("name", ["pulling", "exited", "failed", "spot-terminated"])
def test_what_does_not_run_shows_no_way_in(name: str) -> None:
    assert not connections(_fixture(f"get-instance-{name}")).any


def test_addresses_of_an_earlier_start_are_not_shown_while_it_starts_again() -> None:
    stale = _fixture("get-instance-running-jupyter").model_copy(update={"status": "starting"})
    assert not connections(stale).any


@pytest.mark.parametrize(
    "missing", ["connectComponentSSH", "connectComponentJupyter", "connectComponentWebTerminal", "portMappings"]
)
@pytest.mark.parametrize("stated", [None, {}, "absent"])
def test_keys_that_are_missing_or_empty_hide_only_themselves(missing: str, stated: Any) -> None:
    fields = _fields("get-instance-running-jupyter") | {missing: stated}
    if stated == "absent":
        del fields[missing]
    found = connections(wire_instances.instance(fields))
    ways = {
        "connectComponentSSH": found.ssh_command,
        "connectComponentJupyter": found.jupyter_url,
        "connectComponentWebTerminal": found.web_terminal_url,
        "portMappings": found.ports,
    }
    assert [name for name, way in ways.items() if not way] == [missing]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("get-instance-*.json")), ids=lambda path: path.stem)
def test_no_fixture_lets_a_password_through(path: Path) -> None:
    if path.stem == "get-instance-not-found":
        return
    instance = _fixture(path.stem)
    assert PASSWORD not in connections(instance).model_dump_json() + instance.model_dump_json() + repr(instance)


def _instance(**fields: Any) -> Instance:
    ssh = Connection(command=f"ssh -p 32787 root@{PROXY}", password=SecretStr(PASSWORD))
    return Instance(instance_id="37d312386c80a3b9", name="a", status="running", ssh=ssh, **fields)


def _fixture(name: str) -> Instance:
    return wire_instances.instance(_fields(name))


def _fields(name: str) -> dict[str, Any]:
    return dict(json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))["response"])
