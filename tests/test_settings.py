"""Every setting from either place: its value, or all that is wrong with it."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from novita_mcp.domain.limits import Policy
from novita_mcp.domain.models import MARKER_ENV
from novita_mcp.errors import SettingsError
from novita_mcp.settings import KNOWN, Settings, load_settings

KEY = "sk_0123456789abcdef"


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def load(config_dir: Path, env: dict[str, str], toml: str = "", *, simulate: bool = False) -> Settings:
    if toml:
        file = config_dir / "config.toml"
        file.write_text(toml)
        file.chmod(0o600)
    return load_settings(env, config_dir=config_dir, data_dir=config_dir / "data", simulate=simulate)


def problems(config_dir: Path, env: dict[str, str], toml: str = "") -> str:
    with pytest.raises(SettingsError) as caught:
        load(config_dir, env, toml)
    return str(caught.value)


def test_without_any_setting_the_contract_s_defaults_hold(config_dir):
    settings = load(config_dir, {})
    assert settings.api_key is None
    assert settings.api_base_url == "https://api.novita.ai"
    assert settings.state_dir == config_dir / "data"
    assert settings.toolsets == ("core",)
    assert settings.secret_envs == ()
    assert settings.approval_channels == ("dialog", "page", "terminal")
    assert (settings.approval_wait_seconds, settings.max_questions_per_hour) == (45, 60)
    assert settings.config_file is None
    assert settings.policy == Policy()
    assert settings.policy.model_dump(by_alias=False) == {
        "approval": "human",
        "max_hourly_usd": 5,
        "max_total_hourly_usd": 10,
        "max_instances": 5,
        "max_gpus": 8,
        "monthly_budget_usd": None,
        "daily_budget_usd": None,
        "min_balance_hours": 1,
        "allowed_products": (),
        "allowed_clusters": (),
        "allowed_images": (),
        "allowed_billing": ("onDemand", "spot"),
        "allow_auto_renew": False,
        "default_lease_hours": None,
        "max_lease_hours": None,
        "require_lease": False,
    }


@pytest.mark.parametrize(
    ("name", "text", "toml", "value"),
    [
        ("approval", "confirm", 'approval = "confirm"', "confirm"),
        ("max_hourly_usd", "2.50", "max_hourly_usd = 2.50", Decimal("2.5")),
        ("max_total_hourly_usd", " 12 ", "max_total_hourly_usd = 12", Decimal(12)),
        ("max_instances", "0", "max_instances = 0", 0),
        ("max_gpus", "4", 'max_gpus = "4"', 4),
        ("monthly_budget_usd", "0.1", "monthly_budget_usd = 0.1", Decimal("0.1")),
        ("daily_budget_usd", "7", "daily_budget_usd = 7", Decimal(7)),
        ("min_balance_hours", "0", "min_balance_hours = 0", Decimal(0)),
        ("allowed_products", "4090.*, A100*", 'allowed_products = ["4090.*", "A100*"]', ("4090.*", "A100*")),
        ("allowed_clusters", "us-*", 'allowed_clusters = "us-*"', ("us-*",)),
        ("allowed_images", "docker.io/*", 'allowed_images = ["docker.io/*"]', ("docker.io/*",)),
        ("allowed_billing", "monthly,spot", 'allowed_billing = ["monthly", "spot"]', ("monthly", "spot")),
        ("allow_auto_renew", "YES", "allow_auto_renew = true", True),
        ("require_lease", "1", "require_lease = true", True),
        ("default_lease_hours", "0.5", "default_lease_hours = 0.5", Decimal("0.5")),
        ("max_lease_hours", "24", "max_lease_hours = 24", Decimal(24)),
    ],
)
def test_the_policy_reads_the_same_from_either_place(config_dir, name, text, toml, value):
    from_environment = load(config_dir, {f"NOVITA_MCP_{name.upper()}": text})
    assert getattr(from_environment.policy, name) == value
    from_file = load(config_dir, {}, f"[policy]\n{toml}\n")
    assert getattr(from_file.policy, name) == value


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("NOVITA_API_BASE_URL", "https://api.novita.ai/", "api_base_url", "https://api.novita.ai"),
        ("NOVITA_API_BASE_URL", "https://proxy.example/novita//", "api_base_url", "https://proxy.example/novita"),
        ("NOVITA_API_BASE_URL", "http://127.0.0.1:8080", "api_base_url", "http://127.0.0.1:8080"),
        ("NOVITA_API_BASE_URL", "http://127.9.9.9", "api_base_url", "http://127.9.9.9"),
        ("NOVITA_API_BASE_URL", "http://[::1]:80", "api_base_url", "http://[::1]:80"),
        ("NOVITA_API_BASE_URL", "http://LOCALHOST:1", "api_base_url", "http://LOCALHOST:1"),
        ("NOVITA_MCP_SECRET_ENVS", "HF_TOKEN, WANDB_KEY,HF_TOKEN", "secret_envs", ("HF_TOKEN", "WANDB_KEY")),
        ("NOVITA_MCP_TOOLSETS", "core,billing", "toolsets", ("core", "billing")),
        ("NOVITA_MCP_APPROVAL_CHANNELS", "terminal", "approval_channels", ("terminal",)),
        ("NOVITA_MCP_APPROVAL_WAIT_SECONDS", "600", "approval_wait_seconds", 600),
        ("NOVITA_MCP_MAX_QUESTIONS_PER_HOUR", "3", "max_questions_per_hour", 3),
        ("NOVITA_MCP_STATE_DIR", "/var/lib/novita", "state_dir", Path("/var/lib/novita")),
        ("NOVITA_MCP_STATE_DIR", "~/novita", "state_dir", Path.home() / "novita"),
        ("NOVITA_MCP_STATE_DIR", "near", "state_dir", Path.cwd() / "near"),
        ("NOVITA_MCP_MAX_GPUS", "", "policy", Policy()),
        ("NOVITA_MCP_OTHER", "", "policy", Policy()),
        (MARKER_ENV, "abc", "policy", Policy()),
        ("NOVITA_SOMETHING_ELSE", "abc", "policy", Policy()),
    ],
)
def test_a_variable_gives_a_value(config_dir, variable, text, name, value):
    assert getattr(load(config_dir, {variable: text}), name) == value


def test_the_environment_wins_over_the_file_name_by_name(config_dir):
    toml = 'api_base_url = "https://other.example"\nstate_dir = "ledger"\n[policy]\nmax_gpus = 2\nmax_instances = 3\n'
    settings = load(config_dir, {"NOVITA_MCP_MAX_GPUS": "4"}, toml)
    assert (settings.policy.max_gpus, settings.policy.max_instances) == (4, 3)
    assert settings.api_base_url == "https://other.example"
    assert settings.state_dir == config_dir / "ledger"
    assert settings.config_file == config_dir / "config.toml"


@pytest.mark.parametrize(
    ("env", "toml", "said"),
    [
        (
            {"NOVITA_MCP_MAX_GPUS": "many"},
            "",
            "NOVITA_MCP_MAX_GPUS (environment): must be a whole number from 0 to 1000000, not 'many'",
        ),
        ({"NOVITA_MCP_MAX_GPUS": "1.5"}, "", "must be a whole number"),
        ({"NOVITA_MCP_MAX_GPUS": "-1"}, "", "must be a whole number"),
        ({"NOVITA_MCP_MAX_GPUS": "٣"}, "", "must be a whole number"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "-0.1"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "nan"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "inf"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "1e99"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "1_000"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "5,00"}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": "9999999"}, "", "must be a number from 0 to 1000000"),
        ({"NOVITA_MCP_MAX_HOURLY_USD": " "}, "", "must be a number from 0"),
        ({"NOVITA_MCP_MAX_LEASE_HOURS": "0"}, "", "must be above 0"),
        ({"NOVITA_MCP_REQUIRE_LEASE": "maybe"}, "", "must be one of true, 1, yes, false, 0, no, not 'maybe'"),
        (
            {"NOVITA_MCP_APPROVAL": "humann"},
            "",
            "must be among human, confirm, none; not 'humann'; did you mean human?",
        ),
        ({"NOVITA_MCP_TOOLSETS": "core,storages"}, "", "did you mean storage?"),
        ({"NOVITA_MCP_TOOLSETS": "CORE"}, "", "did you mean core?"),
        ({"NOVITA_MCP_ALLOWED_BILLING": "ondemand"}, "", "did you mean onDemand?"),
        ({"NOVITA_MCP_ALLOWED_PRODUCTS": ","}, "", "without empty items"),
        ({"NOVITA_MCP_ALLOWED_PRODUCTS": "a,,b"}, "", "without empty items"),
        ({"NOVITA_MCP_APPROVAL_WAIT_SECONDS": "601"}, "", "from 0 to 600"),
        ({"NOVITA_MCP_APPROVAL_CHANNELS": "web"}, "", "must be among dialog, page, terminal"),
        ({"NOVITA_MCP_SECRET_ENVS": "$HF_TOKEN"}, "", "names of environment variables"),
        ({"NOVITA_MCP_MAX_GPU": "1"}, "", "did you mean NOVITA_MCP_MAX_GPUS?"),
        ({"NOVITA_MCP_XYZZY": "1"}, "", "'NOVITA_MCP_XYZZY' (environment): is not a setting"),
        ({"NOVITA_API_BASE_URL": "http://api.novita.ai"}, "", "must begin with https://"),
        ({"NOVITA_API_BASE_URL": "http://127.0.0.1.evil.example"}, "", "must begin with https://"),
        ({"NOVITA_API_BASE_URL": "http://2130706433"}, "", "must begin with https://"),
        ({"NOVITA_API_BASE_URL": "ftp://localhost"}, "", "must begin with https://"),
        ({"NOVITA_API_BASE_URL": "api.novita.ai"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "https://"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "https://host:port"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "https://[::1"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "https://a b"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "http://localhost\\@evil.example"}, "", "must be a URL"),
        ({"NOVITA_API_BASE_URL": "https://api.novita.ai?x=1"}, "", "must not have a query"),
        ({"NOVITA_API_BASE_URL": "https://api.novita.ai/#"}, "", "must not have a query"),
        ({"NOVITA_API_KEY": KEY + "\n"}, "", "ends with a line break"),
        ({"NOVITA_API_KEY": "sk_\nmore"}, "", "has a line break"),
        ({"NOVITA_API_KEY": f" {KEY}"}, "", "has a space"),
        ({"NOVITA_API_KEY": f"{KEY}\x07"}, "", "control character"),
        ({"NOVITA_API_KEY": KEY, "NOVITA_API_KEY_FILE": "/nowhere"}, "", "are both set"),
        ({"NOVITA_API_KEY_FILE": "/nowhere/key"}, "", "cannot be read"),
        (
            {"NOVITA_MCP_CONFIG": "/nowhere/config.toml"},
            "",
            "NOVITA_MCP_CONFIG (environment), which names /nowhere/config.toml: cannot be read",
        ),
        ({"NOVITA_MCP_CONFIG": "/"}, "", "cannot be read"),
        (
            {"NOVITA_MCP_DEFAULT_LEASE_HOURS": "5"},
            "[policy]\nmax_lease_hours = 2",
            "is 5, longer than max_lease_hours, 2",
        ),
        ({}, "max_gpus = 1", "line 1): belongs under [policy]"),
        ({}, "\n[policy]\n# one\nmax_gpus = -1", "config.toml, line 4): must be a whole number"),
        ({}, "[policy]\nmax_gpu = 1", "did you mean policy.max_gpus?"),
        ({}, "[policy]\nmax_hourly_usd = nan", "must be a number"),
        ({}, "[policy]\nmax_hourly_usd = true", "must be a number"),
        ({}, "[policy]\nmax_hourly_usd = [1]", "must be one value, not a list"),
        ({}, "[policy]\nallowed_products = []", "without empty items"),
        ({}, "[policy]\nmax_gpus = 2026-01-01", "must be a text, a number"),
        ({}, "[policies]\nmax_gpus = 1", "did you mean policy?"),
        ({}, "policy = 1", "is not a setting"),
        ({}, 'api_key = ""', "is empty"),
        ({}, "toolset = 1", "did you mean toolsets?"),
        ({}, "broken", "config.toml: is not TOML"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_place(config_dir, env, toml, said):
    assert said in problems(config_dir, env, toml)


def test_all_problems_of_both_places_are_listed_at_once(config_dir):
    env = {"NOVITA_MCP_MAX_GPUS": "x", "NOVITA_MCP_TYPO": "1", "NOVITA_API_BASE_URL": "http://a"}
    text = problems(config_dir, env, "typo = 1\n[policy]\nmax_gpus = -1\nrequire_lease = 7\n")
    assert text.startswith("6 problems with the settings; nothing was started:\n- ")
    assert text.count("\n- ") == 6


@pytest.mark.parametrize(
    ("env", "toml"),
    [
        ({"NOVITA_API_KEY": KEY + "\n"}, ""),
        ({"NOVITA_API_KEY": KEY, "NOVITA_MCP_TOOLSETS": KEY}, ""),
        ({"NOVITA_API_KEY": KEY.removeprefix("sk_"), "NOVITA_MCP_TOOLSETS": KEY.removeprefix("sk_")}, ""),
        ({"NOVITA_API_BASE_URL": f"https://user:{KEY}@api.novita.ai"}, ""),
        ({"NOVITA_MCP_SECRET_ENVS": f"HF_TOKEN={KEY}"}, ""),
        ({"NOVITA_MCP_APIKEY": KEY}, ""),
        ({}, f'api_key = "{KEY} "'),
        ({}, f'apikey = "{KEY}"'),
        ({}, f'api_key = "{KEY}'),
    ],
)
def test_a_secret_is_never_in_the_text(config_dir, env, toml):
    assert KEY.removeprefix("sk_") not in problems(config_dir, env, toml)


def test_the_key_is_taken_as_it_is_and_hidden(config_dir):
    settings = load(config_dir, {"NOVITA_API_KEY": KEY})
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    assert settings.api_key_place == "NOVITA_API_KEY (environment)"
    assert KEY not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize("content", [KEY, f"{KEY}\n", f"{KEY}\r\n"])
def test_a_key_file_may_end_its_line(config_dir, content):
    file = config_dir / "key"
    file.write_bytes(content.encode())
    file.chmod(0o600)
    settings = load(config_dir, {"NOVITA_API_KEY_FILE": str(file)}, f'api_key = "{"other" * 3}"')
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY


@pytest.mark.parametrize("content", ["", "\n", f"{KEY}\n\n", f"{KEY} ", "k\x00", "kéy"])
def test_a_key_file_with_anything_else_in_it_is_refused(config_dir, content):
    file = config_dir / "key"
    file.write_text(content)
    file.chmod(0o600)
    assert "NOVITA_API_KEY_FILE (environment)" in problems(config_dir, {"NOVITA_API_KEY_FILE": str(file)})


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_the_command_that_helps(config_dir, mode):
    key_file, config_file = config_dir / "key", config_dir / "other.toml"
    key_file.write_text(KEY)
    config_file.write_text(f'api_key = "{KEY}"')
    for file in (key_file, config_file):
        file.chmod(mode)
    assert f"chmod 600 {key_file}" in problems(config_dir, {"NOVITA_API_KEY_FILE": str(key_file)})
    text = problems(config_dir, {"NOVITA_MCP_CONFIG": str(config_file)})
    assert f"chmod 600 {config_file}" in text
    assert KEY not in text


def test_a_file_without_a_key_may_be_read_by_all(config_dir):
    file = config_dir / "config.toml"
    file.write_text("[policy]\nmax_gpus = 1\n")
    file.chmod(0o644)
    assert load(config_dir, {}).policy.max_gpus == 1


def test_the_simulator_needs_no_key_and_keeps_its_own_ledger(config_dir):
    settings = load(config_dir, {"NOVITA_API_KEY": "bad\n"}, simulate=True)
    assert settings.api_key is None
    assert settings.state_dir == config_dir / "data" / "simulator"
    named = load(config_dir, {"NOVITA_MCP_STATE_DIR": "/named"}, simulate=True)
    assert named.state_dir == Path("/named")


def test_every_field_of_the_policy_can_be_set():
    assert {setting.name for setting in KNOWN if setting.in_policy} == set(Policy.model_fields)


def test_settings_are_light_to_import():
    code = "import sys, novita_mcp.settings; print([m for m in ('mcp', 'httpx', 'platformdirs') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
