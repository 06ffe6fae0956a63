"""Whether anything would enforce a lease right now, and the jobs that do it while no server runs."""

import json
import os
import plistlib
import shlex
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from novita_mcp import reapers
from novita_mcp.clock import SystemClock
from novita_mcp.commands.install_reaper import job_for
from novita_mcp.provisioning.enforcement import beat, enforcement, rest
from novita_mcp.provisioning.tending import tend_for_ever
from novita_mcp.reapers import Job, printed, units
from novita_mcp.settings import load_settings
from novita_mcp.simulator.faults import Fault
from tests.world import KEY

ODD = 'with "quotes", 100 % & <two> $words'


def now():
    return SystemClock().now()


def beats(state_dir, **changes):
    """Overwrite the last sign of life."""
    (file,) = state_dir.glob("enforcer-*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_without_a_sign_of_life_nothing_enforces_and_the_words_say_what_to_do(tmp_path):
    found = enforcement(tmp_path, now(), tmp_path)
    assert not found.enforced
    assert "novita-mcp install-reaper" in found.sentence


@pytest.mark.parametrize(("kind", "words"), [("serve", "a running server"), ("watch", "--watch"), ("reap", "a job")])
def test_a_fresh_sign_of_life_counts(tmp_path, kind, words):
    beat(tmp_path, kind, now())
    found = enforcement(tmp_path, now())
    assert found.enforced
    assert words in found.sentence


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_the_sign_of_life_is_its_owner_s_alone(tmp_path):
    beat(tmp_path, "serve", now())
    assert [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()] == [0o600]


@pytest.mark.parametrize("kind", ["serve", "watch"])
def test_the_sign_of_a_process_that_died_does_not_count(tmp_path, kind):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    beat(tmp_path, kind, now())
    beats(tmp_path, pid=dead.pid)
    assert not enforcement(tmp_path, now()).enforced


@pytest.mark.parametrize(
    ("kind", "age", "enforced"),
    [
        ("serve", timedelta(minutes=2), True),
        ("serve", timedelta(minutes=4), False),
        ("serve", timedelta(minutes=-4), False),
        ("reap", timedelta(minutes=14), True),
        ("reap", timedelta(minutes=16), False),
    ],
)
def test_an_old_sign_of_life_does_not_count(tmp_path, kind, age, enforced):
    beat(tmp_path, kind, now() - age)
    assert enforcement(tmp_path, now()).enforced is enforced


def test_a_process_takes_back_its_own_sign_only(tmp_path):
    beat(tmp_path, "serve", now())
    beats(tmp_path, pid=os.getppid())
    rest(tmp_path, "serve")
    assert enforcement(tmp_path, now()).enforced
    beats(tmp_path, pid=os.getpid())
    rest(tmp_path, "serve")
    assert not enforcement(tmp_path, now()).enforced


@pytest.mark.parametrize("content", ["", "nonsense", "{}", '{"kind": "serve", "pid": "x", "at": "now"}'])
def test_a_damaged_sign_is_no_sign(tmp_path, content):
    (tmp_path / "enforcer-serve.json").write_text(content)
    assert not enforcement(tmp_path, now()).enforced


@pytest.mark.anyio
async def test_a_server_shows_that_it_lives_and_goes_on_after_any_mishap(server, leased):
    server.world.faults.add(Fault(kind="status", status=500, times=1000))
    with anyio.fail_after(60):
        await _outlived(server, leased)
    assert not enforcement(server.app.settings.state_dir, server.clock.now()).enforced


async def _outlived(server, leased):
    async with anyio.create_task_group() as group:
        group.start_soon(tend_for_ever, server.app)
        while server.clock.monotonic() < 4000:
            await anyio.lowlevel.checkpoint()
        assert enforcement(server.app.settings.state_dir, server.clock.now()).enforced
        server.world.faults.clear()
        while server.world.instances[leased].status(server.clock.now()) != "exited":
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


def job(tmp_path: Path) -> Job:
    variables = {"NOVITA_MCP_STATE_DIR": f"/state/{ODD}", "NOVITA_API_KEY_FILE": str(tmp_path / "api-key")}
    return Job(command=(f"/opt/{ODD}/novita-mcp", "reap"), variables=variables)


def test_the_launchd_job_survives_odd_paths(tmp_path):
    (unit,) = units("launchd", job(tmp_path))
    read = plistlib.loads(unit.text.encode())
    assert read["ProgramArguments"] == list(job(tmp_path).command)
    assert read["EnvironmentVariables"] == job(tmp_path).variables


def test_the_systemd_service_escapes_what_systemd_would_expand(tmp_path):
    service, timer = units("systemd", job(tmp_path))
    assert 'ExecStart="/opt/with \\"quotes\\", 100 %% & <two> $$words/novita-mcp" "reap"' in service.text
    assert 'Environment="NOVITA_MCP_STATE_DIR=/state/with \\"quotes\\", 100 %% & <two> $words"' in service.text
    assert "WantedBy=timers.target" in timer.text


def test_the_line_for_cron_survives_a_shell(tmp_path):
    line = printed("cron", job(tmp_path)).splitlines()[-1].removeprefix("*/2 * * * * ")
    words = shlex.split(line.replace("\\%", "%"))
    assert words[0] == f"NOVITA_MCP_STATE_DIR=/state/{ODD}"
    assert words[2:4] == list(job(tmp_path).command)


@pytest.mark.parametrize("name", reapers.NAMES)
@pytest.mark.parametrize("place", ["variable", "file"])
def test_no_job_ever_holds_the_key(tmp_path, name, place):
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    given = {"NOVITA_API_KEY": KEY} if place == "variable" else {"NOVITA_API_KEY_FILE": str(key_file)}
    environ = {**given, "NOVITA_MCP_STATE_DIR": str(tmp_path)}
    text = printed(name, job_for(load_settings(environ, config_dir=tmp_path), environ))
    assert KEY not in text
    assert ("NOVITA_API_KEY_FILE" in text, str(key_file) in text) == (True, place == "file")


def test_an_installed_unit_is_found_but_does_not_count_as_enforcing(tmp_path):
    for unit in units("systemd", job(tmp_path), tmp_path):
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_text(unit.text)
    found = enforcement(tmp_path, now(), tmp_path)
    assert [path.name for path in found.units] == ["novita-mcp-reap.timer"]
    assert not found.enforced
    assert "is installed, but has not run" in found.sentence


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "novita_mcp", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    return subprocess.run(
        command, env={**kept, **environ}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_nothing_is_written_without_a_person_who_agrees(tmp_path):
    home = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "", "PATH": str(_with_systemctl(tmp_path))}
    result = run("install-reaper", NOVITA_MCP_STATE_DIR=str(tmp_path / "state"), **home)
    assert (result.returncode, result.stdout) == (2, "")
    assert "needs a terminal" in result.stderr
    assert not list((tmp_path / "home").rglob("*.timer"))


def _with_systemctl(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program.parent
