"""Show 1 for the order service: any course of quotes, intents, closes, switches and deaths."""

import asyncio
import os
from collections.abc import Iterator
from itertools import count
from string import ascii_uppercase
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.trading_course import ACTIONS, ROUGH, Course, Step, check, check_books
from tests.fixtures.trading_floor import CALM, Floor, new_account, opened_floor

EXAMPLES = int(os.environ.get("KUBER_TEST_EXAMPLES", "100"))
_WEIGHED = [name for name, weight in ACTIONS.items() for _ in range(weight)]
COURSES = st.lists(
    st.tuples(st.sampled_from(_WEIGHED), st.integers(0, 2**24 - 1)), min_size=5, max_size=40
)
_numbers = count()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def floor(runner: asyncio.Runner, postgres_url: str) -> Iterator[Floor]:
    opening = opened_floor(postgres_url)
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


@pytest.mark.timeout(120 + 3 * EXAMPLES)
@settings(
    max_examples=EXAMPLES, suppress_health_check=[*HealthCheck], deadline=None, derandomize=True
)
@given(course=COURSES, rough=st.booleans())
def test_show1_positions_books_ledger_and_orders_agree_after_every_step(
    runner: asyncio.Runner, floor: Floor, course: list[Step], rough: bool
) -> None:
    runner.run(_play(floor, course, rough=rough))


async def _play(floor: Floor, steps: list[Step], *, rough: bool) -> None:
    """Play a course in an account and instruments of its own."""
    await new_account(floor, uuid4(), ROUGH if rough else CALM)
    course = Course(floor, symbols=_symbols(next(_numbers)))
    try:
        for step in steps:
            await course.take(step)
            await check(course)
        await check_books(course)
    finally:
        await floor.rows("delete from trading_switches")
        await floor.rows(
            "update positions set status = 'closed', closed_at = now() where status <> 'closed'"
        )
        await floor.rows("update accounts set entries_blocked = null")
        await floor.again()


def _symbols(number: int) -> tuple[str, str, str]:
    name = "".join(ascii_uppercase[number // 26**place % 26] for place in range(3))
    return f"A{name}", f"M{name}", f"C{name}ZUSD"
