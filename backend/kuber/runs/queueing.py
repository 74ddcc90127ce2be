"""How many runs of one user may wait at a time.

Runs are counted by the statement that makes them. One person's requests get the last places one
after another, so they never go over; signals and schedules count once for all runs of a statement,
so that what several processes start for one user at the same moment may go over by that much.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, limit_sql
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.runs.errors import QueueFull
from kuber.runs.models import QUEUED

CAREFUL = 64
"""The last places are given under a lock, one at a time. More than one user's requests at once."""
_RETRY_AFTER_S = 10
_WORKERS = 4
"""So many workers that claim at the same moment find enough runs of one user, each its own."""


def free_places_sql(user: str) -> str:
    """Return an SQL expression for how many more runs may wait for the user that `user` gives."""
    return f"""({limit_sql(LimitName.QUEUED_RUNS, user)}
        - (select count(*) from runs q where q.user_id = {user} and q.{QUEUED}))"""  # noqa: S608


CLAIMABLE = f"""
    status = 'pending' and user_id not in (
        select r.user_id from runs r where r.status = 'running' group by r.user_id
        having count(*) >= {limit_sql(LimitName.RUNNING_RUNS, "r.user_id")}
    )
"""  # noqa: S608  put together from constants
"""Runs that a worker may take up: those of users of whom not as many run already as may."""

_MOST = f"""least(%(count)s * {_WORKERS},
    {limit_sql(LimitName.RUNNING_RUNS, "u.user_id")} - coalesce(g.running, 0))"""

NEXT = f"""
    with recursive waiting as (
        (select user_id from runs where status = 'pending' order by user_id limit 1)
        union all
        select (select r.user_id from runs r
                where r.status = 'pending' and r.user_id > w.user_id order by r.user_id limit 1)
        from waiting w where w.user_id is not null
    ), going as (
        select user_id, count(*) as running from runs where status = 'running' group by user_id
    ), candidates as materialized (
        select c.id, c.later, coalesce(g.running, 0)
            + row_number() over (partition by u.user_id order by c.later, c.id) as turn
        from waiting u left join going g on g.user_id = u.user_id
        cross join lateral (
            select r.id, r.started_by <> 'manual' as later from runs r
            where r.status = 'pending' and r.user_id = u.user_id
            order by r.started_by <> 'manual', r.id limit greatest({_MOST}, 0)
        ) c
    )
    select r.id from candidates c join runs r on r.id = c.id where r.status = 'pending'
    order by c.turn, c.later, c.id limit %(count)s for update of r skip locked
"""  # noqa: S608  put together from constants
"""The next `count` runs to take up: users take turns, who has fewest running first; of one user,
and in each turn, what was started by hand first, then what has waited for longest.

Claims do not wait for each other: those that several processes make at the same moment may go over
the limit of a user's running runs by what the others take. Users who wait are found by one look at
the index each.
"""

FREE_PLACES = free_places_sql("cast(:user_id as uuid)")
_COUNT = text(f"select count(*) from runs where user_id = :user_id and {QUEUED}")  # noqa: S608

_RUNNING = text("select count(*) from runs where user_id = :user_id and status = 'running'")


async def queued_runs(session: AsyncSession, user_id: UserId) -> int:
    """Return how many runs of the user wait."""
    count: int = (await session.execute(_COUNT, {"user_id": user_id})).scalar_one()
    return count


async def running_runs(session: AsyncSession, user_id: UserId) -> int:
    """Return how many runs of the user workers have taken up."""
    count: int = (await session.execute(_RUNNING, {"user_id": user_id})).scalar_one()
    return count


async def queue_full(session: AsyncSession, user_id: UserId) -> QueueFull:
    """Return the refusal of a run that found no place."""
    most = await limit_of(session, user_id, LimitName.QUEUED_RUNS)
    return QueueFull(
        f"As many of your runs are waiting as may be: {most}.",
        [
            Problem(
                "Your queue of runs is full.",
                "Wait for some of them to be carried out, or cancel some.",
                code=LimitName.QUEUED_RUNS,
            )
        ],
        retry_after_s=_RETRY_AFTER_S,
    )


def full_in_words(symbol: str) -> str:
    """Return why no run on `symbol` was started, for the record of a signal or a schedule."""
    return f"No run on {symbol} was started: as many of your runs were waiting as may be."
