"""The local record of every intent, approval, outcome and lease."""

from novita_mcp.domain.history.entries import Entry, EntryKind
from novita_mcp.ledger.store import Ledger

__all__ = ["Entry", "EntryKind", "Ledger"]
