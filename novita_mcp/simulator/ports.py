"""The ports of a create request, read from its text form."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from novita_mcp.simulator.refusals import invalid

RESERVED = frozenset({2222, 2223, 2224})
HIGHEST = 65535
MOST = 15
_ENTRY = re.compile(r"(\d{1,5})/(tcp|http)", re.ASCII)


def read_ports(text: str) -> tuple[tuple[int, str], ...]:
    """Return the ports of `80/http, 3306/tcp`, or refuse them."""
    if not text.strip():
        return ()
    ports = tuple(_entries(text))
    numbers = [number for number, _ in ports]
    if len(set(numbers)) != len(numbers):
        raise invalid("ports", "value must not name a port twice")
    return ports


def read_tool_ports(tools: Iterable[dict[str, Any]]) -> tuple[int, ...]:
    """Return the ports of the tools, which come as text."""
    return tuple(_tool_port(tool["port"], f"tools[{index}].port") for index, tool in enumerate(tools))


def check_port_count(ports: Iterable[int], tool_ports: Iterable[int]) -> None:
    """Refuse more ports than an instance can have; one that both lists name counts once."""
    if len({*ports, *tool_ports}) > MOST:
        raise invalid("ports", f"ports and tools must not use more than {MOST} ports")


def check_port(number: int, path: str) -> int:
    """Return a port that may be opened, or refuse it."""
    if not 1 <= number <= HIGHEST:
        raise invalid(path, f"port must be inside range [1, {HIGHEST}]")
    if number in RESERVED:
        raise invalid(path, f"port {number} is reserved")
    return number


def _entries(text: str) -> Iterator[tuple[int, str]]:
    for entry in text.split(","):
        match = _ENTRY.fullmatch(entry.strip())
        if match is None:
            raise invalid("ports", "value must look like 80/http, 3306/tcp")
        yield check_port(int(match[1]), "ports"), match[2]


def _tool_port(text: str, path: str) -> int:
    if re.fullmatch(r"\d{1,5}", text, re.ASCII) is None:
        raise invalid(path, "value must be a port number")
    return check_port(int(text), path)
