"""What accounts are worth over time: a point each minute, and one whenever a position is closed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from kuber.infra.db import RawConnection
from kuber.ledger.report import balances_of, money_in
from kuber.ledger.types import Book
from kuber.ledger.units import plain
from kuber.market.statements import NEWEST_PRICES
from kuber.trading.basis import factor_of
from kuber.trading.order_service.held import Hosted
from kuber.trading.order_service.scope import is_away

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)

# A position without a price counts at what it has cost.
_WRITE = f"""
    insert into account_equity (account_id, at, equity, cash, holdings, open_risk)
    select w.account_id, %(now)s, w.cash + h.holdings, w.cash, h.holdings, h.risk
    from jsonb_to_recordset(%(rows)s) as w(account_id uuid, cash numeric)
    cross join lateral (
        select coalesce(sum(case p.side when 'buy' then p.quantity else -p.quantity end
                            * coalesce(q.price * coalesce({factor_of("p.id", "q.quoted_at")}, 1),
                                       p.average_price)), 0) as holdings,
               coalesce(sum(greatest(case p.side when 'buy' then p.average_price - p.stop
                                     else p.stop - p.average_price end, 0) * p.quantity), 0) as risk
        from positions p left join ({NEWEST_PRICES}) q on q.symbol = p.symbol
        where p.account_id = w.account_id and p.status <> 'closed' and p.quantity > 0
    ) h
    on conflict (account_id, at) do update set equity = excluded.equity, cash = excluded.cash,
        holdings = excluded.holdings, open_risk = excluded.open_risk
"""  # noqa: S608  put together from constants


class EquityKeeper:
    """Writes a point of every account with a position, once a minute."""

    def __init__(self) -> None:
        self._written_at = datetime.min.replace(tzinfo=UTC)

    async def look(
        self, connection: RawConnection, hosted: Iterable[Hosted], now: datetime
    ) -> None:
        """Write the points if they are due."""
        if timedelta(0) <= now - self._written_at < EVERY:
            return
        accounts = _with_positions(hosted)
        if accounts:
            self._written_at = now
            await write_equity(connection, accounts, now)


async def write_equity(
    connection: RawConnection, accounts: Mapping[UUID, str], now: datetime
) -> None:
    """Write what accounts, given with their currencies, are worth now: one statement for all.

    A point that cannot be written is left out, and nothing else fails with it.
    """
    if not accounts:
        return
    try:
        async with connection.transaction():
            await _write(connection, accounts, now)
        return
    except Exception as error:
        if is_away(error):
            raise
        log.exception("equity_not_written", accounts=[str(id_) for id_ in accounts])
    if len(accounts) > 1:
        for id_, currency in accounts.items():
            await write_equity(connection, {id_: currency}, now)


async def _write(connection: RawConnection, accounts: Mapping[UUID, str], now: datetime) -> None:
    found = await balances_of(connection, Book.TRADING, accounts.keys())
    rows = [
        {"account_id": str(id_), "cash": plain(money_in(found.get(id_, {}), currency))}
        for id_, currency in accounts.items()
    ]
    await connection.execute(_WRITE.encode(), {"rows": Jsonb(rows), "now": now})


def _with_positions(hosted: Iterable[Hosted]) -> dict[UUID, str]:
    return {
        tracked.holder.account_id: tracked.holder.currency
        for one in hosted
        for tracked in one.tracked.values()
        if tracked.position.held > 0
    }
