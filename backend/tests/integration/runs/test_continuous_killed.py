"""A continuous pipeline goes on, and never twice, however often its schedulers are killed."""

import random
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from tests.fakes.graphs import steps
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation, NewInstallation, Program

ROUNDS = 6
SEED = 20261130


def test_no_end_of_a_run_is_lost_with_a_scheduler_that_is_killed(
    new_installation: NewInstallation,
) -> None:
    made = new_installation()
    api, worker = made.api(), made.worker(wait=False)
    schedulers = [made.services("scheduler", wait=False) for _ in range(2)]
    for program in (api, worker, *schedulers):
        program.wait_ready()
    pipeline_id = continuous(made.sign_up())
    dice = random.Random(SEED)
    dues: list[datetime] = []
    for number in range(1, ROUNDS + 1):
        dues.append(make_due(made, pipeline_id))
        if number % 2:  # while nobody knows yet that the run has ended, or has begun
            schedulers = kill_all(made, schedulers)
        else:
            place = dice.randrange(2)
            schedulers[place].kill()
            schedulers[place] = made.services("scheduler", wait=False)
        until(partial(has_ended, made, number), lambda: f"so many runs: {starts(made)}")
    for before, start in pairwise(starts(made)):
        due = any(before < at <= start for at in dues)
        assert due or start - before >= timedelta(minutes=1), "it was started twice at once"


def continuous(trader: Trader) -> str:
    trigger = {
        "kind": "periodic",
        "continuous": True,
        "every_minutes": 60,
        "market_hours_only": False,
        "symbols": ["AAPL"],
    }
    made = trader.create(graph=steps(work={}), trigger=trigger)
    trader.http.post(f"/pipelines/{made['id']}/activate").raise_for_status()
    return str(made["id"])


def make_due(made: Installation, pipeline_id: str) -> datetime:
    """Let the minute after the last start be over; return when."""
    [[at]] = made.query(
        "update pipelines set next_run_at = clock_timestamp() where id = %s returning next_run_at",
        pipeline_id,
    )
    assert isinstance(at, datetime)
    return at


def kill_all(made: Installation, schedulers: list[Program]) -> list[Program]:
    for program in schedulers:
        program.kill()
    return [made.services("scheduler", wait=False) for _ in schedulers]


def starts(made: Installation) -> list[datetime]:
    rows = made.query("select created_at from runs order by created_at")
    return [at for [at] in rows if isinstance(at, datetime)]


def has_ended(made: Installation, count: int) -> bool:
    [[ended]] = made.query("select count(*) from runs where status = 'succeeded'")
    assert isinstance(ended, int)
    return ended >= count
