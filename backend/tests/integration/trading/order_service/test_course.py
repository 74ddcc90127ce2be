"""Whatever happens to an account, in whatever order: the books agree after each step."""

import os
from random import Random

import pytest
from psycopg.types.json import Jsonb

from tests.fixtures.counts import Tell
from tests.fixtures.trading_course import ROUGH, Course, check, check_books, steps
from tests.fixtures.trading_floor import Floor

OPERATIONS = int(os.environ.get("KUBER_TEST_OPERATIONS", "1500"))
SEED = int(os.environ.get("KUBER_TEST_SEED", "1"))
LOOK_EVERY = 5


@pytest.mark.timeout(120 + OPERATIONS // 5)
async def test_t11_the_books_of_an_account_agree_after_many_operations(
    floor: Floor, tell: Tell
) -> None:
    await floor.rows("update accounts set simulation = %s", (Jsonb(ROUGH),))
    course = Course(floor)
    for number, step in enumerate(steps(Random(SEED), OPERATIONS)):
        await course.take(step)
        if number % LOOK_EVERY == 0:
            await check(course)
    await check(course)
    await check_books(course)
    (fills,) = await floor.rows("select count(*) from fills")
    tell(f"T11: {OPERATIONS} operations, {fills[0]} fills, no difference; seed {SEED}")
