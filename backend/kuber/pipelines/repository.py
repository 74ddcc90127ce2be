"""Queries on pipelines. Private to this package."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, undefer

from kuber.infra.db import JsonText
from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.models import PipelineRow, PipelineVersionRow
from kuber.pipelines.types import KnownPipeline, PipelineQuery

SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "updated_at": PipelineRow.updated_at,
    "created_at": PipelineRow.created_at,
    "name": PipelineRow.name,
}


class PipelineRepository:
    """Rows of one user at a time; another user's rows do not exist here.

    Nor do deleted pipelines, but for `known` and `version`, which the history of runs asks.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self,
        user_id: UserId,
        pipeline_id: PipelineId,
        *,
        whole: bool = False,
        lock: bool = False,
    ) -> PipelineRow | None:
        """Return the row, with its graph and problems only when it is `whole`."""
        query = select(PipelineRow).where(
            PipelineRow.id == pipeline_id,
            PipelineRow.user_id == user_id,
            PipelineRow.deleted_at.is_(None),
        )
        if whole:
            query = query.options(undefer(PipelineRow.graph), undefer(PipelineRow.problems))
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def has_graph(self, pipeline_id: PipelineId, graph: bytes) -> bool:
        """Return whether the stored graph says the same as `graph`; PostgreSQL compares."""
        same = PipelineRow.graph.is_not_distinct_from(literal(graph, JsonText()))
        query = select(same).where(PipelineRow.id == pipeline_id)
        return bool(await self._session.scalar(query))

    async def page(
        self, user_id: UserId, query: PipelineQuery
    ) -> tuple[list[PipelineRow], str | None]:
        """Return one page and the cursor of the next, None on the last page."""
        own = select(PipelineRow).where(
            PipelineRow.user_id == user_id, PipelineRow.deleted_at.is_(None)
        )
        statement = _filtered(own, query)
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

    async def known(
        self, user_id: UserId, pipeline_ids: Collection[UUID]
    ) -> dict[UUID, KnownPipeline]:
        """Return what is known of the pipelines, deleted ones included."""
        rows = await self._session.execute(
            select(PipelineRow.id, PipelineRow.name, PipelineRow.deleted_at).where(
                PipelineRow.user_id == user_id, PipelineRow.id.in_(pipeline_ids)
            )
        )
        return {row.id: KnownPipeline(row.name, row.deleted_at is not None) for row in rows}

    async def versions(
        self, pipeline_id: PipelineId, cursor: str | None, limit: int
    ) -> tuple[list[PipelineVersionRow], str | None]:
        """Return one page of versions without their graphs, newest first, and the next cursor."""
        query = select(PipelineVersionRow).where(PipelineVersionRow.pipeline_id == pipeline_id)
        if cursor:
            query = query.where(PipelineVersionRow.version < _version_bound(cursor))
        query = query.order_by(PipelineVersionRow.version.desc()).limit(limit + 1)
        rows = list((await self._session.scalars(query)).all())
        more, rows = len(rows) > limit, rows[:limit]
        return rows, encode_cursor(str(rows[-1].version)) if more else None

    async def version(
        self, user_id: UserId, pipeline_id: PipelineId, version: int
    ) -> PipelineVersionRow | None:
        """Return one version with its graph, also of a deleted pipeline."""
        query = (
            select(PipelineVersionRow)
            .join(PipelineRow, PipelineRow.id == PipelineVersionRow.pipeline_id)
            .where(
                PipelineRow.user_id == user_id,
                PipelineVersionRow.pipeline_id == pipeline_id,
                PipelineVersionRow.version == version,
            )
            .options(undefer(PipelineVersionRow.graph))
        )
        return (await self._session.scalars(query)).one_or_none()


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


def _version_bound(cursor: str) -> int:
    [version] = decode_cursor(cursor, 1)
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise bad_cursor()
    return int(version)


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


def version_row(row: PipelineRow, created_at: datetime) -> PipelineVersionRow:
    """Return the row that keeps the pipeline's graph as a version."""
    return PipelineVersionRow(
        pipeline_id=row.id,
        version=row.version,
        graph=row.graph,
        node_count=row.node_count,
        created_at=created_at,
    )
