"""What README.md and manifest.json say of the server, made from the server itself; `make docs` writes it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.types import TextContent, Tool

from novita_mcp.simulator.turned_clock import TurnedClock
from novita_mcp.tools.sets import TOOLSETS
from tests.world import Opened, Person, opened, yes

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MANIFEST = ROOT / "manifest.json"
REQUEST: dict[str, Any] = {
    "productId": "4090.16c62g",
    "gpuNum": 1,
    "rootfsSize": 100,
    "imageUrl": "pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime",
    "name": "train",
    "leaseHours": 2,
}
PASSING = (
    (re.compile(r"plan-[a-z0-9]{12}"), "plan-w7k2hq9m4x3z"),
    (re.compile(r"\btrain-[a-z0-9]{12}"), "train-w7k2hq9m4x3z"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "37d312386c80a3b9"),
    (re.compile(r"ssh -p \d+"), "ssh -p 46048"),
)
"""What differs from run to run, and what stands in for it."""


async def blocks(state_dir: Path) -> dict[str, str]:
    """The README's generated parts, by name."""
    async with opened(state_dir) as server:
        tools = await listed(server.client)
    return {
        "transcript": await _transcript(state_dir),
        "tools": _tool_table(tools),
        "toolsets": _toolset_table(),
        "commands": _command_table(),
    }


async def listed(client: Client) -> list[Tool]:
    """The tools in the order in which a client sees them."""
    return (await client.list_tools()).tools


def in_readme(text: str, name: str) -> str:
    """The part between a block's markers."""
    found = re.search(_block_pattern(name), text, re.DOTALL)
    assert found is not None, f"README.md has no block named {name}"
    return found[2].strip()


def manifest_tools(tools: list[Tool]) -> list[dict[str, str]]:
    """The tools as the bundle's manifest lists them."""
    return [{"name": tool.name, "description": tool.description or ""} for tool in tools]


async def _transcript(state_dir: Path) -> str:
    """One wish from request to instance, in the program's own words."""
    clock = TurnedClock()
    person = Person(yes(), clock)
    async with opened(state_dir, person=person, clock=clock) as server:
        preview = await server.outcome("create_gpu_instance", {**REQUEST, "dryRun": True})
        created = await server.outcome("create_gpu_instance", REQUEST)
        instance_id = created["instance"]["instanceId"]
        running = await _said(server, "get_gpu_instance", {"instanceId": instance_id, "waitFor": "running"})
    lines = (
        "You     Rent me a 4090 for two hours of PyTorch, with 100 GB of disk.",
        "",
        f"Agent   create_gpu_instance({_call(REQUEST)}, dryRun=true)",
        f"Server  {preview['message']} ${preview['plan']['quote']['hourly']:.4f} per hour.",
        "",
        f"Agent   create_gpu_instance({_call(REQUEST)})",
        *(f"   ┃    {line}".rstrip() for line in person.asked[-1].splitlines()),
        "You     [x] Approve",
        "",
        f"Server  {created['message']}",
        *(f"        {line}" for line in running.splitlines()[:2]),
    )
    return "```text\n" + _steady("\n".join(lines)) + "\n```"


async def _said(server: Opened, tool: str, arguments: Mapping[str, Any]) -> str:
    content = (await server.call(tool, arguments)).content[0]
    assert isinstance(content, TextContent)
    return content.text


def _call(arguments: Mapping[str, Any]) -> str:
    shown = {**arguments, "imageUrl": "pytorch/pytorch:2.6.0-…"}
    return f",\n{' ' * 28}".join(
        ", ".join(f"{name}={json.dumps(shown[name], ensure_ascii=False)}" for name in names)
        for names in (list(shown)[:3], list(shown)[3:])
    )


def _steady(text: str) -> str:
    for pattern, stand_in in PASSING:
        text = pattern.sub(stand_in, text)
    return text


def _tool_table(tools: list[Tool]) -> str:
    rows = [f"| `{tool.name}` | {_kind(tool)} | {tool.description} |" for tool in tools]
    return "\n".join(("| tool | | what the agent is told |", "|---|---|---|", *rows))


def _toolset_table() -> str:
    named = {name: ", ".join(f"`{tool.name}`" for tool in make()) for name, make in TOOLSETS.items()}
    return "\n".join(("| toolset | adds |", "|---|---|", *(f"| `{name}` | {tools} |" for name, tools in named.items())))


def _command_table() -> str:
    """The commands with their one line of help, as `--help` prints them."""
    done = subprocess.run(
        [sys.executable, "-m", "novita_mcp", "--help"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        check=True,
        text=True,
    )
    rows = re.findall(r"^    ([a-z-]+)\s+(\S.*)$", done.stdout, re.MULTILINE)
    return "\n".join(("| command | does |", "|---|---|", *(f"| `novita-mcp {name}` | {does} |" for name, does in rows)))


def _kind(tool: Tool) -> str:
    assert tool.annotations is not None
    return "reads" if tool.annotations.read_only_hint else "acts"


def _block_pattern(name: str) -> str:
    return rf"(<!-- begin {name}[^>]*-->\n)(.*?)(<!-- end {name} -->)"


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = await blocks(Path(folder))
        async with opened(Path(folder)) as server:
            tools = await listed(server.client)
    text = README.read_text(encoding="utf-8")
    for name, block in made.items():
        text = re.sub(
            _block_pattern(name), lambda found, new=block: f"{found[1]}{new}\n{found[3]}", text, flags=re.DOTALL
        )
    README.write_text(text, encoding="utf-8")
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8")) | {"tools": manifest_tools(tools)}
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    anyio.run(_write)
