"""Where the key is kept, in what order it is looked for, and how safe that is said to be."""

import importlib.util
import os
import stat
import subprocess
import sys

import pytest

from novita_mcp.errors import SettingsError
from novita_mcp.keys import KEYRING_PLACE, keep_in_file, keep_in_keyring, kept_key, key_source
from novita_mcp.settings import load_settings
from tests.secrets.canaries import KEY

OTHER = "sk_another_1234"


class Drawer:
    """A keyring that lives as long as a test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class Locked(Drawer):
    """A keyring that repeats what it is given in its errors."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"{KEY} is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


def drawer(key: str | None = KEY) -> Drawer:
    made = Drawer()
    if key is not None:
        keep_in_keyring(key, made)
    return made


def loaded(tmp_path, environ, keyring=None, **more):
    return load_settings(environ, config_dir=tmp_path, data_dir=tmp_path, keyring=lambda: keyring or drawer(), **more)


def test_the_keyring_is_asked_only_where_it_is_named(tmp_path):
    assert loaded(tmp_path, {}).api_key is None
    found = loaded(tmp_path, {"NOVITA_MCP_KEYRING": "true"})
    assert found.api_key is not None
    assert (found.api_key.get_secret_value(), found.api_key_place) == (KEY, KEYRING_PLACE)


def test_the_environment_wins_then_the_file_then_the_keyring(tmp_path):
    file = keep_in_file(OTHER, tmp_path)
    by_file = loaded(tmp_path, {"NOVITA_MCP_KEYRING": "true", "NOVITA_API_KEY_FILE": str(file)})
    assert by_file.api_key_place == "NOVITA_API_KEY_FILE (environment)"
    (tmp_path / "config.toml").write_text(f'api_key_file = "{file}"\nkeyring = true\n')
    assert "config.toml" in loaded(tmp_path, {}).api_key_place
    assert loaded(tmp_path, {"NOVITA_API_KEY": KEY}).api_key_place == "NOVITA_API_KEY (environment)"


def test_the_simulator_never_asks_the_keyring(tmp_path):
    assert loaded(tmp_path, {"NOVITA_MCP_KEYRING": "true"}, Locked(), simulate=True).api_key is None


def test_an_empty_keyring_is_no_key(tmp_path):
    assert loaded(tmp_path, {"NOVITA_MCP_KEYRING": "true"}, drawer(None)).api_key is None


def test_a_keyring_in_trouble_stops_the_start_without_repeating_anything(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: RuntimeError") as caught:
        loaded(tmp_path, {"NOVITA_MCP_KEYRING": "true"}, Locked())
    assert KEY not in str(caught.value)
    with pytest.raises(SettingsError, match="cannot be written") as caught:
        keep_in_keyring(KEY, Locked())
    assert KEY not in str(caught.value)


@pytest.mark.skipif(importlib.util.find_spec("keyring") is not None, reason="the package is there")
def test_without_the_package_the_words_say_how_to_get_it_or_do_without(tmp_path):
    with pytest.raises(SettingsError, match=r"novita-mcp\[keyring\].*login --file"):
        load_settings({"NOVITA_MCP_KEYRING": "true"}, config_dir=tmp_path, data_dir=tmp_path)


def test_what_is_kept_in_a_keyring_comes_back():
    assert kept_key(drawer(OTHER)) == OTHER


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
@pytest.mark.parametrize("before", [None, 0o644])
def test_the_key_file_is_its_owner_s_alone(tmp_path, before):
    if before is not None:
        (tmp_path / "api-key").write_text("old")
        (tmp_path / "api-key").chmod(before)
    file = keep_in_file(KEY, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["api-key"]
    found = loaded(tmp_path, {"NOVITA_API_KEY_FILE": str(file)})
    assert found.api_key is not None
    assert found.api_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("place", "safe"),
    [
        ("NOVITA_API_KEY (environment)", False),
        ("NOVITA_API_KEY_FILE (environment)", True),
        ("api_key_file (config.toml, line 1)", True),
        (KEYRING_PLACE, True),
    ],
)
def test_every_place_says_how_safe_it_is(place, safe):
    source = key_source(place)
    assert (source.place, source.safe) == (place, safe)
    assert source.advice


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    command = [sys.executable, "-m", "novita_mcp", *arguments]
    return subprocess.run(command, env=kept, input=f"{KEY}\n", capture_output=True, text=True, check=False)


def test_a_key_is_typed_on_a_terminal_and_never_piped():
    result = run("login", "--file")
    assert (result.returncode, result.stdout) == (2, "")
    assert "typed on a terminal" in result.stderr
    assert KEY not in result.stderr


def test_a_start_does_not_load_the_keyring():
    code = "import sys, novita_mcp.settings as s; s.load_settings({}); print('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
