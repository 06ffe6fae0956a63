"""A browser is opened only where a person would see it."""

import sys
from pathlib import Path

import pytest

from novita_mcp.approval.page.browser import has_browser, open_in_browser

SSH = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        (SSH, "linux", False),
        (SSH | {"DISPLAY": "localhost:10.0"}, "linux", True),
        ({}, "darwin", True),
        (SSH, "darwin", False),
        ({"SSH_TTY": "/dev/ttys001"}, "darwin", False),
        ({}, "win32", True),
        (SSH, "win32", False),
        ({}, "freebsd14", False),
    ],
)
def test_a_browser_reaches_a_person(environ: dict[str, str], platform: str, expected: bool):
    assert has_browser(environ, platform) is expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not read BROWSER")
def test_a_talking_browser_does_not_reach_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "talking"; echo "talking" >&2; echo "$1" > {opened}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert open_in_browser("file:///nowhere/approve.html")
    assert opened.read_text() == "file:///nowhere/approve.html\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems need no display to be named")
def test_no_browser_is_started_without_a_screen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not open_in_browser("file:///nowhere/approve.html")
