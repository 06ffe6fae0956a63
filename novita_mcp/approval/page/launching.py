"""The file that takes a person's browser to the page without a secret on any command line."""

import hashlib
import os
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from novita_mcp.approval.page.assets import asset
from novita_mcp.files import open_private

SUBMIT = "document.forms[0].submit()"
CONFINED_BROWSERS = Path("/snap/bin")


@contextmanager
def launch_file(address: str, token: str) -> Iterator[str]:
    """The `file:` URL of a page, readable by its owner alone, that posts the token; removed again on leaving."""
    folder = Path(tempfile.mkdtemp(prefix="novita-mcp-approve-", dir=_folder_for_browsers()))
    try:
        path = folder / "approve.html"
        with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8") as file:
            file.write(_page(address, token))
        yield path.as_uri()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_for_browsers() -> Path | None:
    """The home folder where browsers come as snaps, which can read no other; else the usual one."""
    home = Path.home()
    return home if CONFINED_BROWSERS.is_dir() and os.access(home, os.W_OK) else None


def _page(address: str, token: str) -> str:
    submit_hash = b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()
    template = Template(asset("launch.html"))
    return template.substitute(address=address, token=token, submit=SUBMIT, submit_hash=submit_hash)
