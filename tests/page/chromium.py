"""A headless Chromium, driven through its DevTools pipe: no driver and no package needed."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
# The browser reads commands from descriptor 3 and writes to descriptor 4.
LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
)
PATIENCE_SECONDS = 15.0
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, commands: Any, answers: Any) -> None:
        self._commands = commands
        self._answers = answers
        self._number = 0

    @classmethod
    @contextmanager
    def started(cls, profile: Path) -> Iterator[Self]:
        """Start it, and end it on leaving."""
        path = next(filter(None, map(shutil.which, NAMES)), None)
        assert path is not None, "no Chromium here; on Debian: apt-get install chromium"
        read_commands, write_commands = os.pipe()
        read_answers, write_answers = os.pipe()
        pipes = (read_commands, write_answers)
        for pipe in pipes:
            os.set_inheritable(pipe, True)
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *map(str, pipes), path, *_flags(profile)],
            pass_fds=pipes,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for pipe in pipes:
            os.close(pipe)
        with process, os.fdopen(write_commands, "wb", 0) as commands, os.fdopen(read_answers, "rb") as answers:
            browser = cls(commands, answers)
            yield browser
            browser.call("Browser.close")

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """One DevTools command and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _read(self) -> bytes:
        collected = bytearray()
        while (char := self._answers.read(1)) != b"\0":
            assert char, "the browser has ended"
            collected += char
        return bytes(collected)

    def tab(self, *, dark: bool = False, width: int = 1024, height: int = 1100, **emulated: bool) -> "Tab":
        """An empty tab with a profile of its own that prefers this look."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        tab.call("Page.enable")
        tab.call("Page.bringToFront")
        tab.look(dark=dark, reduced_motion=emulated.get("reduced_motion", False))
        tab.size(width, height)
        if not emulated.get("scripts", True):
            tab.call("Emulation.setScriptExecutionDisabled", value=True)
        return tab


class Tab:
    """One page, used the way a person does."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def look(self, *, dark: bool, reduced_motion: bool) -> None:
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", features=features)

    def size(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def visit(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of an expression, worked out outside the page's own world and policy."""
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self.call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        result = self.call(
            "Runtime.evaluate", contextId=world, expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Return once the expression is true; a page that is just changing answers later."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.ask(f"document.readyState === 'complete' && Boolean({expression})"):
                    return
            except AssertionError:
                pass
            assert time.monotonic() < deadline, f"never came true: {expression}\n{self.ask('document.body.innerText')}"

    def click(self, selector: str, clicks: int = 1) -> None:
        """Real mouse clicks on the middle of an element."""
        box = self.ask(
            f"(() => {{ const box = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        where = {"x": box[0], "y": box[1], "button": "left"}
        for count in range(1, clicks + 1):
            self.call("Input.dispatchMouseEvent", type="mousePressed", clickCount=count, **where)
            self.call("Input.dispatchMouseEvent", type="mouseReleased", clickCount=count, **where)

    def press(self, key: str) -> None:
        """A real key press."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def accessible(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader finds."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        found = (node for node in nodes if not node["ignored"])
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in found]

    def screenshot(self) -> bytes:
        """The page as it is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


def _flags(profile: Path) -> Iterator[str]:
    yield from ("--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}")
    yield from (
        "--no-first-run",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--font-render-hinting=none",
    )
    yield from ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-US")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield "--no-sandbox"
    yield "about:blank"
