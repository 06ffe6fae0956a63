"""What a person may set wrongly: the server says what, where and what is allowed, and never prints to stdout."""

from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.e2e.support import KEY, at, failure, novita, refused_start, session

WRONG = [
    ({"NOVITA_API_KEY": "sk_first\nsk_second"}, ("NOVITA_API_KEY", "line break")),
    ({"NOVITA_API_BASE_URL": "http://api.novita.ai"}, ("NOVITA_API_BASE_URL", "https")),
    ({"NOVITA_MCP_MAX_HOURLY_USD": "five"}, ("NOVITA_MCP_MAX_HOURLY_USD", "number")),
    ({"NOVITA_MCP_APPROVAL": "never"}, ("NOVITA_MCP_APPROVAL", "human", "confirm", "none")),
    ({"NOVITA_MCP_MAX_HOURLY": "5"}, ("NOVITA_MCP_MAX_HOURLY", "NOVITA_MCP_MAX_HOURLY_USD")),
]


@pytest.mark.parametrize(
    ("wrong", "words"), WRONG, ids=lambda value: next(iter(value)) if isinstance(value, dict) else ""
)
def test_a_wrong_setting_stops_the_start_with_one_clear_message(
    wrong: dict[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    ended = refused_start(tmp_path, {"NOVITA_API_KEY": KEY, **wrong})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert "1 problem with the settings" in ended.stderr
    assert all(word in ended.stderr for word in words), ended.stderr
    assert "sk_second" not in ended.stderr


def test_several_wrong_settings_are_told_together(tmp_path: Path) -> None:
    ended = refused_start(tmp_path, {name: value for wrong, _ in WRONG[1:3] for name, value in wrong.items()})
    assert "2 problems with the settings" in ended.stderr


def test_without_a_key_the_tools_are_listed_and_each_call_says_how_to_set_it(
    portal: BlockingPortal, tmp_path: Path
) -> None:
    with session(portal, tmp_path, {}) as keyless:
        tools = portal.call(keyless.client.list_tools).tools
        said = [failure(keyless.create()), failure(keyless.call("search_gpu_products"))]
        said += [failure(keyless.call(tool)) for tool in ("list_gpu_instances", "get_spending")]
        wrong = failure(keyless.create(gpuNum=9))
    assert len(tools) >= 11
    assert all("NOVITA_API_KEY" in text and "console" in text for text in said)
    assert "gpuNum" in wrong


def test_a_wrong_key_is_told_as_such_and_not_shown(portal: BlockingPortal, tmp_path: Path) -> None:
    with (
        novita(portal, keys=frozenset({"sk_the_right_one"})) as account,
        session(portal, tmp_path, at(account, NOVITA_API_KEY="sk_the_wrong_one")) as locked_out,
    ):
        said = [failure(locked_out.create()), failure(locked_out.call("search_gpu_products"))]
    assert all("UNAUTHORIZED" in text and "NOVITA_API_KEY" in text for text in said)
    assert not [text for text in said if "sk_the_wrong_one" in text]
    assert account.creates == []
    assert "sk_the_wrong_one" not in (tmp_path / "stderr.log").read_text()
