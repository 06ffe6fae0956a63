"""HTML that cannot be broken out of: every text that is not HTML already is escaped."""

from html import escape

VOID = frozenset({"input"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | bool) -> Html:
    """An element; `class_` is the attribute `class`, `aria_label` is `aria-label`, False leaves one out."""
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(start if name in VOID else f"{start}{joined(*children)}</{name}>")


def joined(*children: str) -> Html:
    """Several pieces one after the other."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def _attribute(key: str, value: str | bool) -> str:  # noqa: FBT001 - an attribute's value
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
