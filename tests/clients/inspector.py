"""The official Inspector's command line: it shows no dialogs, so a person says yes beforehand, in a terminal."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.story import ORDER, SEARCH, SERVER, Told, server_environment

LONGEST_SECONDS = 120
WINDOW = ("approve", "--for", "1h", "--max-hourly", "1", "--max-total", "1")
WINDOW_ANSWER = "1.00\n"
NOBODY = "approval_required"
"""How a create ends where nobody can be asked."""


def tell(inspector: Path, folder: Path, environ: Mapping[str, str], era: str) -> list[Told]:
    """What came of every step; each is a process of its own on one state folder."""
    state = folder / "state"
    settings = {**server_environment(folder, NOVITA_MCP_STATE_DIR=str(state)), **environ, "HOME": str(folder)}
    passed_on = [f"-e{name}={text}" for name, text in settings.items() if name.startswith("NOVITA_")]

    def run(*arguments: str) -> Any:
        command = [str(inspector), "--cli", "--format", "json", "--protocol-era", era, *passed_on, *SERVER, *arguments]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", env=settings, timeout=LONGEST_SECONDS, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"exit status {done.returncode}: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout)["result"]

    def call(tool: str, given: Mapping[str, Any]) -> Any:
        arguments = ("--tool-name", tool, "--tool-args-json", json.dumps(dict(given)))
        return run("--method", "tools/call", *arguments).get("structuredContent")

    told = [Told("list", [tool["name"] for tool in run("--method", "tools/list", "--strict")["tools"]])]
    told.append(Told("search", call("search_gpu_products", SEARCH)))
    told.append(Told("preview", call("create_gpu_instance", {**ORDER, "dryRun": True})))
    told.append(Told("declined", call("create_gpu_instance", ORDER)))
    _say_yes(state, settings)
    told.append(Told("approved", call("create_gpu_instance", ORDER)))
    return told


def _say_yes(state: Path, environ: Mapping[str, str]) -> None:
    from tests.approval.keyboard import at_a_keyboard  # there is no pseudo-terminal on Windows

    ended = at_a_keyboard(*WINDOW, "--state-dir", str(state), types=WINDOW_ANSWER, env=environ)
    if ended.status != 0:
        raise RuntimeError(f"the terminal took no yes: {ended.screen[-300:]}")
