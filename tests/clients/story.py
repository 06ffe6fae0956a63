"""What every client has to get out of the server: one story, told in JSON lines, judged in one place."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

SERVER = (sys.executable, "-m", "novita_mcp", "serve", "--simulate")
SEARCH: Mapping[str, Any] = {"query": "4090 in us-ca-6, under $1"}
ORDER: Mapping[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "pytorch/pytorch:2.8.0",
    "clusterId": "us-ca-6",
}
READING_SECONDS = 0.6
"""A no that comes back faster was not read by anybody."""
STEPS = ("list", "search", "preview", "approved", "declined")
Step = Literal["list", "search", "preview", "approved", "declined"]


class Told(NamedTuple):
    """What a client got at one step: the names of the tools, or a structured result."""

    step: str
    result: Any


def server_environment(folder: Path, **settings: str) -> dict[str, str]:
    """Nothing of this machine's settings; questions are put to the client and to nobody else."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("NOVITA_")}
    config = folder / "config.toml"
    config.touch()
    return {**kept, "NOVITA_MCP_CONFIG": str(config), "NOVITA_MCP_APPROVAL_CHANNELS": "dialog", **settings}


def arguments() -> str:
    """The story's arguments for a client of another language."""
    story = {"search": dict(SEARCH), "order": dict(ORDER), "readingSeconds": READING_SECONDS, "server": list(SERVER)}
    return json.dumps(story)


def read(lines: Iterable[str]) -> tuple[Told, ...]:
    """What a client printed; anything but its JSON lines is left out."""
    objects = (json.loads(line) for line in lines if line.startswith('{"step":'))
    return tuple(Told(each["step"], each["result"]) for each in objects)


def faults(told: Iterable[Told], *, declined: str = "declined") -> dict[str, str]:
    """What is wrong at each step; an empty text is a step that held. `declined` is how a no ends."""
    results = {each.step: each.result for each in told}
    return {step: _fault(step, results[step], declined) if step in results else "not reached" for step in STEPS}


def _fault(step: str, result: Any, declined: str) -> str:
    if step == "list":
        needed = {"search_gpu_products", "create_gpu_instance", "apply_plan", "get_gpu_instance"}
        return f"lacks {sorted(needed - set(result))}" if needed - set(result) else ""
    if step == "search":
        ids = [row["productId"] for row in (result or {}).get("products", ())]
        return "" if ids == ["4090.16c62g"] else f"found {ids}"
    wanted = {"preview": "preview", "approved": "created", "declined": declined}[step]
    status = (result or {}).get("status")
    return "" if status == wanted else f"ended as {status}, not {wanted}"
