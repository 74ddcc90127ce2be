"""Queries on signals. Private to this package."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.signals.models import SignalMatchRow, SignalRow
from kuber.signals.types import SignalQuery


class SignalRepository:
    """Signals that one user may see: the platform's and the user's own."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, user_id: UserId, query: SignalQuery) -> tuple[list[SignalRow], str | None]:
        """Return one page, newest first, and the cursor of the next, None on the last."""
        statement = _filtered(visible(user_id), user_id, query)
        if query.cursor:
            statement = statement.where(
                tuple_(SignalRow.received_at, SignalRow.id) < tuple_(*_bound(query.cursor))
            )
        order = (SignalRow.received_at.desc(), SignalRow.id.desc())
        statement = statement.order_by(*order).limit(query.limit + 1)
        rows = list((await self._session.scalars(statement)).all())
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        last = encode_cursor(rows[-1].received_at.isoformat(), str(rows[-1].id)) if more else None
        return rows, last

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


def visible(user_id: UserId) -> Select[SignalRow]:
    """Return the query of all signals that a user may see."""
    return select(SignalRow).where(or_(SignalRow.user_id.is_(None), SignalRow.user_id == user_id))


def _filtered(
    statement: Select[SignalRow], user_id: UserId, query: SignalQuery
) -> Select[SignalRow]:
    if query.signal_type:
        statement = statement.where(SignalRow.signal_type == query.signal_type)
    if query.source:
        statement = statement.where(SignalRow.source == query.source)
    if query.ticker:
        statement = statement.where(SignalRow.tickers.contains([{"ticker": query.ticker.upper()}]))
    if query.outcome:
        own = select(SignalMatchRow.signal_id).where(
            SignalMatchRow.signal_id == SignalRow.id,
            SignalMatchRow.user_id == user_id,
            SignalMatchRow.outcome == query.outcome.value,
        )
        statement = statement.where(own.exists())
    return statement


def _bound(cursor: str) -> tuple[ColumnElement[datetime], ColumnElement[UUID]]:
    received_at, signal_id = decode_cursor(cursor, 2)
    try:
        return literal(as_utc(datetime.fromisoformat(received_at))), literal(UUID(signal_id))
    except ValueError as error:
        raise bad_cursor() from error
