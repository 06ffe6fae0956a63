"""The files that the page is made of."""

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """The text of a file next to this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
