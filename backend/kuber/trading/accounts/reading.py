"""Accounts and their ledgers as they are shown, whatever became of them."""

import math
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import raw_connection
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.ledger.report import Balances, Moved, Place, newest
from kuber.ledger.types import CASH, DEBT, RESERVED, Book
from kuber.ledger.units import ZERO, tidy
from kuber.trading.account_types import AccountKind, AccountStatus
from kuber.trading.accounts.errors import AccountNotFound, BadPeriod
from kuber.trading.accounts.schemas import (
    AccountOut,
    EquityPoint,
    EquitySeries,
    LedgerEntry,
    LedgerPage,
    SimulationOut,
)
from kuber.trading.accounts.valuing import Valued, value_accounts
from kuber.trading.models import AccountRow

_SERIES = """
    select distinct on (floor(extract(epoch from at) / %(step)s))
           at, equity, cash, holdings, open_risk
    from account_equity where account_id = %(id)s and at >= %(since)s and at <= %(until)s
    order by floor(extract(epoch from at) / %(step)s), at desc
"""
MOST_POINTS = 1500
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


async def shown(
    session: AsyncSession, rows: Sequence[AccountRow], now: datetime
) -> list[AccountOut]:
    """Return accounts with what is on their books, positions at the newest prices."""
    found = await value_accounts(session, rows, now)
    return [_shown(row, *found[row.id]) for row in rows]


async def equity_series(
    session: AsyncSession, user_id: UserId, account_id: UUID, since: datetime, until: datetime
) -> EquitySeries:
    """Return the equity of an account over a time. Raises AccountNotFound, BadPeriod."""
    if since > until:
        message = "The series would end before it begins."
        remedy = "Give a `to` that is not before `from`."
        raise BadPeriod(message, [Problem(message, remedy, field="from")])
    row = await account_of(session, user_id, account_id)
    first = max(since, row.created_at)
    step_s = max(60, math.ceil((until - first).total_seconds() / MOST_POINTS))
    connection = await raw_connection(session)
    values = {"id": row.id, "since": since, "until": until, "step": step_s}
    cursor = await connection.execute(_SERIES, values)
    points = [
        EquityPoint(
            at=at,
            equity=tidy(equity),
            cash=tidy(cash),
            holdings=tidy(holdings),
            open_risk=tidy(risk),
        )
        for at, equity, cash, holdings, risk in await cursor.fetchall()
    ]
    return EquitySeries(items=points, step_s=step_s)


def _shown(row: AccountRow, balances: Balances, worth: Valued) -> AccountOut:
    currency = row.currency
    cash = balances.get((CASH, currency), ZERO)
    return AccountOut(
        id=row.id,
        name=row.name,
        mode=row.mode,
        broker=_SIMULATED,
        currency=currency,
        cash=tidy(cash),
        reserved=tidy(balances.get((RESERVED, currency), ZERO)),
        debt=tidy(balances.get((DEBT, currency), ZERO).copy_abs()),
        equity=tidy(worth.equity),
        equity_at_cost=tidy(worth.at_cost),
        unrealised_pnl=tidy(worth.equity - worth.at_cost),
        valued_at=worth.valued_at,
        stale=worth.stale,
        open_risk=tidy(worth.open_risk),
        pnl_today=tidy(worth.pnl_today),
        open_positions=worth.open_positions,
        entries_blocked=row.entries_blocked,
        buying_power=tidy(cash),
        status=AccountStatus(row.status),
        replaced_by=row.replaced_by,
        simulation=None if row.simulation is None else SimulationOut(**row.simulation),
        created_at=row.created_at,
    )


def _entry(moved: Moved) -> LedgerEntry:
    return LedgerEntry(
        id=moved.id,
        transaction_id=moved.transaction_id,
        at=moved.at,
        kind=moved.kind,
        state=moved.state,
        debit=moved.debit,
        credit=moved.credit,
        amount=tidy(moved.amount),
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
