"""Queries on runs for the API. Private to this package."""

from collections.abc import Collection
from datetime import datetime
from itertools import islice
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Table, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import PipelineId, RunId, UserId
from kuber.market.symbols import written_symbol
from kuber.runs import models
from kuber.runs.models import NodeRunRow, RunEventRow, RunRow
from kuber.runs.queueing import FREE_PLACES
from kuber.runs.types import RunQuery

_RUNS = cast(Table, RunRow.__table__)
ACTIVE = ("pending", "running", "waiting")


_PIPELINE_HELD = """
    exists (select 1 from pipelines where id = :pipeline_id and deleted_at is null
            and (status <> 'archived' or :again) for key share)
"""
"""Waits for whoever is deleting or archiving the pipeline, and then finds it gone.

What ran before it was archived may be run again.
"""


async def close_nodes(session: AsyncSession, run: RunRow) -> None:
    """Let no node of a run that is called off count as under way."""
    under_way = NodeRunRow.status.in_(ACTIVE)
    await session.execute(
        update(NodeRunRow)
        .where(NodeRunRow.run_id == run.id, under_way)
        .values(status="cancelled", finished_at=run.finished_at, wake_at=None)
    )


class RunRepository:
    """Rows of one user at a time; another user's rows do not exist here."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, user_id: UserId, run_id: RunId, *, lock: bool = False) -> RunRow | None:
        query = select(RunRow).where(RunRow.id == run_id, RunRow.user_id == user_id)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def page(self, user_id: UserId, query: RunQuery) -> tuple[list[RunRow], str | None]:
        """Return one page, newest first, and the next page's cursor."""
        statement = select(RunRow).where(RunRow.user_id == user_id)
        if query.pipeline_id:
            statement = statement.where(RunRow.pipeline_id == query.pipeline_id)
        if query.status:
            statement = statement.where(RunRow.status == query.status)
        if query.symbol:
            statement = statement.where(RunRow.symbol == written_symbol(query.symbol))
        if query.mode:
            statement = statement.where(RunRow.mode == query.mode)
        if query.cursor:
            statement = statement.where(RunRow.id < _cursor_id(query.cursor))
        rows = list(
            (
                await self._session.scalars(
                    statement.order_by(RunRow.id.desc()).limit(query.limit + 1)
                )
            ).all()
        )
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return rows, encode_cursor(str(rows[-1].id)) if more else None

    async def existing(self, user_id: UserId, run_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these runs the user has."""
        query = select(RunRow.id).where(RunRow.user_id == user_id, RunRow.id.in_(run_ids))
        return set(await self._session.scalars(query))

    async def nodes(self, run_id: RunId) -> list[NodeRunRow]:
        return list(
            (
                await self._session.scalars(select(NodeRunRow).where(NodeRunRow.run_id == run_id))
            ).all()
        )

    async def events(self, run_id: RunId, after: int, limit: int) -> list[JsonObject]:
        """Return up to `limit` events after number `after`, oldest first."""
        batches = await self._session.scalars(
            select(RunEventRow.events)
            .where(RunEventRow.run_id == run_id, RunEventRow.sequence > after)
            .order_by(RunEventRow.sequence)
            .limit(limit)
        )
        found = (event for batch in batches for event in batch if event["sequence"] > after)
        return list(islice(found, limit))

    async def active(self, pipeline_id: PipelineId, symbol: str | None = None) -> RunRow | None:
        """Return an active run of the pipeline, on `symbol` when it is given."""
        query = select(RunRow).where(RunRow.pipeline_id == pipeline_id, RunRow.status.in_(ACTIVE))
        if symbol is not None:
            query = query.where(RunRow.symbol == symbol)
        return (await self._session.scalars(query.limit(1))).one_or_none()

    async def latest(self, pipeline_ids: list[UUID]) -> dict[UUID, Row[Any]]:
        """Return the newest run of each pipeline that has one."""
        number = (
            func.row_number()
            .over(partition_by=RunRow.pipeline_id, order_by=RunRow.id.desc())
            .label("number")
        )
        ranked = (
            select(
                RunRow.pipeline_id,
                RunRow.id,
                RunRow.status,
                RunRow.symbol,
                RunRow.created_at,
                RunRow.finished_at,
                RunRow.outcome,
                RunRow.wake_at,
                RunRow.waits_for,
                number,
            )
            .where(RunRow.pipeline_id.in_(pipeline_ids))
            .subquery()
        )
        rows = await self._session.execute(select(ranked).where(ranked.c.number == 1))
        return {row.pipeline_id: row for row in rows}

    async def causes(
        self, user_id: UserId, run_ids: Collection[UUID]
    ) -> dict[UUID, tuple[UUID, datetime]]:
        """Return the pipeline of each run, and its simulated now."""
        query = select(RunRow.id, RunRow.pipeline_id, RunRow.as_of).where(
            RunRow.user_id == user_id, RunRow.id.in_(run_ids)
        )
        rows = await self._session.execute(query)
        return {row.id: (row.pipeline_id, row.as_of) for row in rows}


async def insert_queued(session: AsyncSession, row: RunRow, spare: int) -> bool:
    """Queue a run while its user's queue has more than `spare` free places; False when it has not,
    when its pipeline already runs on the symbol, or was deleted or archived."""
    given = {
        column: value for column in _RUNS.columns if (value := getattr(row, column.key)) is not None
    }
    free = text(f"{FREE_PLACES} > :spare").bindparams(user_id=str(row.user_id), spare=spare)
    wanted = select(*(literal(value, column.type) for column, value in given.items()))
    there = text(_PIPELINE_HELD).bindparams(
        pipeline_id=row.pipeline_id, again=row.rerun_of is not None
    )
    statement = (
        insert(_RUNS)
        .from_select(list(given), wanted.where(free, there))
        .on_conflict_do_nothing(
            index_elements=[RunRow.pipeline_id, RunRow.symbol], index_where=text(models.ACTIVE)
        )
        .returning(RunRow.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


def _cursor_id(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, 1)[0])
    except ValueError as error:
        raise bad_cursor() from error
