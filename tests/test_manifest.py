"""The bundle's manifest: what a host reads before it starts the server."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from novita_mcp import __version__
from novita_mcp.settings import KNOWN, load_settings
from tests.published import MANIFEST, ROOT, listed, manifest_tools
from tests.world import opened

pytestmark = pytest.mark.anyio

LOADED: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = {"manifest_version", "name", "version", "description", "author", "server"}
REFERENCE = re.compile(r"\$\{user_config\.([a-z_]+)\}")


def test_it_has_what_the_format_requires() -> None:
    assert LOADED.keys() >= REQUIRED
    assert LOADED["manifest_version"] == "0.4"
    assert LOADED["author"].keys() >= {"name"}
    assert LOADED["server"].keys() == {"type", "entry_point", "mcp_config"}
    assert all(option.keys() >= {"type", "title", "description"} for option in LOADED["user_config"].values())


def test_it_agrees_with_the_package() -> None:
    assert LOADED["name"] == PROJECT["name"]
    assert LOADED["version"] == __version__
    assert LOADED["description"] == PROJECT["description"]
    assert LOADED["compatibility"]["runtimes"]["python"] == PROJECT["requires-python"]
    assert LOADED["server"]["mcp_config"]["args"][-1] in PROJECT["scripts"]
    assert (ROOT / LOADED["server"]["entry_point"]).is_file()


async def test_it_lists_the_tools_as_the_server_does(tmp_path: Path) -> None:
    async with opened(tmp_path) as server:
        assert LOADED["tools"] == manifest_tools(await listed(server.client)), "run: make docs"


def test_only_the_key_is_asked_for_and_kept_secret() -> None:
    options = LOADED["user_config"]
    assert [name for name, option in options.items() if option["required"]] == ["api_key"]
    assert [name for name, option in options.items() if option.get("sensitive")] == ["api_key"]


def test_every_option_is_a_setting_of_the_same_name() -> None:
    environment = LOADED["server"]["mcp_config"]["env"]
    named = {setting.variable: setting.name for setting in KNOWN}
    assert {REFERENCE.fullmatch(value)[1]: named[variable] for variable, value in environment.items()} == {  # type: ignore[index]
        name: name for name in LOADED["user_config"]
    }


def test_a_form_that_is_left_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    environment = _filled_in(api_key="sk_from_the_form")
    settings = load_settings(environment, config_dir=tmp_path, data_dir=tmp_path)
    plain = load_settings({"NOVITA_API_KEY": "sk_from_the_form"}, config_dir=tmp_path, data_dir=tmp_path)
    assert settings == plain


def _filled_in(**answers: str) -> dict[str, str]:
    """What a host passes on: answers over defaults; an option with neither would stay a reference."""
    options = {name: str(option["default"]) for name, option in LOADED["user_config"].items() if "default" in option}
    values = options | answers
    environment = LOADED["server"]["mcp_config"]["env"]
    return {variable: REFERENCE.sub(lambda found: values[found[1]], text) for variable, text in environment.items()}
