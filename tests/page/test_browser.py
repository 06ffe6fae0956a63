"""The page in a real Chromium: `pytest tests/page/test_browser.py -m browser --screenshots FOLDER`.

The pictures in `screens` are copies of two from such a folder; put new ones there after a change that is meant.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from novita_mcp.approval.answers import Answer
from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.page import ApprovalPage
from novita_mcp.approval.sheet import Sheet
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.page.chromium import Chromium, Tab
from tests.page.sheets import COMMAND, create_sheet, delete_sheet

pytestmark = pytest.mark.browser

REFERENCES = Path(__file__).parent / "screens"
SHEET = create_sheet()
CHEAPER, DEARER = (create_sheet(hourly=rate, digest=f"digest-of-{rate}") for rate in ("0.31", "0.42"))
ARMED = "document.querySelector('.approve')?.getAttribute('aria-disabled') === 'false'"
PHONE = {"width": 320, "height": 640}
MOST_DIFFERENCE = 0.05


@dataclass
class Screen:
    """A person in front of the page."""

    chromium: Chromium
    portal: BlockingPortal
    clock: TurnedClock
    inbox: Inbox
    page: ApprovalPage
    options: dict[str, Any] = field(default_factory=dict)
    launches: list[str] = field(default_factory=list)
    tab: Tab = field(init=False)

    def open(self, url: str) -> bool:
        """What stands for the person's browser."""
        self.launches.append(url)
        self.tab = self.chromium.tab(**self.options)
        self.tab.visit(url)
        if not self.options.get("scripts", True):
            self.tab.wait_for("document.querySelector('button')")
            self.tab.click("button")
        self.tab.wait_for("document.body.dataset.state")
        return True

    def show(self, sheet: Sheet, **options: Any) -> Tab:
        """The plan, on a page that has been open long enough to be read."""
        self.options = options
        assert self.portal.call(self.page.show, sheet)
        if options.get("scripts", True):
            self.tab.wait_for(ARMED)
        self.clock.advance(2)
        return self.tab

    def update(self, sheet: Sheet) -> None:
        self.portal.call(self.page.update, sheet)
        self.tab.wait_for(f"document.title.startsWith('Changed') && {ARMED}")
        self.clock.advance(2)

    def ends(self, state: str) -> None:
        self.tab.wait_for(f"document.body.dataset.state === '{state}'")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium.started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def screen(chromium: Chromium, clock: TurnedClock, inbox: Inbox) -> Iterator[Screen]:
    opened: list[Screen] = []

    def open_browser(url: str) -> bool:
        return opened[0].open(url)

    with start_blocking_portal("asyncio") as portal:
        page = ApprovalPage(clock, inbox, open_browser=open_browser)
        with portal.wrap_async_context_manager(page):
            opened.append(Screen(chromium, portal, clock, inbox, page))
            yield opened[0]


Scene = Callable[[Screen], None]
STILL = {"reduced_motion": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": STILL,
    "dark": STILL | {"dark": True},
    "phone": STILL | PHONE,
    "phone-dark": STILL | PHONE | {"dark": True},
}


def _waiting(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look)


def _changed(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look)
    screen.update(DEARER)


def _approved(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look).click(".approve")
    screen.ends("approved")


def _declined(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look).click(".decline")
    screen.ends("declined")


def _expired(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look)
    screen.clock.advance(600)
    screen.ends("expired")


