"""The arrows of the design point inwards only."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "novita_mcp"
LAYERS = (
    ("cli", "__main__"),
    ("commands",),
    ("server", "wiring"),
    ("tools", "resources", "prompts", "completions"),
    ("provisioning", "approval"),
    ("app", "provisioning.book"),
    (
        *("api", "ledger", "settings", "setting_values", "keys", "lock", "reapers"),
        *("approval.answers", "approval.inbox", "approval.sheet", "approval.desk"),
    ),
    ("files",),
    ("domain",),
    ("errors", "clock", ""),
)
"""From the outside in: what stands in one line may import its own line and those below.

A part of a room that stands on a lower line is plain data, for use from there on.
"""
SIMULATOR_USERS = {"cli", "commands", "wiring", "simulator"}
PURE = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
HEAVY = {"mcp", "httpx", "pydantic", "rich", "starlette", "anyio", "platformdirs"}


class Arrow(NamedTuple):
    """One module, and one that it imports when it runs."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source or 'novita_mcp'} → {self.target or 'novita_mcp'}"


def _modules() -> dict[str, Path]:
    """Every module by its name within the package; the package itself is the empty name."""
    return {_name(path): path for path in PACKAGE.rglob("*.py")}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _running_code(node)


def _imports(path: Path) -> Iterator[str]:
    for node in _running_code(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _arrows() -> tuple[Arrow, ...]:
    """The imports within the package, to modules rather than to names in them."""
    modules = _modules()
    found = set()
    for source, path in modules.items():
        for imported in _imports(path):
            package, _, inner = imported.partition(".")
            if package == PACKAGE.name:
                found.add(Arrow(source, inner if inner in modules else inner.rpartition(".")[0]))
    return tuple(sorted(found))


def _layer(module: str) -> int:
    known = {name: depth for depth, names in enumerate(LAYERS) for name in names}
    while module and module not in known:
        module = module.rpartition(".")[0]
    return known[module]


def _room(module: str) -> str:
    return module.partition(".")[0]


ARROWS = _arrows()


def _strangers(room: str) -> set[str]:
    """The libraries that a room imports, but for the standard one."""
    paths = [path for name, path in _modules().items() if _room(name) == room]
    imported = {name.partition(".")[0] for path in paths for name in _imports(path)}
    return imported - sys.stdlib_module_names - {PACKAGE.name}


def test_every_room_has_its_layer() -> None:
    named = {_room(name) for names in LAYERS for name in names}
    assert {_room(name) for name in _modules()} - {"simulator"} <= named


def test_arrows_point_inwards_only() -> None:
    within = [arrow for arrow in ARROWS if "simulator" not in {_room(arrow.source), _room(arrow.target)}]
    outwards = [str(arrow) for arrow in within if _layer(arrow.source) > _layer(arrow.target)]
    assert outwards == []


def test_only_the_commands_and_their_wiring_know_the_simulator() -> None:
    users = {_room(arrow.source) for arrow in ARROWS if _room(arrow.target) == "simulator"}
    assert users <= SIMULATOR_USERS


def test_the_domain_is_pure() -> None:
    assert _strangers("domain") <= PURE
    inner = {_room(arrow.target) for arrow in ARROWS if _room(arrow.source) == "domain"}
    assert inner <= {"domain", "errors"}


@pytest.mark.parametrize(
    ("room", "library"),
    [("tools", "httpx"), ("provisioning", "httpx"), ("api", "mcp"), ("ledger", "mcp")],
)
def test_a_room_leaves_a_library_to_its_neighbour(room: str, library: str) -> None:
    assert library not in _strangers(room)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(option: str) -> None:
    program = (
        "import sys\n"
        "from novita_mcp.cli import main\n"
        "try:\n"
        f"    main(['{option}'])\n"
        "except SystemExit:\n"
        "    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(ran.stderr.split())
