"""The simulator states the API on its own: of this program it knows the clock."""

import ast
from pathlib import Path

import novita_mcp.simulator

ALLOWED = ("novita_mcp.simulator", "novita_mcp.clock")


def test_the_simulator_imports_nothing_of_the_program_but_the_clock():
    folder = Path(novita_mcp.simulator.__file__).parent
    for path in folder.rglob("*.py"):
        for module in imported(ast.parse(path.read_text())):
            assert not module.startswith("novita_mcp") or module.startswith(ALLOWED), f"{path.name}: {module}"


def imported(tree: ast.Module) -> set[str]:
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = (alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names)
    return named | set(plain)
