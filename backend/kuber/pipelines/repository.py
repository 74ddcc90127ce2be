"""Queries on pipelines. Private to this package."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.models import PipelineRow, PipelineVersionRow
from kuber.pipelines.types import PipelineQuery

SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "updated_at": PipelineRow.updated_at,
    "created_at": PipelineRow.created_at,
    "name": PipelineRow.name,
}


class PipelineRepository:
    """Rows of one user at a time; another user's rows do not exist here."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self, user_id: UserId, pipeline_id: PipelineId, *, lock: bool = False
    ) -> PipelineRow | None:
        query = select(PipelineRow).where(
            PipelineRow.id == pipeline_id, PipelineRow.user_id == user_id
        )
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def page(
        self, user_id: UserId, query: PipelineQuery
    ) -> tuple[list[PipelineRow], str | None]:
        """Return one page and the cursor of the next, None on the last page."""
        statement = _filtered(select(PipelineRow).where(PipelineRow.user_id == user_id), query)
        descending, column = query.sort.startswith("-"), SORTS[query.sort.removeprefix("-")]
        keys: tuple[ColumnElement[Any], ColumnElement[Any]] = (
            func.lower(column) if column is PipelineRow.name else column.expression,
            PipelineRow.id.expression,
        )
        if query.cursor:
            bound = tuple_(*_bound(query.cursor, column))
            statement = statement.where(
                tuple_(*keys) < bound if descending else tuple_(*keys) > bound
            )
        order = [key.desc() for key in keys] if descending else list(keys)
        rows = list(
            (await self._session.scalars(statement.order_by(*order).limit(query.limit + 1))).all()
        )
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return rows, _cursor(rows[-1], column) if more else None

    async def names(self, user_id: UserId, pipeline_ids: set[UUID]) -> dict[UUID, str]:
        rows = await self._session.execute(
            select(PipelineRow.id, PipelineRow.name).where(
                PipelineRow.user_id == user_id, PipelineRow.id.in_(pipeline_ids)
            )
        )
        return {row.id: row.name for row in rows}

    async def versions(self, pipeline_id: PipelineId) -> list[PipelineVersionRow]:
        """Return all versions, newest first."""
        return list(
            (
                await self._session.scalars(
                    select(PipelineVersionRow)
                    .where(PipelineVersionRow.pipeline_id == pipeline_id)
                    .order_by(PipelineVersionRow.version.desc())
                )
            ).all()
        )

    async def version(self, pipeline_id: PipelineId, version: int) -> PipelineVersionRow | None:
        return await self._session.get(PipelineVersionRow, (pipeline_id, version))


def _filtered(statement: Select[PipelineRow], query: PipelineQuery) -> Select[PipelineRow]:
    if query.search:
        statement = statement.where(PipelineRow.name.icontains(query.search, autoescape=True))
    if query.status:
        statement = statement.where(PipelineRow.status == query.status)
    else:
        statement = statement.where(PipelineRow.status != "archived")
    if query.mode:
        statement = statement.where(PipelineRow.mode == query.mode)
    return statement


def _bound(cursor: str, column: InstrumentedAttribute[Any]) -> tuple[str | datetime, UUID]:
    value, row_id = decode_cursor(cursor, 2)
    try:
        if column is PipelineRow.name:
            return value, UUID(row_id)
        return as_utc(datetime.fromisoformat(value)), UUID(row_id)
    except ValueError as error:
        raise bad_cursor() from error


def _cursor(row: PipelineRow, column: InstrumentedAttribute[Any]) -> str:
    value = row.name.lower() if column is PipelineRow.name else getattr(row, column.key).isoformat()
    return encode_cursor(value, str(row.id))
