"""Accounts that were reset while their positions were in memory (M27)."""

from kuber.infra.db import RawConnection
from kuber.trading.order_service.held import Hosted
from kuber.trading.order_service.reading import accounts_reset, load


async def read_anew(connection: RawConnection, hosted: dict[str, Hosted]) -> set[str]:
    """Read the instruments anew in which an account was reset; return them.

    What the record has ended leaves their books. Whoever works on what was read before loses the
    book at the commit.
    """
    gone = await accounts_reset(connection, hosted.values())
    symbols = {
        symbol
        for symbol, one in hosted.items()
        if any(tracked.holder.account_id in gone for tracked in one.tracked.values())
    }
    for symbol in symbols:
        hosted[symbol] = await load(connection, hosted[symbol].traded)
    return symbols
