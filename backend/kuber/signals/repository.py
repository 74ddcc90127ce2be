"""Queries on signals. Private to this package."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor, rows_that_fit
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.symbols import written_symbol
from kuber.signals.models import SignalMatchRow, SignalRow
from kuber.signals.types import SignalQuery

MAX_TICKERS_OF_A_PAGE = 1000
"""A page ends early when its signals name more: writing it down would hold up others."""


class SignalRepository:
    """Signals that one user may see: the platform's and the user's own."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, user_id: UserId, query: SignalQuery) -> tuple[list[SignalRow], str | None]:
        """Return one page, newest first, and the cursor of the next, None on the last."""
        found = (await self._session.execute(_newest_of_both(user_id, query))).all()
        sizes = [tickers for *_, tickers in found[: query.limit]]
        kept = found[: rows_that_fit(sizes, MAX_TICKERS_OF_A_PAGE)]
        rows = list(
            await self._session.scalars(
                select(SignalRow)
                .where(SignalRow.id.in_([signal_id for _, signal_id, _ in kept]))
                .order_by(SignalRow.received_at.desc(), SignalRow.id.desc())
            )
        )
        if len(found) == len(kept):
            return rows, None
        received_at, signal_id, _ = kept[-1]
        return rows, encode_cursor(received_at.isoformat(), str(signal_id))

    async def find(self, user_id: UserId, signal_id: UUID) -> SignalRow | None:
        query = visible(user_id).where(SignalRow.id == signal_id)
        return (await self._session.scalars(query)).one_or_none()

    async def matches(self, user_id: UserId, signal_ids: Sequence[UUID]) -> list[SignalMatchRow]:
        """Return what the signals meant for the user's pipelines, runs first."""
        query = (
            select(SignalMatchRow)
            .where(SignalMatchRow.user_id == user_id, SignalMatchRow.signal_id.in_(signal_ids))
            .order_by(
                SignalMatchRow.outcome.desc(), SignalMatchRow.symbol, SignalMatchRow.pipeline_id
            )
        )
        return list((await self._session.scalars(query)).all())

    async def has_matched(self, pipeline_id: PipelineId) -> bool:
        """Return whether a signal is on record as having meant something for the pipeline."""
        own = select(SignalMatchRow.signal_id).where(SignalMatchRow.pipeline_id == pipeline_id)
        return bool((await self._session.scalars(select(own.exists()))).one())


def _newest_of_both(user_id: UserId, query: SignalQuery) -> Select[datetime, UUID, int]:
    """Return the query of a page and one row more, newest first, with their sizes.

    The platform's and the user's own are looked up apart: each is one walk along an index, while
    the rows of other people are not even passed.
    """
    ids = [
        _newest(select(SignalRow.received_at, SignalRow.id).where(whose), user_id, query)
        for whose in (SignalRow.user_id.is_(None), SignalRow.user_id == user_id)
    ]
    both = union_all(*ids).subquery()
    newest = (
        select(both.c.id)
        .order_by(both.c.received_at.desc(), both.c.id.desc())
        .limit(query.limit + 1)
    )
    return (
        select(SignalRow.received_at, SignalRow.id, func.jsonb_array_length(SignalRow.tickers))
        .where(SignalRow.id.in_(newest))
        .order_by(SignalRow.received_at.desc(), SignalRow.id.desc())
    )


def _newest(
    statement: Select[datetime, UUID], user_id: UserId, query: SignalQuery
) -> Select[datetime, UUID]:
    # By the user first, though all are the same one's: only so PostgreSQL sees the index's order.
    order = (SignalRow.user_id.desc(), SignalRow.received_at.desc(), SignalRow.id.desc())
    conditions = _conditions(user_id, query)
    return statement.where(*conditions).order_by(*order).limit(query.limit + 1)


def visible(user_id: UserId) -> Select[SignalRow]:
    """Return the query of all signals that a user may see."""
    return select(SignalRow).where(or_(SignalRow.user_id.is_(None), SignalRow.user_id == user_id))


def _conditions(user_id: UserId, query: SignalQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.signal_type:
        found.append(SignalRow.signal_type == query.signal_type)
    if query.source:
        found.append(SignalRow.source == query.source)
    if query.ticker:
        found.append(SignalRow.tickers.contains([{"ticker": written_symbol(query.ticker)}]))
    if query.outcome:
        own = select(SignalMatchRow.signal_id).where(
            SignalMatchRow.signal_id == SignalRow.id,
            SignalMatchRow.user_id == user_id,
            SignalMatchRow.outcome == query.outcome.value,
        )
        found.append(own.exists())
    if query.cursor:
        place = tuple_(SignalRow.received_at, SignalRow.id)
        found.append(place < tuple_(*_bound(query.cursor)))
    return found


def _bound(cursor: str) -> tuple[ColumnElement[datetime], ColumnElement[UUID]]:
    received_at, signal_id = decode_cursor(cursor, 2)
    try:
        return literal(as_utc(datetime.fromisoformat(received_at))), literal(UUID(signal_id))
    except ValueError as error:
        raise bad_cursor() from error
