"""How symbols are traded, as their users see them."""

from collections.abc import Iterable
from uuid import UUID

from kuber.infra.db import RawPool
from kuber.kernel.ids import UserId
from kuber.market.errors import MarketError
from kuber.market.terms.changes import Changes
from kuber.market.terms.defaults import effective_terms
from kuber.trading.order_service.traded import Traded, traded_as


class TermsOfSymbols:
    """Reads what users changed of instruments; satisfies `service.TradedFor`."""

    def __init__(self, pool: RawPool) -> None:
        self._changes = Changes(pool)

    async def __call__(
        self, user_id: UUID | None, symbols: Iterable[str]
    ) -> dict[str, Traded | None]:
        """Return how each symbol is traded, None where it is no instrument that can be."""
        changed = {}
        if user_id is not None:
            changed = dict((await self._changes.of([UserId(user_id)]))[UserId(user_id)])
        found: dict[str, Traded | None] = {}
        for symbol in symbols:
            try:
                found[symbol] = traded_as(effective_terms(symbol, changed.get(symbol)))
            except (MarketError, ValueError):
                found[symbol] = None
        return found
