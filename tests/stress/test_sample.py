"""A sample of the storm; `make stress` raises all of it."""

import logging
from collections.abc import Iterator

import anyio
import pytest

from tests.stress.memory import weather
from tests.stress.processes import slaughter
from tests.stress.schedules import KINDS, schedule

pytestmark = pytest.mark.anyio
SEED = 7


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the storm makes the servers log is not news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("number", range(2 * len(KINDS)), ids=lambda number: KINDS[number % len(KINDS)])
async def test_whatever_befalls_a_create_nothing_is_lost_doubled_or_left_open(tmp_path, number):
    drawn = schedule(SEED, number)
    assert (await weather(drawn, tmp_path / "state")).wrong == (), drawn.words


async def test_a_process_killed_in_the_middle_of_a_create_leaves_nothing_behind(tmp_path):
    found = {}

    async def one(number: int) -> None:
        found[number] = await slaughter(SEED, number, tmp_path / str(number))

    async with anyio.create_task_group() as group:
        for number in (1, 2, 3):
            group.start_soon(one, number)
    assert {number: findings.wrong for number, findings in found.items()} == {1: (), 2: (), 3: ()}


def test_the_same_seed_draws_the_same_schedules():
    assert [schedule(3, n).words for n in range(30)] == [schedule(3, n).words for n in range(30)]
    assert [schedule(3, n).words for n in range(30)] != [schedule(4, n).words for n in range(30)]
