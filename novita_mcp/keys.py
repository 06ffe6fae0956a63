"""Where the API key is kept, and how safe it is there."""

import importlib
import os
from pathlib import Path
from typing import Protocol

from novita_mcp.domain.base import Record
from novita_mcp.errors import SettingsError
from novita_mcp.files import open_private, settle_folder

SERVICE, USER = "novita-mcp", "api-key"
KEYRING_PLACE = "the system keyring"
FILE_NAME = "api-key"
MISSING = (
    "The package `keyring` is not installed, so the system keyring is out of reach. Install it with "
    "`uv tool install 'novita-mcp[keyring]'` or `pip install 'novita-mcp[keyring]'`, or keep the key in a file that "
    "only you can read: `novita-mcp login --file`."
)


class Keyring(Protocol):
    """What this program needs of a keyring; the package `keyring` has it."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password, or None where there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        ...


class KeySource(Record):
    """Where the key came from and how safe that is; never the key."""

    place: str
    safe: bool
    advice: str


def system_keyring() -> Keyring:
    """The keyring of this machine.

    Raises:
        SettingsError: The package `keyring` is not installed.
    """
    try:
        module = importlib.import_module("keyring")
    except ImportError as error:
        raise SettingsError(MISSING) from error
    backend: Keyring = module.get_keyring()
    return backend


def kept_key(keyring: Keyring) -> str | None:
    """The key in a keyring, or None where `novita-mcp login` has put none.

    Raises:
        SettingsError: The keyring cannot be read.
    """
    try:
        return keyring.get_password(SERVICE, USER)
    except Exception as error:  # every backend has errors of its own
        raise SettingsError(_trouble("read", keyring, error)) from error


def keep_in_keyring(key: str, keyring: Keyring) -> None:
    """Put the key into a keyring.

    Raises:
        SettingsError: The keyring would not take it.
    """
    try:
        keyring.set_password(SERVICE, USER, key)
    except Exception as error:  # every backend has errors of its own
        raise SettingsError(_trouble("written", keyring, error)) from error


def keep_in_file(key: str, folder: Path) -> Path:
    """Put the key into a file that only its owner can read; return the file.

    Raises:
        SettingsError: The file cannot be written.
    """
    file = folder / FILE_NAME
    fresh = file.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(open_private(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="ascii") as opened:
            opened.write(f"{key}\n")
        fresh.replace(file)
        settle_folder(folder)
    except OSError as error:
        raise SettingsError(f"The key could not be written to {file} ({error.strerror}).") from error
    return file


def key_source(place: str) -> KeySource:
    """How safe the key is at the place that the settings name."""
    if place == KEYRING_PLACE:
        return KeySource(place=place, safe=True, advice="the system guards it while you are logged out.")
    if place.startswith("NOVITA_API_KEY "):
        advice = (
            "every program started from there can read it, and a client's configuration that sets it holds it in "
            "clear text; `novita-mcp login` keeps it in the system keyring or in a file that only you can read."
        )
        return KeySource(place=place, safe=False, advice=advice)
    return KeySource(place=place, safe=True, advice="it is in a file that only you can read.")


def _trouble(done: str, keyring: Keyring, error: Exception) -> str:
    """The error's own text stays out: a backend may repeat what it was given."""
    kind = f"{type(keyring).__module__}.{type(keyring).__qualname__}"
    return (
        f"The system keyring ({kind}) cannot be {done}: {type(error).__name__}. Unlock it, or keep the key in a file "
        "that only you can read: `novita-mcp login --file`."
    )
