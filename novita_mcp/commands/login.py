"""`novita-mcp login`: put the API key where only its owner can read it."""

import getpass
import os
import sys

from novita_mcp import setting_values
from novita_mcp.errors import SettingsError
from novita_mcp.keys import keep_in_file, keep_in_keyring, kept_key, system_keyring
from novita_mcp.settings import config_folder

NO_TERMINAL = "The key is typed on a terminal, where nobody and no model reads along. Run this in one."


def run(*, into_file: bool) -> int:
    """Read the key without showing it, and keep it."""
    keyring = None if into_file else system_keyring()
    key = _typed()
    if keyring is None:
        file = keep_in_file(key, config_folder())
        print(f"Kept in {file}, which only you can read.")
        print(f"Tell the server: NOVITA_API_KEY_FILE={file}")
        return 0
    keep_in_keyring(key, keyring)
    if kept_key(keyring) != key:
        raise SettingsError("The system keyring did not keep the key. `novita-mcp login --file` uses a file instead.")
    print("Kept in the system keyring.")
    print("Tell the server: NOVITA_MCP_KEYRING=true")
    return 0


def _typed() -> str:
    if not os.isatty(0) or not sys.stderr.isatty():
        raise SettingsError(NO_TERMINAL)
    text = getpass.getpass("API key (novita.ai console > Settings > Key Management), not shown: ").strip()
    try:
        return setting_values.api_key(text)
    except setting_values.Unacceptable as error:
        raise SettingsError(f"What was typed {error}. Nothing was kept.") from error
