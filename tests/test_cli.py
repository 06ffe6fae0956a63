"""The command line, as a person or a script meets it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from novita_mcp import __version__
from novita_mcp.cli import main
from novita_mcp.ledger import EntryKind, Ledger
from novita_mcp.simulator.serve import serve
from novita_mcp.simulator.turned_clock import TurnedClock

pytestmark = pytest.mark.anyio

PROGRAM = (sys.executable, "-m", "novita_mcp")
KEY = "sk_live_Zq81xT0pSecret"
PATIENCE_SECONDS = 30.0
Ran = subprocess.CompletedProcess[str]


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    """Nothing of this machine's settings, and folders of the test's own."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("NOVITA_")}
    config = folder / "config.toml"
    config.touch()
    ours = {
        "NOVITA_MCP_CONFIG": str(config),
        "NOVITA_MCP_STATE_DIR": str(folder / "state"),
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return {**kept, **ours, "COLUMNS": "200", **settings}


def _run(*arguments: str, environment: Mapping[str, str]) -> Ran:
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


async def _ran(*arguments: str, environment: Mapping[str, str]) -> Ran:
    return await anyio.to_thread.run_sync(partial(_run, *arguments, environment=environment))


@asynccontextmanager
async def _novita(**options: object) -> AsyncIterator[str]:
    """A simulated Novita on loopback."""
    async with anyio.create_task_group() as group:
        yield await group.start(partial(serve, **options))  # type: ignore[arg-type]
        group.cancel_scope.cancel()


@contextmanager
def _simulator(folder: Path) -> Iterator[subprocess.Popen[str]]:
    environment = _environment(folder)
    command = [*PROGRAM, "simulator", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"novita-mcp {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"\n    {command}" in shown for command in ("serve", "demo", "simulator", "doctor"))


@pytest.mark.parametrize("arguments", [["dance"], ["simulator", "--port", "many"], ["serve", "--simulated-nothing"]])
def test_a_wrong_command_line_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith("usage: novita-mcp")


def test_a_bad_setting_stops_the_server_with_one_message_and_a_clean_stdout(tmp_path: Path) -> None:
    ran = _run("serve", environment=_environment(tmp_path, NOVITA_MCP_MAX_HOURLY_USD="cheap"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("novita-mcp: 1 problem with the settings")
    assert "NOVITA_MCP_MAX_HOURLY_USD" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--host", "0.0.0.0"], "loopback"), (["--host", "example.com"], "loopback"), (["--port", "99999"], "0-65535")],
)
def test_the_simulator_says_why_it_cannot_serve(arguments: list[str], reason: str, tmp_path: Path) -> None:
    ran = _run("simulator", *arguments, environment=_environment(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert reason in ran.stderr
    assert "Traceback" not in ran.stderr


async def test_the_simulator_says_that_its_port_is_taken(tmp_path: Path) -> None:
    async with _novita() as url:
        port = url.rpartition(":")[2]
        ran = await _ran("simulator", "--port", port, environment=_environment(tmp_path))
    assert ran.returncode == 1
    assert "in use" in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_simulator_prints_its_address_serves_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    with _simulator(tmp_path) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        answer = httpx.get(
            f"{url}/gpu-instance/openapi/v1/clusters", headers={"Authorization": "Bearer sk_any"}, trust_env=False
        )
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=PATIENCE_SECONDS)
    assert answer.json()["data"]
    assert process.returncode == 130
    assert rest == ""
    assert f"NOVITA_API_BASE_URL={url}" in complaints
    assert "Traceback" not in complaints


async def test_the_doctor_finds_a_healthy_server(tmp_path: Path) -> None:
    async with _novita() as url:
        ran = await _ran("doctor", environment=_environment(tmp_path, NOVITA_API_BASE_URL=url, NOVITA_API_KEY=KEY))
    assert ran.returncode == 0, ran.stdout
    assert "set, from NOVITA_API_KEY (environment); never shown" in ran.stdout
    assert f"{url} answers: 8 GPU products" in ran.stdout
    assert "$25.34" in ran.stdout
    assert "intact, 0 lines" in ran.stdout
    assert "No lease is enforced while no server runs" in ran.stdout
    assert "can do its job" in ran.stdout
    assert KEY not in ran.stdout + ran.stderr


def test_the_doctor_says_how_to_get_a_missing_key(tmp_path: Path) -> None:
    ran = _run("doctor", environment=_environment(tmp_path))
    assert ran.returncode == 1
    assert "✘  API key" in ran.stdout
    assert "and set NOVITA_API_KEY." in " ".join(ran.stdout.split())


def test_the_doctor_speaks_to_an_output_without_its_letters(tmp_path: Path) -> None:
    ran = _run("doctor", environment=_environment(tmp_path, PYTHONIOENCODING="ascii"))
    assert ran.returncode == 1
    assert "?  API key" in ran.stdout
    assert ran.stderr == ""


async def test_the_doctor_finds_a_key_that_novita_refuses(tmp_path: Path) -> None:
    async with _novita(keys=frozenset({"sk_another"})) as url:
        ran = await _ran("doctor", environment=_environment(tmp_path, NOVITA_API_BASE_URL=url, NOVITA_API_KEY=KEY))
    assert ran.returncode == 1
    assert "401" in ran.stdout
    assert "Set a key of this account again" in ran.stdout
    assert KEY not in ran.stdout + ran.stderr


def test_the_doctor_finds_a_setting_that_stops_the_start(tmp_path: Path) -> None:
    ran = _run("doctor", environment=_environment(tmp_path, NOVITA_MCP_MAX_GPUS="-1"))
    assert ran.returncode == 1
    assert "NOVITA_MCP_MAX_GPUS (environment): must be a whole number" in ran.stdout


def test_the_doctor_finds_a_damaged_ledger(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    state = tmp_path / "state"
    ledger = Ledger.open(state, TurnedClock())
    ledger.close()
    ledger.path.write_bytes(b"not a ledger at all" * 100)
    ran = _run("doctor", environment=environment)
    assert ran.returncode == 1
    assert "✘  Ledger" in ran.stdout
    assert ledger.path.read_bytes().startswith(b"not a ledger")


async def test_the_doctor_settles_what_a_dead_server_left_open(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    ledger = Ledger.open(tmp_path / "state", TurnedClock())
    sent = {
        "action": "create",
        "marker": "abcdefghijkm",
        "name": "train",
        "product_id": "4090.16c62g",
        "channel": "page",
    }
    ledger.append(EntryKind.SENDING, plan_id="plan-abcdefghijkm", facts=sent)
    ledger.close()
    async with _novita() as url:
        ran = await _ran("doctor", environment={**environment, "NOVITA_API_BASE_URL": url, "NOVITA_API_KEY": KEY})
    assert ran.returncode == 0, ran.stdout
    assert "the outcome of everything that was sent is known" in ran.stdout
    assert "intact, 2 lines" in ran.stdout


def test_the_doctor_says_where_each_limit_comes_from(tmp_path: Path) -> None:
    environment = _environment(tmp_path, NOVITA_MCP_MAX_HOURLY_USD="2.5", NOVITA_MCP_APPROVAL="none")
    (tmp_path / "config.toml").write_text("[policy]\nmax_gpus = 4\n", encoding="utf-8")
    rows = {tuple(line.split()) for line in _run("doctor", environment=environment).stdout.splitlines()}
    assert ("max_hourly_usd", "2.5", "environment") in rows
    assert ("max_gpus", "4", "config", "file") in rows
    assert ("max_instances", "5", "default") in rows
