"""Looking corporate actions up."""

from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.market.actions.schemas import ActionList, ActionOut
from kuber.market.actions.types import ActionKind, ratio_text
from kuber.market.errors import SymbolNotFound
from kuber.market.models import BarImport, CorporateActionRow
from kuber.market.symbols import canonical_symbol


async def actions_of(
    session: AsyncSession, user_id: UserId, symbol: str, *, limit: int, cursor: str | None
) -> ActionList:
    """Return splits and dividends of a symbol, newest first: the user's and the platform's.

    Raises SymbolNotFound for what is no symbol, BadCursor.
    """
    try:
        plain = canonical_symbol(symbol)
    except ValueError as error:
        raise SymbolNotFound(f"{error}.") from error
    row = CorporateActionRow
    query = (
        select(row, BarImport.filename)
        .join(BarImport, BarImport.id == row.import_id)
        .where(row.symbol == plain, row.state == "active")
        .where(or_(row.user_id == user_id, row.user_id.is_(None)))
    )
    if cursor is not None:
        query = query.where(tuple_(row.ex_date, row.id) < _after(cursor))
    query = query.order_by(row.ex_date.desc(), row.id.desc()).limit(limit + 1)
    found = (await session.execute(query)).all()
    last = found[limit - 1][0] if len(found) > limit else None
    return ActionList(
        items=[_shown(one, filename) for one, filename in found[:limit]],
        next_cursor=None if last is None else encode_cursor(str(last.ex_date), str(last.id)),
    )


def _after(cursor: str) -> tuple[date, UUID]:
    day, id_ = decode_cursor(cursor, 2)
    try:
        return date.fromisoformat(day), UUID(id_)
    except ValueError as error:
        raise bad_cursor() from error


def _shown(one: CorporateActionRow, filename: str) -> ActionOut:
    ratio = None
    if one.new_shares is not None and one.old_shares is not None:
        ratio = ratio_text(Fraction(one.new_shares) / Fraction(one.old_shares))
    amount = None if one.amount is None else one.amount.normalize()
    kind = ActionKind(one.kind)
    return ActionOut(
        kind=kind,
        ex_date=one.ex_date,
        ratio=ratio,
        amount=amount,
        currency=one.currency,
        source=filename,
    )
