"""What the README says is what the program does."""

import json
import os
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from novita_mcp.cli import main
from novita_mcp.domain.models import HOURS_PER_MONTH
from novita_mcp.domain.pricing import FREE_ROOTFS_GB, ROOTFS_USD_PER_GB_DAY, VOLUME_USD_PER_GB_DAY
from novita_mcp.provisioning.book import LIFETIME
from novita_mcp.settings import CONFIG_VARIABLE, KNOWN, Settings, load_settings
from tests.published import README, ROOT, blocks, in_readme, listed
from tests.world import opened

pytestmark = pytest.mark.anyio

TEXT = README.read_text(encoding="utf-8")
VARIABLES = {setting.variable for setting in KNOWN} | {CONFIG_VARIABLE}
SETTINGS_ROW = re.compile(r"^\| `(NOVITA_[A-Z_]+)` \| ([^|]*) \|", re.MULTILINE)
CODE_BLOCK = re.compile(r"```(json|toml)\n(.*?)```", re.DOTALL)
FOLDERS = {"NOVITA_MCP_STATE_DIR": "your data folder", CONFIG_VARIABLE: "your configuration folder"}


async def test_the_generated_parts_are_what_the_server_says_now(tmp_path: Path) -> None:
    for name, made in (await blocks(tmp_path)).items():
        assert in_readme(TEXT, name) == made, f"run: make docs ({name})"


async def test_the_default_tool_list_costs_less_than_the_tokens_claimed(tmp_path: Path) -> None:
    claimed = re.search(r"less than ([\d,]+) tokens \(bytes / 4", TEXT)
    assert claimed is not None
    async with opened(tmp_path) as server:
        tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in await listed(server.client)]
    size = len(json.dumps({"tools": tools}, separators=(",", ":")).encode())
    assert size / 4 < int(claimed[1].replace(",", ""))


def test_every_setting_has_one_row_with_its_default(tmp_path: Path) -> None:
    rows = dict(SETTINGS_ROW.findall(TEXT))
    assert len(rows) == len(SETTINGS_ROW.findall(TEXT))
    assert rows.keys() == VARIABLES
    defaults = load_settings({}, config_dir=tmp_path, data_dir=tmp_path)
    wanted = {setting.variable: _default(defaults, setting.name) for setting in KNOWN} | FOLDERS
    assert {name: value.strip("`") for name, value in rows.items()} == wanted


def _default(settings: Settings, name: str) -> str:
    holder = settings if name in Settings.model_fields else settings.policy
    match getattr(holder, name, None):
        case None | () if name.startswith("allowed_"):
            return "all"
        case None | ():
            return "none"
        case bool() as flag:
            return "yes" if flag else "no"
        case tuple() as words:
            return ", ".join(words)
        case value:
            return str(value)


@pytest.mark.parametrize("block", CODE_BLOCK.findall(TEXT), ids=lambda block: block[1].split()[0])
def test_the_install_blocks_parse_and_set_only_what_exists(block: tuple[str, str]) -> None:
    language, source = block
    parsed = json.loads(source) if language == "json" else tomllib.loads(source)
    servers = parsed.get("mcpServers") or parsed.get("servers") or parsed["mcp_servers"]
    novita = servers["novita"]
    assert novita["command"] == "novita-mcp"
    assert {*novita.get("env", ()), *novita.get("env_vars", ())} <= VARIABLES


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`novita-mcp ([a-z-]+)", TEXT))))
def test_every_command_named_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0, capsys.readouterr().err


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE))))
def test_every_make_target_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT))))
def test_every_file_linked_exists(link: str) -> None:
    assert (ROOT / link).is_file()


@pytest.mark.parametrize(
    "claim",
    [
        f"${ROOTFS_USD_PER_GB_DAY} per GB and day beyond {FREE_ROOTFS_GB} GB",
        f"${VOLUME_USD_PER_GB_DAY} per GB and day",
        f"A month is {HOURS_PER_MONTH} hours",
    ],
)
def test_the_figures_are_those_of_the_code(claim: str) -> None:
    assert claim in " ".join(TEXT.split())


def test_an_approval_dies_when_the_page_says() -> None:
    assert "dies after ten minutes" in TEXT
    assert timedelta(minutes=10) == LIFETIME


def test_the_page_names_no_place_of_this_machine() -> None:
    assert str(Path.home()) not in TEXT
    assert os.fspath(ROOT) not in TEXT
