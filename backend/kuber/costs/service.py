"""Budgets and prices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.costs.list_prices import LIST_PRICES
from kuber.costs.models import Budget, DailySpend, ModelPriceRow
from kuber.costs.schemas import BudgetBody, BudgetOut
from kuber.costs.types import BudgetReading, BudgetStanding, ModelPrice, PriceBook
from kuber.infra.db import RawConnection, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId, UserId

_READING = """
    select b.per_run, b.per_day, coalesce(d.amount, 0),
        coalesce((select sum(amount) from cost_tracking where run_id = %(run_id)s), 0)
    from (select %(user_id)s::uuid as user_id) u
    left join budgets b on b.user_id = u.user_id
    left join daily_spend d on d.user_id = u.user_id and d.day = %(day)s
"""

_SPENT_OUT = """
    select d.user_id, d.amount, coalesce(b.per_day, %(per_day)s)
    from daily_spend d left join budgets b on b.user_id = d.user_id
    where d.user_id = any(%(users)s) and d.day = %(day)s
      and d.amount >= coalesce(b.per_day, %(per_day)s) and coalesce(b.per_day, %(per_day)s) > 0
"""


class BudgetGuard(Protocol):
    """Answers whether a run may spend more."""

    async def check(self, next_cost: Decimal) -> BudgetStanding:
        """Return the status of the budget if `next_cost` (USD) were spent now."""
        ...


class RunBudget:
    """The budget of one run, read afresh at each check."""

    def __init__(
        self,
        pool: RawPool,
        clock: Clock,
        user_id: UserId,
        run_id: RunId,
        per_run: Decimal,
        per_day: Decimal,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._user_id = user_id
        self._run_id = run_id
        self._defaults = (per_run, per_day)

    async def check(self, next_cost: Decimal) -> BudgetStanding:
        """Return the status of the budget if `next_cost` (USD) were spent now."""
        values = {
            "user_id": self._user_id,
            "run_id": self._run_id,
            "day": self._clock.now().date(),
        }
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_READING, values)
            row = await cursor.fetchone()
        assert row is not None, "there is one row, whoever asks"
        return _standing(BudgetReading(*row), self._defaults, next_cost)


class ReadBudget:
    """The budget of one run as it was read, together with something else."""

    def __init__(self, reading: BudgetReading, per_run: Decimal, per_day: Decimal) -> None:
        self._reading = reading
        self._defaults = (per_run, per_day)

    async def check(self, next_cost: Decimal) -> BudgetStanding:
        """Return the status of the budget if `next_cost` (USD) had been spent then."""
        return _standing(self._reading, self._defaults, next_cost)


def _standing(
    reading: BudgetReading, defaults: tuple[Decimal, Decimal], next_cost: Decimal
) -> BudgetStanding:
    per_run = defaults[0] if reading.per_run is None else reading.per_run
    per_day = defaults[1] if reading.per_day is None else reading.per_day
    return budget_status(per_run, per_day, reading.today, reading.run, next_cost)


def budget_status(
    per_run: Decimal, per_day: Decimal, today: Decimal, run: Decimal, next_cost: Decimal
) -> BudgetStanding:
    """Return whether `next_cost` fits both limits; all amounts in USD.

    A limit that is used up refuses also what is free, so that a spent budget stops its runs;
    a limit of zero allows free work only.
    """
    problems = [
        f"{name} budget of ${limit:.2f}: ${spent:.4f} spent, ${next_cost:.4f} more asked for"
        for name, limit, spent in (("run", per_run, run), ("daily", per_day, today))
        if spent + next_cost > limit or (spent >= limit > 0)
    ]
    detail = (
        "; ".join(problems)
        or f"${today:.4f} of ${per_day:.2f} spent today, ${run:.4f} of ${per_run:.2f} by this run"
    )
    return BudgetStanding(per_run, per_day, today, run, not problems, detail)


class CostService:
    """Budgets and prices for the API and the workers."""

    def __init__(self, clock: Clock, per_run: Decimal, per_day: Decimal) -> None:
        self._clock = clock
        self._per_run = per_run
        self._per_day = per_day

    def guard(self, pool: RawPool, user_id: UserId, run_id: RunId) -> RunBudget:
        """Return the budget guard of one run of a user."""
        return RunBudget(pool, self._clock, user_id, run_id, self._per_run, self._per_day)

    def read_guard(self, reading: BudgetReading) -> ReadBudget:
        """Return the guard of a run whose budget was just read."""
        return ReadBudget(reading, self._per_run, self._per_day)

    async def over_daily_budget(
        self, connection: RawConnection, user_ids: Sequence[UserId]
    ) -> dict[UserId, str]:
        """Return the users who may start nothing more today, each with the reason."""
        values = {
            "users": list(user_ids),
            "day": self._clock.now().date(),
            "per_day": self._per_day,
        }
        rows = await (await connection.execute(_SPENT_OUT, values)).fetchall()
        return {
            UserId(user_id): f"${spent:.2f} of the daily budget of ${limit:.2f} is spent."
            for user_id, spent, limit in rows
        }

    async def budget(self, session: AsyncSession, user_id: UserId) -> BudgetOut:
        """Return the limits in force and today's spending."""
        row = await session.get(Budget, user_id)
        spent = await session.get(DailySpend, (user_id, self._clock.now().date()))
        per_run = row.per_run if row and row.per_run is not None else self._per_run
        per_day = row.per_day if row and row.per_day is not None else self._per_day
        return BudgetOut(
            per_run=per_run, per_day=per_day, spent_today=spent.amount if spent else Decimal(0)
        )

    async def set_budget(
        self, session: AsyncSession, user_id: UserId, body: BudgetBody
    ) -> BudgetOut:
        """Replace the user's limits."""
        values = {
            "per_run": body.per_run,
            "per_day": body.per_day,
            "updated_at": self._clock.now(),
        }
        await session.execute(
            insert(Budget)
            .values(user_id=user_id, **values)
            .on_conflict_do_update(index_elements=[Budget.user_id], set_=values)
        )
        session.expire_all()
        return await self.budget(session, user_id)

    async def price_book(self, session: AsyncSession) -> PriceBook:
        """Return all model prices."""
        rows = (await session.scalars(select(ModelPriceRow))).all()
        return PriceBook(
            tuple(
                ModelPrice(row.model, row.valid_from, row.input_per_million, row.output_per_million)
                for row in rows
            )
        )

    async def seed_prices(self, session: AsyncSession) -> None:
        """Insert the list prices that are known; existing rows stay as they are."""
        for price in LIST_PRICES:
            await session.execute(
                insert(ModelPriceRow)
                .values(
                    model=price.model,
                    valid_from=price.valid_from,
                    input_per_million=price.input_per_million,
                    output_per_million=price.output_per_million,
                )
                .on_conflict_do_nothing()
            )
