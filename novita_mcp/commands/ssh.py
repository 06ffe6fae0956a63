"""`novita-mcp ssh`: how to log in, with the password for the owner's eyes only."""

import os
import sys
from pathlib import Path

import anyio
from pydantic import SecretStr

from novita_mcp.clock import SystemClock
from novita_mcp.domain.base import clean
from novita_mcp.domain.connections import Connections, connections
from novita_mcp.domain.models import Connection, Instance
from novita_mcp.errors import NovitaMcpError
from novita_mcp.files import open_private
from novita_mcp.settings import load_settings
from novita_mcp.wiring import opened_app

NO_TERMINAL = (
    "The password is shown on a real terminal only, and this is a pipe or a file. --password-file keeps it in one."
)


def run(instance_id: str, *, password_file: Path | None) -> int:
    """Print the SSH command, and the password on a terminal or into a private file; exit status 1 without either.

    Raises:
        NotFound: There is no such instance.
        NovitaMcpError: It is not up, or the file cannot be written.

    """
    instance = anyio.run(_read, instance_id)
    found = connections(instance)
    if not found.ssh_command:
        raise NovitaMcpError(
            f"{clean(instance.instance_id)} is {clean(instance.status)} and has no SSH address now. "
            "A running instance has one some moments after its start."
        )
    print(found.ssh_command)
    if password_file is not None:
        _keep(_password(instance), password_file)
        print(
            f"The password is in {password_file}, which only you can read. It changes with every start.",
            file=sys.stderr,
        )
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(NO_TERMINAL, file=sys.stderr)
        return 1
    _show(instance, found)
    return 0


async def _read(instance_id: str) -> Instance:
    async with opened_app(load_settings(os.environ), os.environ, SystemClock()) as app:
        return await app.client.instance(instance_id)


def _password(instance: Instance) -> SecretStr:
    stated = instance.ssh.password if instance.ssh else instance.ssh_password
    return stated if stated.get_secret_value() else instance.ssh_password


def _keep(password: SecretStr, file: Path) -> None:
    try:
        with os.fdopen(open_private(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as opened:
            opened.write(password.get_secret_value() + "\n")
    except OSError as error:
        raise NovitaMcpError(f"{file} cannot be written ({error.strerror}). The password was not kept.") from error


def _show(instance: Instance, found: Connections) -> None:
    print(f"Password: {clean(_password(instance).get_secret_value()) or 'Novita names none'}")
    terminal = instance.web_terminal or Connection()
    if found.web_terminal_url:
        word = clean(terminal.password.get_secret_value())
        print(f"Web terminal: {found.web_terminal_url}  user: {clean(terminal.username)}  password: {word}")
    print("Host, port and passwords change with every start.")
