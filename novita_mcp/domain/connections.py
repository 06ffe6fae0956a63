"""The ways into an instance, ready to paste: taken apart and put together again, never passed on as they came."""

import re
from collections.abc import Iterator
from typing import Final

from novita_mcp.domain.base import Record, third_party
from novita_mcp.domain.models import Connection, Instance, PortMapping

SSH_PORT = 22
HIGHEST_PORT = 65535
HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
DESTINATION: Final = re.compile(
    rf"(?:ssh://)?(?:(?P<user>[A-Za-z_][\w.-]{{0,31}})@)?(?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?", re.ASCII
)
ADDRESS: Final = re.compile(rf"(?:tcp://)?(?P<host>{HOST}):(?P<port>\d{{1,5}})", re.ASCII)
URL: Final = re.compile(
    rf"(?P<scheme>https?://)?(?:[^/@\s]*@)?(?P<place>{HOST}(?P<port>:\d{{1,5}})?)(?P<path>/[\w./~%=:+-]*)?(?:[?#]\S*)?",
    re.ASCII,
)
USER: Final = re.compile(r"[A-Za-z_][\w.-]{0,31}", re.ASCII)
IP_ADDRESS: Final = re.compile(r"[\d.]+|\[.*\]")
TAKES_A_WORD = frozenset("BbcDEeFIiJLlmOopQRSWw")
"""The options of ssh that are followed by a word."""


class SshTarget(Record):
    """Where SSH connects to."""

    user: str
    host: str
    port: int

    @property
    def command(self) -> str:
        """What to paste into a terminal."""
        return f"ssh -p {self.port} {self.user}@{self.host.strip('[]')}"


class PortRow(Record):
    """An open port and where it is reached: a URL, or host:port; empty while it is not up."""

    port: int
    type: str
    endpoint: str


class Connections(Record):
    """The ways in; what is not up is empty, and passwords are not here."""

    ssh_command: str = ""
    ssh_host: str = ""
    ssh_port: int | None = None
    ssh_user: str = ""
    jupyter_url: str = ""
    web_terminal_url: str = ""
    ports: tuple[PortRow, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is a way in at all."""
        return bool(
            self.ssh_command or self.jupyter_url or self.web_terminal_url or any(p.endpoint for p in self.ports)
        )


def connections(instance: Instance) -> Connections:
    """The ways into an instance; host, port and password of all of them change with every start."""
    if instance.status != "running":
        return Connections(ports=tuple(PortRow(port=one.port, type=one.type, endpoint="") for one in instance.ports))
    target = ssh_target(instance.ssh) if instance.ssh else None
    return Connections(
        ssh_command=target.command if target else "",
        ssh_host=target.host if target else "",
        ssh_port=target.port if target else None,
        ssh_user=target.user if target else "",
        jupyter_url=_address_of(instance.jupyter),
        web_terminal_url=_address_of(instance.web_terminal),
        ports=tuple(PortRow(port=one.port, type=one.type, endpoint=_endpoint(one)) for one in instance.ports),
    )


def ssh_target(stated: Connection) -> SshTarget | None:
    """Where an SSH command leads, or None where there is none that can be understood.

    Options other than user and port are dropped: a command with `-o ProxyCommand` must not be pasted.
    """
    options = dict(_words(stated.command or stated.address))
    found = DESTINATION.fullmatch(options.get("", ""))
    if found is None:
        return None
    port = options.get("p") or found["port"] or str(SSH_PORT)
    user = found["user"] or options.get("l") or stated.username or "root"
    if not _is_port(port) or not USER.fullmatch(user):
        return None
    return SshTarget(user=user, host=found["host"], port=int(port))


def _words(command: str) -> Iterator[tuple[str, str]]:
    """Yield each option with its word; the destination has no letter."""
    words = iter(command.split())
    for word in words:
        if not word.startswith("-"):
            if word != "ssh":
                yield "", word
        elif word[1:2] in TAKES_A_WORD:
            yield word[1], word[2:] or next(words, "")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= HIGHEST_PORT


def _address_of(stated: Connection | None) -> str:
    return web_address(stated.address) if stated and stated.address else ""


def _endpoint(mapping: PortMapping) -> str:
    if not mapping.endpoint:
        return ""
    if mapping.type == "http":
        return web_address(mapping.endpoint)
    found = ADDRESS.fullmatch(mapping.endpoint)
    return f"{found['host']}:{found['port']}" if found else third_party(mapping.endpoint)


def web_address(stated: str) -> str:
    """A URL without what may be a secret in it: a query, a fragment, a user; what is no URL is quoted."""
    found = URL.fullmatch(stated)
    if found is None:
        return third_party(stated)
    bare = found["port"] or IP_ADDRESS.fullmatch(found["place"])
    return f"{found['scheme'] or ('http://' if bare else 'https://')}{found['place']}{found['path'] or ''}"
