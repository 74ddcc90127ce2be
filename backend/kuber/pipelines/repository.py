"""Queries on pipelines. Private to this package."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    cast,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, undefer

from kuber.infra.db import JsonText
from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import PipelineId, UserId, new_id
from kuber.pipelines.errors import PipelineNotFound
from kuber.pipelines.models import PipelineGraphRow, PipelineRow, PipelineVersionRow
from kuber.pipelines.types import KnownPipeline, PipelineQuery

_KEEP_DRAFT = text("""
    insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
    select :id, id, graph_digest, graph, node_count, :now from pipelines where id = :pipeline_id
    on conflict (pipeline_id, digest) do nothing returning id
""")
_COPY = text("""
    insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
    select :id, :pipeline_id, digest, graph, node_count, :now
    from pipeline_graphs where id = :graph_id
    on conflict (pipeline_id, digest) do nothing returning id
""")
_NEWEST = text("""
    select coalesce(max(version), 0) from pipeline_versions where pipeline_id = :pipeline_id
""")

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
        alone: bool = False,
    ) -> PipelineRow | None:
        """Return the row, with its graph and problems only when it is `whole`.

        With `lock` nobody else changes it until the transaction ends; with `alone` no run of it
        starts, either.
        """
        query = select(PipelineRow).where(
            PipelineRow.id == pipeline_id,
            PipelineRow.user_id == user_id,
            PipelineRow.deleted_at.is_(None),
        )
        if whole:
            query = query.options(undefer(PipelineRow.graph), undefer(PipelineRow.problems))
        if lock or alone:
            # What was read before the lock may have changed while it was waited for.
            query = query.with_for_update(key_share=not alone)
            query = query.execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def get(
        self,
        user_id: UserId,
        pipeline_id: PipelineId,
        *,
        whole: bool = False,
        lock: bool = False,
        alone: bool = False,
    ) -> PipelineRow:
        """Return the same; raises PipelineNotFound."""
        row = await self.find(user_id, pipeline_id, whole=whole, lock=lock, alone=alone)
        if row is None:
            raise PipelineNotFound(f"There is no pipeline {pipeline_id}.")
        return row

    async def published(self, user_id: UserId, pipeline_id: PipelineId) -> tuple[UUID, int]:
        """Return graph and number of the newest published version, as they are now.

        Raises PipelineNotFound; that a version was published is known.
        """
        query = select(PipelineRow.published_graph_id, PipelineRow.version).where(
            PipelineRow.id == pipeline_id,
            PipelineRow.user_id == user_id,
            PipelineRow.deleted_at.is_(None),
        )
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            raise PipelineNotFound(f"There is no pipeline {pipeline_id}.")
        assert row.published_graph_id is not None, "what was published stays so"
        return row.published_graph_id, row.version

    async def graph(self, graph_id: UUID) -> bytes:
        """Return one kept graph; the caller has seen that it is its user's."""
        query = select(PipelineGraphRow.graph).where(PipelineGraphRow.id == graph_id)
        return (await self._session.scalars(query)).one()

    async def digest_of(self, graph: bytes) -> bytes:
        """Return the SHA-256 of a graph as PostgreSQL writes it: it is that of equal graphs."""
        written = cast(literal(graph, JsonText()), Text)
        digest = func.sha256(func.convert_to(written, "UTF8"), type_=LargeBinary())
        return bytes((await self._session.scalars(select(digest))).one())

    async def keep_draft(self, row: PipelineRow, now: datetime) -> tuple[UUID, bool]:
        """Return the kept graph that says what the draft's says, and whether it was added."""
        await self._session.flush()
        values = {"id": new_id(), "pipeline_id": row.id, "now": now}
        added = (await self._session.execute(_KEEP_DRAFT, values)).scalar_one_or_none()
        return added or await self._kept(row.id, row.graph_digest), added is not None

    async def copy_graph(
        self, source: UUID, pipeline_id: UUID, digest: bytes, now: datetime
    ) -> UUID:
        """Return a graph of another pipeline that says what the kept graph `source` says."""
        values = {"id": new_id(), "pipeline_id": pipeline_id, "now": now, "graph_id": source}
        added = (await self._session.execute(_COPY, values)).scalar_one_or_none()
        return added or await self._kept(pipeline_id, digest)

    async def _kept(self, pipeline_id: UUID, digest: bytes) -> UUID:
        query = select(PipelineGraphRow.id).where(
            PipelineGraphRow.pipeline_id == pipeline_id, PipelineGraphRow.digest == digest
        )
        kept = (await self._session.scalars(query)).one_or_none()
        if kept is None:
            raise PipelineNotFound("The pipeline was deleted meanwhile.")
        return kept

    async def next_version(self, pipeline_id: UUID) -> int:
        """Return the number of the version that is published next."""
        values = {"pipeline_id": pipeline_id}
        newest: int = (await self._session.execute(_NEWEST, values)).scalar_one()
        return newest + 1

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
    ) -> tuple[list[tuple[PipelineVersionRow, int]], str | None]:
        """Return one page of versions with their numbers of nodes, newest first, and the next
        cursor."""
        query = (
            select(PipelineVersionRow, PipelineGraphRow.node_count)
            .join(PipelineGraphRow, PipelineGraphRow.id == PipelineVersionRow.graph_id)
            .where(PipelineVersionRow.pipeline_id == pipeline_id)
        )
        if cursor:
            query = query.where(PipelineVersionRow.version < _version_bound(cursor))
        query = query.order_by(PipelineVersionRow.version.desc()).limit(limit + 1)
        rows = [(row, count) for row, count in await self._session.execute(query)]
        more, rows = len(rows) > limit, rows[:limit]
        return rows, encode_cursor(str(rows[-1][0].version)) if more else None

    async def version(
        self, pipeline_id: PipelineId, version: int
    ) -> tuple[PipelineVersionRow, PipelineGraphRow] | None:
        """Return one version with its graph; the caller has seen that it is its user's."""
        query = (
            select(PipelineVersionRow, PipelineGraphRow)
            .join(PipelineGraphRow, PipelineGraphRow.id == PipelineVersionRow.graph_id)
            .where(
                PipelineVersionRow.pipeline_id == pipeline_id,
                PipelineVersionRow.version == version,
            )
            .options(undefer(PipelineGraphRow.graph))
        )
        found = (await self._session.execute(query)).one_or_none()
        return None if found is None else (found[0], found[1])


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
