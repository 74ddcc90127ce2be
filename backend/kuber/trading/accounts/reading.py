"""Accounts and their ledgers as they are shown, whatever became of them."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import raw_connection
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.ledger.report import Balances, Moved, Place, money_in, newest
from kuber.ledger.types import CASH, DEBT, RESERVED, Book, cost
from kuber.ledger.units import ZERO, exactly, plain
from kuber.trading.account_types import AccountKind, AccountStatus
from kuber.trading.accounts.errors import AccountNotFound
from kuber.trading.accounts.schemas import AccountOut, LedgerEntry, LedgerPage, SimulationOut
from kuber.trading.models import AccountRow

_COST = cost("")
_SIMULATED = "simulation"
_LARGEST_NUMBER = 2**63 - 1


async def account_of(session: AsyncSession, user_id: UserId, account_id: UUID) -> AccountRow:
    """Return a user's lasting account, open or not; raises AccountNotFound."""
    query = select(AccountRow).where(
        AccountRow.kind == AccountKind.LASTING.value,
        AccountRow.id == account_id,
        AccountRow.user_id == user_id,
    )
    row = await session.scalar(query)
    if row is None:
        raise AccountNotFound("There is no account with this id.")
    return row


async def ledger_page(
    session: AsyncSession, user_id: UserId, account_id: UUID, cursor: str | None, limit: int
) -> LedgerPage:
    """Return transfers of an account, the newest first. Raises AccountNotFound, BadCursor."""
    row = await account_of(session, user_id, account_id)
    before = None if cursor is None else _place(cursor)
    connection = await raw_connection(session)
    moved = await newest(connection, Book.TRADING, row.id, before, limit + 1)
    more, moved = len(moved) > limit, moved[:limit]
    return LedgerPage(
        items=[_entry(one) for one in moved],
        next_cursor=encode_cursor(*map(str, moved[-1].place)) if more else None,
    )


def shown(row: AccountRow, balances: Balances) -> AccountOut:
    """Return an account with what is on its books; positions count at cost."""
    currency = row.currency
    with exactly():
        equity = money_in(balances, currency) + _at_cost(balances, currency)
    cash = balances.get((CASH, currency), ZERO)
    return AccountOut(
        id=row.id,
        name=row.name,
        mode=row.mode,
        broker=_SIMULATED,
        currency=currency,
        cash=_tidy(cash),
        reserved=_tidy(balances.get((RESERVED, currency), ZERO)),
        debt=_tidy(balances.get((DEBT, currency), ZERO).copy_abs()),
        equity=_tidy(equity),
        buying_power=_tidy(cash),
        status=AccountStatus(row.status),
        replaced_by=row.replaced_by,
        simulation=None if row.simulation is None else SimulationOut(**row.simulation),
        created_at=row.created_at,
    )


def _at_cost(balances: Balances, currency: str) -> Decimal:
    costs = (
        amount
        for (path, unit), amount in balances.items()
        if unit == currency and path.startswith(_COST)
    )
    return sum(costs, ZERO)


def _entry(moved: Moved) -> LedgerEntry:
    return LedgerEntry(
        id=moved.id,
        transaction_id=moved.transaction_id,
        at=moved.at,
        kind=moved.kind,
        state=moved.state,
        debit=moved.debit,
        credit=moved.credit,
        amount=_tidy(moved.amount),
        currency=moved.unit,
        order_id=moved.order_id,
        venue_execution_id=moved.venue_execution_id,
        memo=moved.memo,
    )


def _place(cursor: str) -> Place:
    try:
        place = Place(*map(int, decode_cursor(cursor, 2)))
    except ValueError as error:
        raise bad_cursor() from error
    if not all(0 <= number <= _LARGEST_NUMBER for number in place) or place.transfer > 2**15:
        raise bad_cursor()
    return place


def _tidy(amount: Decimal) -> Decimal:
    """Return an amount without the zeros that the column's scale adds."""
    return Decimal(plain(amount))
