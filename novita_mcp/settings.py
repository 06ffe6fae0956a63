"""Environment and TOML → frozen Settings; every problem is reported at once."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from novita_mcp import setting_values as read
from novita_mcp.domain.base import Record
from novita_mcp.domain.limits import Policy
from novita_mcp.domain.models import MARKER_ENV
from novita_mcp.errors import Problem, SettingsError
from novita_mcp.files import others_can_read
from novita_mcp.keys import KEYRING_PLACE, Keyring, kept_key, system_keyring
from novita_mcp.setting_values import Raw, Reader, Unacceptable, near

APP = "novita-mcp"
DEFAULT_BASE_URL = "https://api.novita.ai"
TOOLSETS = ("core", "lifecycle", "storage", "templates", "registry", "network", "prewarm", "billing", "all")
Channel = Literal["dialog", "page", "terminal"]
CHANNELS: tuple[Channel, ...] = ("dialog", "page", "terminal")
LONGEST_KEY_FILE_BYTES = 4096
SHORTEST_KEY = 8


class Settings(Record):
    """What the person who starts the server decided."""

    api_key: SecretStr | None = None
    api_key_place: str = ""
    """Where the key came from: a variable, a file or the keyring; empty without a key."""
    keyring: bool = False
    """Whether the system keyring is asked where no variable and no file has the key."""
    api_base_url: str = DEFAULT_BASE_URL
    state_dir: Path
    secret_envs: tuple[str, ...] = ()
    toolsets: tuple[str, ...] = ("core",)
    approval_channels: tuple[Channel, ...] = CHANNELS
    approval_wait_seconds: int = 45
    max_questions_per_hour: int = 60
    policy: Policy = Policy()
    config_file: Path | None = None
    """The TOML file that was read, if there was one."""


@dataclass(frozen=True)
class Setting:
    """One name that may be set, and how its text is read."""

    name: str
    read: Reader
    in_policy: bool = False

    @property
    def variable(self) -> str:
        """Its environment variable."""
        prefix = "NOVITA_" if self.name.startswith("api_") else "NOVITA_MCP_"
        return prefix + self.name.upper()

    @property
    def key(self) -> str:
        """Its name in the TOML file."""
        return f"policy.{self.name}" if self.in_policy else self.name


KNOWN = (
    Setting("api_key", read.api_key),
    Setting("api_key_file", read.path),
    Setting("keyring", read.flag),
    Setting("api_base_url", read.base_url),
    Setting("state_dir", read.path),
    Setting("secret_envs", read.variable_names),
    Setting("toolsets", read.some_of(*TOOLSETS)),
    Setting("approval_channels", read.some_of(*CHANNELS)),
    Setting("approval_wait_seconds", read.whole(600)),
    Setting("max_questions_per_hour", read.whole()),
    Setting("approval", read.one_of("human", "confirm", "none"), in_policy=True),
    Setting("max_hourly_usd", read.number, in_policy=True),
    Setting("max_total_hourly_usd", read.number, in_policy=True),
    Setting("max_instances", read.whole(), in_policy=True),
    Setting("max_gpus", read.whole(), in_policy=True),
    Setting("monthly_budget_usd", read.number, in_policy=True),
    Setting("daily_budget_usd", read.number, in_policy=True),
    Setting("min_balance_hours", read.number, in_policy=True),
    Setting("allowed_products", read.words, in_policy=True),
    Setting("allowed_clusters", read.words, in_policy=True),
    Setting("allowed_images", read.words, in_policy=True),
    Setting("allowed_billing", read.some_of("onDemand", "spot", "monthly"), in_policy=True),
    Setting("allow_auto_renew", read.flag, in_policy=True),
    Setting("default_lease_hours", read.hours, in_policy=True),
    Setting("max_lease_hours", read.hours, in_policy=True),
    Setting("require_lease", read.flag, in_policy=True),
)
BY_KEY = {setting.key: setting for setting in KNOWN}
BY_VARIABLE = {setting.variable: setting for setting in KNOWN}
CONFIG_VARIABLE = "NOVITA_MCP_CONFIG"
NOT_SETTINGS = frozenset({CONFIG_VARIABLE, MARKER_ENV})
"""Names of ours that are no settings: the marker is there wherever this runs on an instance of its own."""
KEY_SETTINGS = frozenset({"api_key", "api_key_file"})
POLICY_NAMES = frozenset(setting.name for setting in KNOWN if setting.in_policy)


@dataclass(frozen=True)
class Given:
    """One setting as one place gives it; `file` is None for the environment."""

    setting: Setting
    raw: object
    place: str
    file: Path | None = None

    @property
    def folder(self) -> Path:
        """What a relative path is relative to."""
        return Path.cwd() if self.file is None else self.file.parent


@dataclass(frozen=True)
class Source:
    """What one place sets, and what in it is no setting at all."""

    given: tuple[Given, ...] = ()
    problems: tuple[Problem, ...] = ()
    file: Path | None = None


@dataclass
class Findings:
    """The values read so far, later ones over earlier ones, and everything wrong with them."""

    values: dict[str, object]
    problems: list[Problem] = field(default_factory=list)

    def add(self, source: Source) -> None:
        """Read all that one place gives."""
        self.problems.extend(source.problems)
        for given in source.given:
            try:
                self._take(given)
            except Unacceptable as error:
                self.problems.append(Problem(given.place, str(error)))

    def _take(self, given: Given) -> None:
        if given.setting.name in KEY_SETTINGS:
            self.values |= {"api_key": SecretStr(_key(given)), "api_key_place": given.place}
        else:
            self.values[given.setting.name] = _value(given)


def load_settings(
    environ: Mapping[str, str],
    *,
    config_dir: Path | None = None,
    data_dir: Path | None = None,
    simulate: bool = False,
    keyring: Callable[[], Keyring] = system_keyring,
) -> Settings:
    """Read the settings; the folders hold the defaults' places, and `simulate` reads no key.

    Raises:
        SettingsError: Listing every unknown name and every value that is not allowed.
    """
    file = _from_file(environ, config_dir)
    findings = Findings({"state_dir": _default_state_dir(data_dir, simulate=simulate)})
    for source in (file, _from_environment(environ)):
        findings.add(_without_key(source) if simulate else _with_one_key(source))
    findings.problems.extend(_contradictions(findings.values))
    if findings.problems:
        raise SettingsError(_report(findings.problems, environ.get("NOVITA_API_KEY", "")))
    if findings.values.get("keyring") and "api_key" not in findings.values and not simulate:
        findings.values = {**_from_keyring(keyring()), **findings.values}
    policy = {name: value for name, value in findings.values.items() if name in POLICY_NAMES}
    others = {name: value for name, value in findings.values.items() if name not in POLICY_NAMES}
    return Settings.model_validate({**others, "policy": Policy.model_validate(policy), "config_file": file.file})


def config_folder() -> Path:
    """Where this user's configuration lives."""
    return _default_config_dir(None)


