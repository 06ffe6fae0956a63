"""Files and folders that only their owner may read."""

import os
import stat
from pathlib import Path

from novita_mcp.errors import LedgerError

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def private_folder(folder: Path) -> Path:
    """Make `folder` for its owner alone where it is missing; LedgerError if anybody may write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise LedgerError(
            f"The state folder {folder} cannot be used ({error.strerror}). "
            "Correct it, or name another one in NOVITA_MCP_STATE_DIR."
        ) from error
    if os.name == "posix" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise LedgerError(f"Everybody on this machine may write to the state folder {folder}. Run: chmod 700 {folder}")
    return folder


def open_private(path: Path, flags: int) -> int:
    """Open `path` readable by its owner alone, whatever it was before; OSError as `os.open`."""
    descriptor = os.open(path, flags | _NO_FOLLOW, 0o600)
    if others_can_read(path):
        path.chmod(0o600)
    return descriptor


def others_can_read(path: Path) -> bool:
    """Whether the permission bits of `path` let anybody but its owner in."""
    return os.name == "posix" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def settle_folder(folder: Path) -> None:
    """Bring new names in `folder` to the disk, so that a power cut does not undo them."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
