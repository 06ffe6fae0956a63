"""The official Python client holds the whole story against a real process, in both eras."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients import python_client
from tests.clients.story import SERVER, faults, server_environment

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("era", "protocol"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_the_python_client_finds_previews_declines_and_approves(
    era: python_client.Era, protocol: str, tmp_path: Path
) -> None:
    agreed, told = await python_client.tell(tmp_path, era)
    assert agreed == protocol
    assert {step: fault for step, fault in faults(told).items() if fault} == {}


def test_a_client_of_the_first_handshake_version_is_served_in_it(tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
    messages = (
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    )
    answers = _conversation(messages, tmp_path)
    assert answers[1]["protocolVersion"] == "2025-06-18"
    assert "create_gpu_instance" in {tool["name"] for tool in answers[2]["tools"]}


def _conversation(messages: tuple[dict[str, object], ...], folder: Path) -> dict[int, dict[str, list[dict[str, str]]]]:
    """The results by id; every line on stdout is a message of the protocol."""
    with subprocess.Popen(
        SERVER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=server_environment(folder),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        results = {}
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            if "id" in message:
                answer = json.loads(process.stdout.readline())
                results[answer["id"]] = answer["result"]
        process.stdin.close()
        assert process.wait(30) == 0
    return results
