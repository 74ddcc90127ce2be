"""How much one user may have and do at a time: data, so that tiers and single users can differ.

A row of `limits` says a value for a scope: `default`, `tier:<TIER>` or `user:<id>`; the most
specific one wins. Without any row the value stands in `LIMITS`.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cachetools import LRUCache
from psycopg import Error as PsycopgError
from sqlalchemy import func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.errors import QuotaReached
from kuber.identity.limit_kinds import DEFAULTS, LIMITS, LimitName, Limits
from kuber.identity.models import LimitRow, UserRow
from kuber.identity.types import Tier
from kuber.infra.db import Database
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId

_log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=5)
"""How long limits that were read are used without looking again."""
_PATIENCE_S = 1.0
_PAUSE = timedelta(seconds=5)
_MOST_CACHED = 10_000


_DEFAULT_SCOPE = "default"
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


def limit_sql(name: LimitName, user: str) -> str:
    """Return an SQL expression for the limit of the user whose id the expression `user` gives.

    For statements that count and write at once; `user` is part of the statement, never input.
    """
    return f"""coalesce(
        (select value from limits
         where scope = concat('user', chr(58), {user}) and name = '{name}'),
        (select tl.value from users tu join limits tl on tl.scope = concat('tier', chr(58), tu.tier)
         where tu.id = {user} and tl.name = '{name}'),
        (select value from limits where scope = '{_DEFAULT_SCOPE}' and name = '{name}'),
        {LIMITS[name].default})"""  # noqa: S608  put together from constants


async def limit_of(session: AsyncSession, user_id: UserId, name: LimitName) -> int:
    """Return the limit as it stands now, for rules that are checked within a transaction."""
    statement = text(f"select {limit_sql(name, 'cast(:user_id as uuid)')}")
    value: int = (await session.execute(statement, {"user_id": str(user_id)})).scalar_one()
    return value


async def one_at_a_time(session: AsyncSession, user_id: UserId, what: str) -> None:
    """Wait until no other transaction does `what` for the user; holds until this one ends.

    Count in a later statement: one sees what was committed before it began.
    """
    await session.execute(_LOCK, {"name": f"{what} of {user_id}"})


def quota_reached(name: LimitName, limit: int, detail: str, remedy: str) -> QuotaReached:
    """Return the refusal of something that would go over a limit."""
    message = f"The limit {name} of {limit} {LIMITS[name].unit} is reached."
    return QuotaReached(detail, [Problem(message, remedy, code=name)])


async def seed_limits(session: AsyncSession) -> dict[LimitName, int]:
    """Store the default of each limit that has no row yet and return those; what was changed
    stays."""
    rows = [
        {"scope": _DEFAULT_SCOPE, "name": name, "value": value} for name, value in DEFAULTS.items()
    ]
    statement = insert(LimitRow).values(rows).on_conflict_do_nothing()
    stored = await session.execute(statement.returning(LimitRow.name, LimitRow.value))
    return {LimitName(name): value for name, value in stored}


def scope_of(user_id: UserId | None, tier: Tier | None) -> str:
    """Return the scope of limits of one account, of a tier, or of everybody without either."""
    if user_id is not None:
        return f"user:{user_id}"
    return _DEFAULT_SCOPE if tier is None else f"tier:{tier}"


async def set_limit(session: AsyncSession, scope: str, name: LimitName, value: int) -> int | None:
    """Store a limit for a scope; return the value before, None when the scope had none."""
    await session.execute(_LOCK, {"name": f"limit {name} of {scope}"})
    row = await session.get(LimitRow, (scope, name.value))
    before = None if row is None else row.value
    if row is None:
        session.add(LimitRow(scope=scope, name=name.value, value=value))
    else:
        row.value = value
    await session.flush()
    return before


@dataclass(frozen=True, slots=True)
class _Known:
    limits: Limits
    read_at: datetime


class LimitService:
    """The limits of users, read with one query and used for `FRESH`.

    Made for doors that every request passes: it waits a second at most. While PostgreSQL is away it
    goes by what it knew last, else by the defaults. `database` is best one of its own: limits are
    needed most when requests hold every connection of theirs.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: LRUCache[UserId | None, _Known] = LRUCache(_MOST_CACHED)
        self._reading: dict[UserId | None, asyncio.Task[None]] = {}
        self._away_until = clock.now()

    async def of(self, user_id: UserId) -> Limits:
        """Return the limits of a user; never raises."""
        return await self._of(user_id)

    async def of_installation(self) -> Limits:
        """Return the limits that hold for everybody together; never raises."""
        return await self._of(None)

    async def _of(self, user_id: UserId | None) -> Limits:
        now, known = self._clock.now(), self._known.get(user_id)
        if known is not None and now - known.read_at < FRESH:
            return known.limits
        if now >= self._away_until:
            task = self._reading.get(user_id)
            if task is None:
                task = self._reading[user_id] = asyncio.create_task(self._read(user_id))
            await asyncio.wait([task], timeout=_PATIENCE_S)
            if not task.done():
                self._away_until = self._clock.now() + _PAUSE
            known = self._known.get(user_id)
        return known.limits if known is not None else DEFAULTS

    async def _read(self, user_id: UserId | None) -> None:
        try:
            async with self._database.transaction() as session:
                limits = await _limits(session, user_id)
        except (SQLAlchemyError, PsycopgError, OSError) as error:
            self._away_until = self._clock.now() + _PAUSE
            _log.warning("limits_not_read", error=type(error).__name__)
        else:
            self._known[user_id] = _Known(limits, self._clock.now())
        finally:
            del self._reading[user_id]


async def _limits(session: AsyncSession, user_id: UserId | None) -> Limits:
    wanted = LimitRow.scope == _DEFAULT_SCOPE
    if user_id is not None:
        tier = select(func.concat(literal("tier:"), UserRow.tier)).where(UserRow.id == user_id)
        wanted = or_(
            wanted, LimitRow.scope == f"user:{user_id}", LimitRow.scope == tier.scalar_subquery()
        )
    # "default" < "tier:..." < "user:...": the most specific one comes last.
    rows = await session.scalars(select(LimitRow).where(wanted).order_by(text('scope collate "C"')))
    found = dict(DEFAULTS)
    for row in rows:
        if row.name in LIMITS:
            found[LimitName(row.name)] = row.value
    return found
