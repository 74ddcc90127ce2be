"""Prices from before a split, for positions that are on the basis after it already.

A split is applied when its ex-date begins; the first price on the new basis comes hours later.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.infra.db import RawConnection
from kuber.kernel.money import quantize
from kuber.trading.lifecycle import PLACES


def factor_of(position_id: str, quoted_at: str) -> str:
    """Return SQL for what a price of a position is multiplied by, null for nothing.

    Both arguments are SQL: the position's id and the time of the price.
    """
    return f"""
        (select s.factor from position_actions s
         where s.position_id = {position_id} and s.kind = 'split' and s.outcome = 'applied'
           and s.effective_at > {quoted_at} order by s.effective_at desc limit 1)
    """  # noqa: S608  put together from constants


def on_basis(price: Decimal, factor: Decimal) -> Decimal:
    """Return a price from before a split as it is after it."""
    return quantize(price * factor, PLACES)


_OF_ACCOUNTS = """
    select p.account_id, p.symbol, s.factor from position_actions s
    join positions p on p.id = s.position_id
    join unnest(%(symbols)s::text[], %(quoted)s::timestamptz[]) as q(symbol, quoted_at)
      on q.symbol = p.symbol and s.effective_at > q.quoted_at
    where p.account_id = any(%(ids)s) and s.kind = 'split' and s.outcome = 'applied'
      and p.status <> 'closed'
    order by s.effective_at
"""


async def factors_of(
    connection: RawConnection, account_ids: Collection[UUID], quoted: dict[str, datetime]
) -> dict[tuple[UUID, str], Decimal]:
    """Return, by account and symbol, what prices of these times are multiplied by."""
    values = {
        "ids": list(account_ids),
        "symbols": list(quoted),
        "quoted": list(quoted.values()),
    }
    rows = await (await connection.execute(_OF_ACCOUNTS.encode(), values)).fetchall()
    return {(account_id, symbol): factor for account_id, symbol, factor in rows}
