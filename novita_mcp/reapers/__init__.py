"""Ready-made jobs that enforce leases while no server runs, as text and as files to be written."""

import os
import plistlib
import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

from novita_mcp.domain.base import Record

ReaperName = Literal["systemd", "launchd", "cron", "ci"]
NAMES: tuple[ReaperName, ...] = ("systemd", "launchd", "cron", "ci")
SERVICE, TIMER = "novita-mcp-reap.service", "novita-mcp-reap.timer"
PLIST = "ai.novita.mcp.reap.plist"


class Job(Record):
    """What a reaper runs: a command, and variables that name places but hold no secret."""

    command: tuple[str, ...]
    variables: Mapping[str, str]


class Unit(Record):
    """One file of a reaper."""

    path: Path
    text: str


def units(name: ReaperName, job: Job, home: Path | None = None) -> tuple[Unit, ...]:
    """The files that a reaper needs in a home folder; none for those that a person puts somewhere else."""
    match name:
        case "systemd":
            folder = _systemd_folder(home)
            return (
                Unit(path=folder / SERVICE, text=_service(job)),
                Unit(path=folder / TIMER, text=_template(TIMER).template),
            )
        case "launchd":
            return (Unit(path=_launchd_folder(home) / PLIST, text=_plist(job)),)
        case "cron" | "ci":
            return ()


def printed(name: ReaperName, job: Job) -> str:
    """The whole reaper as text."""
    match name:
        case "cron":
            return _crontab(job)
        case "ci":
            return _workflow(job)
    return "\n".join(f"# {unit.path}\n{unit.text}" if name == "systemd" else unit.text for unit in units(name, job))


def installed_units(home: Path | None = None) -> tuple[Path, ...]:
    """The files that `install-reaper` would have written and that are there."""
    wanted = (_systemd_folder(home) / TIMER, _launchd_folder(home) / PLIST)
    return tuple(path for path in wanted if path.is_file())


def _systemd_folder(home: Path | None) -> Path:
    named = os.environ.get("XDG_CONFIG_HOME") if home is None else None
    return (Path(named) if named else (home or Path.home()) / ".config") / "systemd" / "user"


def _launchd_folder(home: Path | None) -> Path:
    return (home or Path.home()) / "Library" / "LaunchAgents"


def _template(name: str) -> Template:
    return Template(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def _service(job: Job) -> str:
    environment = "\n".join(f"Environment={_unit_word(f'{key}={value}')}" for key, value in job.variables.items())
    command = " ".join(_unit_word(word).replace("$", "$$") for word in job.command)
    return _template(SERVICE).substitute(environment=environment, command=command)


def _unit_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _plist(job: Job) -> str:
    arguments = "\n".join(f"    <string>{_xml(word)}</string>" for word in job.command)
    environment = "\n".join(
        f"    <key>{_xml(key)}</key>\n    <string>{_xml(value)}</string>" for key, value in job.variables.items()
    )
    text = _template(PLIST).substitute(arguments=arguments, environment=environment)
    plistlib.loads(text.encode())  # a broken file would be ignored in silence
    return text


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _crontab(job: Job) -> str:
    environment = " ".join(f"{key}={_cron_word(value)}" for key, value in job.variables.items())
    command = " ".join(_cron_word(word) for word in job.command)
    return _template("crontab.txt").substitute(environment=environment, command=command)


def _cron_word(word: str) -> str:
    return shlex.quote(word).replace("%", "\\%")


def _workflow(job: Job) -> str:
    quoted = ((key, value.replace("'", "''")) for key, value in job.variables.items())
    environment = "\n".join(f"          {key}: '{value}'" for key, value in quoted)
    return _template("github-actions.yml").substitute(environment=environment)