def _from_keyring(keyring: Keyring) -> dict[str, object]:
    key = kept_key(keyring)
    return {} if key is None else {"api_key": SecretStr(key), "api_key_place": KEYRING_PLACE}


def _from_environment(environ: Mapping[str, str]) -> Source:
    ours = {name: text for name, text in environ.items() if text and name not in NOT_SETTINGS}
    given = (
        Given(BY_VARIABLE[name], text, f"{name} (environment)") for name, text in ours.items() if name in BY_VARIABLE
    )
    unknown = (name for name in ours if name.startswith("NOVITA_MCP_") and name not in BY_VARIABLE)
    return Source(
        tuple(given), tuple(_unknown(name, "environment", (*BY_VARIABLE, CONFIG_VARIABLE)) for name in unknown)
    )


def _unknown(name: str, place: str, known: Iterable[str]) -> Problem:
    return Problem(f"{name[:80]!a} ({place})", f"is not a setting{near(name, known)}")


def _from_file(environ: Mapping[str, str], config_dir: Path | None) -> Source:
    named = environ.get(CONFIG_VARIABLE)
    if not named:
        default = _default_config_dir(config_dir) / "config.toml"
        return _from_toml(default, str(default)) if default.is_file() else Source()
    place = f"{CONFIG_VARIABLE} (environment)"
    try:
        file = read.path(named)
    except Unacceptable as error:
        return Source(problems=(Problem(place, str(error)),))
    return _from_toml(file.absolute(), f"{place}, which names {file}")


