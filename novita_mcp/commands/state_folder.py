"""Which ledger a person's command is about."""

import os
from pathlib import Path

from novita_mcp.clock import Clock
from novita_mcp.ledger import Ledger
from novita_mcp.settings import load_settings


def opened_ledger(state_dir: Path | None, clock: Clock) -> Ledger:
    """The ledger of a named state folder, or of the settings' own; the caller closes it.

    Raises:
        SettingsError: The settings are wrong.
        LedgerError: The ledger cannot be opened.

    """
    return Ledger.open(state_dir or load_settings(os.environ).state_dir, clock)