def _elsewhere(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(SHEET, **look)
    screen.portal.call(screen.page.withdraw, SHEET.plan_id)
    screen.ends("elsewhere")


def _delete(screen: Screen, look: dict[str, Any]) -> None:
    screen.show(delete_sheet(), **look)


SCENES = {
    "waiting": _waiting,
    "changed": _changed,
    "approved": _approved,
    "declined": _declined,
    "expired": _expired,
    "elsewhere": _elsewhere,
    "delete": _delete,
}

UNREADABLE = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  const found = [];
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("script, .unseen, [aria-disabled=true]") || !node.checkVisibility()) continue;
    const [one, two] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (two + 0.05);
    if (contrast < 4.5) found.push(`${node.className || node.tagName} ${contrast.toFixed(2)} ${node.textContent}`);
  }
  return found;
})()
"""

DIFFERENCE = """
(async () => {
  const small = async (data) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const canvas = new OffscreenCanvas(32, 32);
    const paint = canvas.getContext("2d");
    paint.imageSmoothingQuality = "high";
    paint.drawImage(image, 0, 0, 32, 32);
    return paint.getImageData(0, 0, 32, 32).data;
  };
  const [one, two] = await Promise.all([small("%s"), small("%s")]);
  return one.reduce((sum, value, i) => sum + Math.abs(value - two[i]), 0) / one.length / 255;
})()
"""


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("scene", SCENES)
def test_each_state_can_be_read(scene: str, look: str, screen: Screen, screenshots: Path | None):
    SCENES[scene](screen, LOOKS[look])
    tab = screen.tab
    if screenshots is not None:
        (screenshots / f"{scene}-{look}.png").write_bytes(_whole(tab))
    assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
    assert tab.ask(UNREADABLE) == []


@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_looks_as_it_did(look: str, screen: Screen, chromium: Chromium, screenshots: Path | None):
    SCENES["waiting"](screen, LOOKS[look])
    name, seen = f"first-look-{look}.png", screen.tab.screenshot()
    if screenshots is not None:
        (screenshots / name).write_bytes(seen)
    images = (seen, (REFERENCES / name).read_bytes())
    difference = chromium.tab().ask(DIFFERENCE % tuple(base64.b64encode(image).decode() for image in images))
    assert difference < MOST_DIFFERENCE


def _whole(tab: Tab) -> bytes:
    """The page from top to bottom."""
    width, height = tab.ask("[innerWidth, document.documentElement.scrollHeight]")
    tab.size(width, height)
    return tab.screenshot()


def test_a_click_approves_once(screen: Screen):
    tab = screen.show(SHEET)
    tab.click(".approve", clicks=2)
    screen.ends("approved")
    assert screen.inbox.take(SHEET.plan_id) == Answer(kind="approved", channel="page")
    assert screen.inbox.take(SHEET.plan_id) is None
    assert tab.ask("document.querySelector('button')") is None


def test_a_click_declines(screen: Screen):
    screen.show(SHEET).click(".decline")
    screen.ends("declined")
    assert screen.inbox.take(SHEET.plan_id) == Answer(kind="declined", channel="page")


def test_the_decision_needs_no_script(screen: Screen):
    screen.show(SHEET, scripts=False).click(".approve")
    screen.ends("approved")
    assert screen.inbox.take(SHEET.plan_id) == Answer(kind="approved", channel="page")


def test_a_click_right_after_the_page_came_up_does_not_count(screen: Screen):
    screen.portal.call(screen.page.show, SHEET)
    screen.tab.ask("dispatchEvent(new Event('focus'))")
    screen.tab.click(".approve")
    assert screen.tab.ask("document.body.dataset.state") == "waiting"
    assert screen.inbox.take(SHEET.plan_id) is None


def test_the_changed_price_is_what_is_approved(screen: Screen):
    tab = screen.show(SHEET)
    screen.update(CHEAPER)
    assert "$0.04 less per hour" in tab.ask("document.querySelector('.way').textContent")
    tab.click(".approve")
    screen.ends("approved")


def test_the_keyboard_reaches_decline_before_approve(screen: Screen):
    tab = screen.show(SHEET)
    focused = []
    for _ in range(4):
        tab.press("Tab")
        focused.append(tab.ask("document.activeElement.ariaLabel || document.activeElement.innerText"))
    assert focused == [
        f"Command, {len(COMMAND)} characters",
        "What this price is made of",
        "Decline",
        "Approve\n$0.35/h",
    ]
    tab.press("Enter")
    screen.ends("approved")


@pytest.mark.parametrize("key", ["Enter", " ", "Escape"])
def test_a_key_with_nothing_focused_decides_nothing(key: str, screen: Screen):
    tab = screen.show(SHEET)
    assert tab.ask("document.activeElement === document.body")
    tab.press(key)
    assert tab.ask("document.body.dataset.state") == "waiting"
    assert screen.inbox.take(SHEET.plan_id) is None


def test_a_screen_reader_finds_everything(screen: Screen):
    found = screen.show(SHEET).accessible()
    for role, name in (
        ("main", SHEET.headline),
        ("heading", SHEET.headline),
        ("region", "Before you decide"),
        ("region", "What it is"),
        ("region", "Your limits"),
        ("region", f"Command, {len(COMMAND)} characters"),
        ("region", "Your answer"),
        ("button", "Decline"),
        ("button", "Approve $0.35/h"),
        ("StaticText", "10 minutes left to answer"),
    ):
        assert (role, name) in found


def test_nothing_secret_is_in_the_history(screen: Screen):
    tab = screen.show(SHEET)
    entries = tab.call("Page.getNavigationHistory")["entries"]
    addresses = [entry["url"] for entry in entries if entry["url"] != "about:blank"]
    room = screen.page._rooms._rooms[SHEET.plan_id]
    assert room.session
    assert not any(room.session in address for address in addresses)
    assert addresses[-1].endswith(f"/{room.path}/")
    assert not Path(screen.launches[0].removeprefix("file://")).exists()


def test_scripts_cannot_read_the_cookie(screen: Screen):
    assert screen.show(SHEET).ask("document.cookie") == ""


def test_style_and_script_pass_the_policy_and_nothing_comes_from_elsewhere(screen: Screen):
    tab = screen.show(SHEET)
    loaded = tab.ask("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)")
    assert set(loaded) <= {tab.ask("location.origin")}
    assert tab.ask("getComputedStyle(document.querySelector('.approve')).borderRadius") == "12px"


def test_a_reload_keeps_the_page(screen: Screen):
    tab = screen.show(SHEET)
    tab.call("Page.reload")
    tab.wait_for(ARMED)
    screen.clock.advance(2)
    tab.click(".approve")
    screen.ends("approved")


def test_a_page_without_its_server_says_so(screen: Screen):
    tab = screen.show(SHEET)
    screen.page._rooms.withdraw(SHEET.plan_id)
    screen.page._rooms._rooms.clear()
    tab.wait_for("document.body.classList.contains('lost')")
    assert "lost its server" in tab.ask("document.querySelector('.left').innerText")