def _from_toml(file: Path, place: str) -> Source:
    try:
        text = file.read_text(encoding="utf-8")
        tables = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        return Source(problems=(Problem(place, f"cannot be read ({error.strerror})"),))
    except UnicodeDecodeError:
        return Source(problems=(Problem(place, "is not UTF-8 text"),))
    except tomllib.TOMLDecodeError as error:
        return Source(problems=(Problem(place, f"is not TOML: {error}"),))
    return _from_tables(file, text, tables)


def _from_tables(file: Path, text: str, tables: Mapping[str, object]) -> Source:
    given: list[Given] = []
    problems: list[Problem] = []
    for key, value in _flat(tables):
        place = f"{file}{_line(text, key)}"
        if key in BY_KEY:
            given.append(Given(BY_KEY[key], value, f"{key} ({place})", file))
        elif f"policy.{key}" in BY_KEY:
            problems.append(Problem(f"{key} ({place})", "belongs under [policy]"))
        else:
            problems.append(_unknown(key, place, (*BY_KEY, "policy")))
    return Source(tuple(given), tuple(problems), file)


def _flat(tables: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in tables.items():
        if key == "policy" and isinstance(value, dict):
            yield from ((f"policy.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _line(text: str, key: str) -> str:
    name = re.escape(key.removeprefix("policy."))
    found = re.search(rf"^[ \t]*\[?[ \t]*(policy[ \t]*\.[ \t]*)?[\"']?{name}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    return f", line {text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _with_one_key(source: Source) -> Source:
    keys = [given for given in source.given if given.setting.name in KEY_SETTINGS]
    if len(keys) < len(KEY_SETTINGS):
        return source
    both = Problem(" and ".join(given.place for given in keys), "are both set; keep one of them")
    return replace(source, problems=(*source.problems, both))


def _without_key(source: Source) -> Source:
    return replace(source, given=tuple(given for given in source.given if given.setting.name not in KEY_SETTINGS))


def _value(given: Given) -> object:
    value = given.setting.read(_plain(given.raw))
    return (given.folder / value).absolute() if isinstance(value, Path) else value


def _plain(raw: object) -> Raw:
    """A TOML value as the text that the environment would hold."""
    match raw:
        case str():
            return raw
        case bool():
            return str(raw).lower()
        case int():
            return str(raw)
        case Decimal():
            return f"{raw:f}"
        case list():
            return tuple(str(item) for item in raw)
        case _:
            raise Unacceptable("must be a text, a number, true or false, or a list of texts")


def _key(given: Given) -> str:
    if given.setting.name == "api_key":
        if given.file is not None:
            _refuse_shared(given.file)
        return read.api_key(_plain(given.raw))
    file = given.folder / read.path(_plain(given.raw))
    try:
        _refuse_shared(file)
        with file.open("rb") as opened:
            content = opened.read(LONGEST_KEY_FILE_BYTES)
    except OSError as error:
        raise Unacceptable(f"names {file}, which cannot be read ({error.strerror})") from error
    line = content.decode("utf-8", errors="replace").removesuffix("\n").removesuffix("\r")
    return read.api_key(line)


def _refuse_shared(file: Path) -> None:
    if others_can_read(file):
        raise Unacceptable(f"is a key in a file that others can read; run: chmod 600 {file}")


def _contradictions(values: Mapping[str, object]) -> Iterator[Problem]:
    default, longest = values.get("default_lease_hours"), values.get("max_lease_hours")
    if isinstance(default, Decimal) and isinstance(longest, Decimal) and default > longest:
        yield Problem("default_lease_hours", f"is {default}, longer than max_lease_hours, {longest}")


def _report(problems: list[Problem], key: str) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    text = "\n".join((f"{count} with the settings; nothing was started:", *(f"- {problem}" for problem in problems)))
    return text.replace(key, "(the API key)") if len(key) >= SHORTEST_KEY else text


def _default_config_dir(config_dir: Path | None) -> Path:
    if config_dir is not None:
        return config_dir
    from platformdirs import user_config_path  # `--help` starts without it

    return user_config_path(APP, appauthor=False)


def _default_state_dir(data_dir: Path | None, *, simulate: bool) -> Path:
    """The simulator's instances never share a ledger with real ones, unless a person names one folder."""
    if data_dir is None:
        from platformdirs import user_data_path

        data_dir = user_data_path(APP, appauthor=False)
    return data_dir / "simulator" if simulate else data_dir
