"""What accounts are worth at the newest prices, what their stops risk, and what today brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import raw_connection
from kuber.ledger.report import Balances, balances_of, deposited_since, money_in
from kuber.ledger.types import Book, cost, holding
from kuber.ledger.units import ZERO, exactly, product
from kuber.trading.basis import factors_of, on_basis
from kuber.trading.models import AccountRow
from kuber.trading.quotes import Priced, prices_of

_HOLDING, _COST = holding(""), cost("")
# Of a day without a position at its start there is no point after the one before it: nothing
# changed the equity since then but what was paid in.
_BEFORE_TODAY = """
    select distinct on (account_id) account_id, at, equity from account_equity
    where account_id = any(%(ids)s) and at <= %(midnight)s
    order by account_id, at desc
"""
_RISKS = """
    select account_id, count(*),
           sum(greatest(case side when 'buy' then average_price - stop
                                  else stop - average_price end, 0) * quantity)
    from positions
    where account_id = any(%(ids)s) and status <> 'closed' and quantity > 0
    group by account_id
"""


@dataclass(frozen=True, slots=True)
class Valued:
    """An account at prices; amounts in its currency."""

    equity: Decimal
    at_cost: Decimal
    valued_at: datetime | None
    stale: bool
    open_risk: Decimal = ZERO
    open_positions: int = 0
    pnl_today: Decimal = ZERO


def valued(balances: Balances, currency: str, prices: Mapping[str, Priced]) -> Valued:
    """Return what is on an account's books at prices; what has none counts at cost."""
    with exactly():
        money = money_in(balances, currency)
        at_cost = money + sum(_costs(balances, currency).values(), ZERO)
        equity, used, stale = money, list[datetime](), False
        for symbol, quantity in _held(balances).items():
            price = prices.get(symbol)
            if price is None:
                equity += balances.get((cost(symbol), currency), ZERO)
                stale = True
                continue
            equity += product(quantity, price.last)
            used.append(price.quoted_at)
            stale = stale or price.stale
    return Valued(equity, at_cost, min(used, default=None), stale)


async def value_accounts(
    session: AsyncSession, rows: Sequence[AccountRow], now: datetime
) -> dict[UUID, tuple[Balances, Valued]]:
    """Return balances and worth of accounts, in a few queries for all of them."""
    if not rows:
        return {}
    ids = [row.id for row in rows]
    connection = await raw_connection(session)
    found = await balances_of(connection, Book.TRADING, ids)
    symbols = {symbol for balances in found.values() for symbol in _held(balances)}
    prices = await prices_of(session, symbols, now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    values = {"ids": ids, "midnight": midnight}
    risks = {
        id_: (count, risk)
        for id_, count, risk in await (await connection.execute(_RISKS, values)).fetchall()
    }
    before = await (await connection.execute(_BEFORE_TODAY, values)).fetchall()
    starts = {id_: (at, equity) for id_, at, equity in before}
    since = {row.id: starts[row.id][0] if row.id in starts else None for row in rows}
    paid = await deposited_since(connection, Book.TRADING, since)
    quoted = {symbol: price.quoted_at for symbol, price in prices.items()}
    factors = await factors_of(connection, ids, quoted)
    worth = {}
    for row in rows:
        balances = found.get(row.id, {})
        one = valued(balances, row.currency, _of_basis(row.id, prices, factors))
        worth[row.id] = (balances, _today(one, row, risks, starts, paid))
    return worth


def _of_basis(
    account_id: UUID,
    prices: Mapping[str, Priced],
    factors: Mapping[tuple[UUID, str], Decimal],
) -> dict[str, Priced]:
    """Return prices on the basis on which an account holds: a split may have come since."""
    found = dict(prices)
    for (account, symbol), factor in factors.items():
        if account == account_id:
            found[symbol] = replace(found[symbol], last=on_basis(found[symbol].last, factor))
    return found


def _today(
    one: Valued,
    row: AccountRow,
    risks: Mapping[UUID, Any],
    starts: Mapping[UUID, Any],
    paid: Mapping[UUID, Decimal],
) -> Valued:
    count, risk = risks.get(row.id, (0, ZERO))
    with exactly():
        start = starts[row.id][1] if row.id in starts else ZERO
        change = one.equity - start - paid.get(row.id, ZERO)
    return Valued(one.equity, one.at_cost, one.valued_at, one.stale, risk or ZERO, count, change)


def _held(balances: Balances) -> dict[str, Decimal]:
    """Return the units held of each instrument, negative when short."""
    return {
        path.removeprefix(_HOLDING): amount
        for (path, _), amount in balances.items()
        if path.startswith(_HOLDING) and amount
    }


def _costs(balances: Balances, currency: str) -> dict[str, Decimal]:
    return {
        path: amount
        for (path, unit), amount in balances.items()
        if unit == currency and path.startswith(_COST)
    }
