"""A market data provider in trouble: what it simulates is there, a few symbols are not."""

import asyncio
from dataclasses import replace

from kuber.kernel.ids import UserId
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Instrument

AWAY, ODD, SLOW, UNLISTED = "AWAY", "INTC", "SLOW", "NOSUCH"
"""Cannot be told about; is of a market that nobody knows; never answers; does not exist."""


class TroubledMarket(MarketSimulator):
    """The simulated market, with what it was asked for and how much of it at the same time."""

    def __init__(self) -> None:
        super().__init__(7)
        self.asked: list[str] = []
        self.busy = self.most_busy = 0

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        self.asked.append(symbol)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        await asyncio.sleep(10 if symbol == SLOW else 0.001)
        self.busy -= 1
        if symbol == AWAY:
            raise ProviderUnavailable("Nobody answered.")
        if symbol == UNLISTED:
            return None
        found = await super().instrument(user_id, symbol)
        if symbol == ODD and found is not None:
            return replace(found, calendar="NOWHERE")
        return found
