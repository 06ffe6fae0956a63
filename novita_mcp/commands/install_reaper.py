"""`novita-mcp install-reaper`: a job of the system's own that enforces leases while no server runs."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from novita_mcp.errors import SettingsError
from novita_mcp.keys import FILE_NAME, KEYRING_PLACE
from novita_mcp.reapers import TIMER, Job, ReaperName, Unit, printed, units
from novita_mcp.settings import DEFAULT_BASE_URL, Settings, config_folder, load_settings

ENABLE: Mapping[ReaperName, str] = {
    "systemd": f"systemctl --user daemon-reload && systemctl --user enable --now {TIMER}",
    "launchd": "launchctl bootstrap gui/$(id -u) {path}",
}


def run(*, show: ReaperName | None) -> int:
    """Print one reaper, or write the one that fits this system after asking."""
    settings = load_settings(os.environ)
    job = job_for(settings, os.environ)
    if show is not None:
        sys.stdout.write(printed(show, job))
        return 0
    name = fitting(sys.platform)
    if name == "cron":
        sys.stdout.write(f"This system has neither systemd nor launchd; a line for cron:\n\n{printed('cron', job)}")
        return 0
    return _install(name, job)


def fitting(platform: str) -> ReaperName:
    """The scheduler of a system."""
    if platform == "darwin":
        return "launchd"
    return "systemd" if shutil.which("systemctl") else "cron"


def job_for(settings: Settings, environ: Mapping[str, str]) -> Job:
    """What a reaper with these settings runs; the key is named by its place and never in it."""
    return Job(command=_command(), variables=dict(_variables(settings, environ)))


def _command() -> tuple[str, ...]:
    script = shutil.which("novita-mcp")
    return (script, "reap") if script else (sys.executable, "-m", "novita_mcp", "reap")


def _variables(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "NOVITA_MCP_STATE_DIR", str(settings.state_dir.absolute())
    if settings.config_file is not None:
        yield "NOVITA_MCP_CONFIG", str(settings.config_file)
    if settings.api_base_url != DEFAULT_BASE_URL:
        yield "NOVITA_API_BASE_URL", settings.api_base_url
    if settings.api_key_place == KEYRING_PLACE:
        yield "NOVITA_MCP_KEYRING", "true"
    elif not settings.api_key_place or settings.api_key_place.endswith("(environment)"):
        named = environ.get("NOVITA_API_KEY_FILE")
        yield "NOVITA_API_KEY_FILE", str(Path(named).expanduser().absolute() if named else config_folder() / FILE_NAME)


def _install(name: ReaperName, job: Job) -> int:
    wanted = units(name, job)
    missing = [unit for unit in wanted if _content(unit) != unit.text]
    if not missing:
        print("It is installed already.")
    elif not _agreed(missing):
        print("Nothing was written.")
        return 1
    for unit in missing:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_text(unit.text, encoding="utf-8")
        print(f"Wrote {unit.path}")
    print(f"Switch it on with:\n  {ENABLE[name].format(path=wanted[0].path)}")
    _say_where_the_key_must_be(job)
    return 0


def _agreed(missing: list[Unit]) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError("This asks before it writes, so it needs a terminal. --print NAME prints only.")
    for unit in missing:
        print(f"--- {unit.path}{' (REPLACES what is there)' if unit.path.exists() else ''}\n{unit.text}")
    return input("Write this? [y/N] ").strip().casefold() in {"y", "yes"}


def _content(unit: Unit) -> str | None:
    try:
        return unit.path.read_text(encoding="utf-8")
    except OSError:
        return None


def _say_where_the_key_must_be(job: Job) -> None:
    file = job.variables.get("NOVITA_API_KEY_FILE")
    if file is not None and not Path(file).exists():
        print(f"The job reads the key from {file}, which does not exist yet: `novita-mcp login --file` writes it.")
