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

FITS_LIMIT = f"""
    (c.nth + (select count(*) from runs r where r.status = 'running' and r.user_id = c.user_id)
     <= {limit_sql(LimitName.RUNNING_RUNS, "c.user_id")})
"""  # noqa: S608  put together from constants
"""Whether its user's limit has room for the candidate `c`, the `nth` of her in this claim.

Claims do not wait for each other: those that several processes make at the same moment may go over
by what the others take.
"""
HAVE_SHARE = """
    have_share as (
        select r.user_id from runs r where r.status = 'running' and r.claimed_by = %(worker)s
        group by r.user_id having count(*) >= %(share)s
    )
"""
"""Users of whom the process `worker` holds as many runs as are their share while others wait."""

_OTHERS_WAIT = """
    (exists (select from runs p where p.status = 'pending' and p.user_id < {user}
                and p.user_id not in (select user_id from have_share))
     or exists (select from runs p where p.status = 'pending' and p.user_id > {user}
                and p.user_id not in (select user_id from have_share)))
"""
"""Whether a run of somebody else waits who has not her share, for the expression `user`: two looks
at an index, past the runs of those who have theirs."""

WITHIN_SHARE = f"""
    not exists (select from have_share h where h.user_id = runs.user_id
                and {_OTHERS_WAIT.format(user="h.user_id")})
"""
"""Runs of users who have not their share of the process yet, or to whom what is left is left."""

FITS_SHARE = f"""
    (c.nth + (select count(*) from runs r where r.status = 'running'
                  and r.claimed_by = %(worker)s and r.user_id = c.user_id) <= %(share)s
     or not {_OTHERS_WAIT.format(user="c.user_id")})
"""  # noqa: S608
"""Whether its user's share has room for the candidate `c`, the `nth` of her in this claim."""

CLAIM_ORDER = "started_by <> 'manual', id"
"""A person who waits comes first, then whoever has waited for longest."""

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
