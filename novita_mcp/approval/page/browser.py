"""Opening the person's own browser, where there is one and a person in front of it."""

import os
import subprocess
import sys
from collections.abc import Mapping

OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
LONGEST_SECONDS = 10.0
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def open_in_browser(url: str) -> bool:
    """Open an address in the person's browser; False if that cannot work here.

    A process of its own does it: whatever it starts must not inherit stdout, which carries the protocol.
    """
    if not has_browser(os.environ, sys.platform):
        return False
    quiet = subprocess.DEVNULL
    command = (sys.executable, "-I", "-c", OPEN, url)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, isolated from the current folder
            command,
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            timeout=LONGEST_SECONDS,
            check=False,
            start_new_session=True,
            creationflags=_NO_WINDOW,
        )
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
    return done.returncode == 0


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a window opened by this process would reach a person's screen."""
    if platform in {"darwin", "win32", "cygwin"}:
        return not (environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
