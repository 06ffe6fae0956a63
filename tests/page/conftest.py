from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from novita_mcp.approval.inbox import Inbox
from novita_mcp.approval.page import ApprovalPage
from novita_mcp.simulator.turned_clock import TurnedClock
from tests.page.person import Person

BROWSER = "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="folder for what the approval page looks like in Chromium")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs a Chromium; run with `-m browser`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser's tests out unless they are asked for."""
    if BROWSER in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(BROWSER)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    folder: Path | None = request.config.getoption("--screenshots", default=None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
async def page(clock: TurnedClock, inbox: Inbox, person: Person) -> AsyncIterator[ApprovalPage]:
    async with ApprovalPage(clock, inbox, open_browser=person.open) as page:
        yield page
