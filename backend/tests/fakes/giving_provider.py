"""A provider of hourly bars of a coin whose history a test writes, and what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from kuber.kernel.clock import Clock
from kuber.market.errors import ProviderUnavailable
from kuber.market.instruments import traits_of
from kuber.market.providers.answer_store import AnswerStore
from kuber.market.providers.answers import ProviderAnswers
from kuber.market.providers.asking import Asked
from kuber.market.types import Bars, FloatArray, Source, TimeArray, Timeframe, to_datetime64
from tests.fakes.bars import utc

SYMBOL = "BTCUSD"
HOUR = timedelta(hours=1)
BEGAN = utc("2026-01-01T00:00:00")
"""When the history of every such provider begins."""
ASKED = Asked(Source.PLUGIN, "giving", traits_of(SYMBOL), Timeframe.H1)


def hour(number: int) -> datetime:
    """Return when the bar of a number opens."""
    return BEGAN + number * HOUR


def figures(number: int) -> list[float]:
    """Return open, high, low, close, volume and adjusted close of a bar, with all their bits."""
    price = 100.0 + np.sin(number) / 3.0
    return [price, price * 1.01, price * 0.99, price * 1.001, 1.0 / (number + 3), np.nan]


@dataclass
class Giving:
    """Gives what it `has`, also of the future; `before` runs while it is asked."""

    has: dict[datetime, list[float]] = field(default_factory=dict)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    down: bool = False
    before: Callable[[], Awaitable[None]] = field(default=lambda: asyncio.sleep(0))

    @classmethod
    def with_hours(cls, *numbers: int) -> "Giving":
        return cls({hour(one): figures(one) for one in numbers})

    async def fetch(self, start: datetime, end: datetime) -> tuple[TimeArray, FloatArray]:
        self.asked.append((start, end))
        await self.before()
        if self.down:
            raise ProviderUnavailable("It is down.")
        rows = [(at, self.has[at]) for at in sorted(self.has) if start <= at <= end]
        times = np.array([to_datetime64(at) for at, _ in rows], dtype="datetime64[us]")
        return times, np.array([one for _, one in rows], dtype=np.float64).reshape(-1, 6)


@dataclass
class Process:
    """One process that answers for the provider."""

    store: AnswerStore
    clock: Clock
    giving: Giving

    def __post_init__(self) -> None:
        self.answers = ProviderAnswers(self.store, self.clock)

    async def bars(
        self, as_of: datetime, count: int = 5, timeframe: Timeframe = Timeframe.H1
    ) -> Bars:
        return await self.answers.bars(ASKED, timeframe, as_of, count, self.giving.fetch)

    async def hours(self, as_of: datetime, count: int = 5) -> list[int]:
        """Return the numbers of the bars that are answered."""
        found = await self.bars(as_of, count)
        return [int((at - to_datetime64(BEGAN)) / np.timedelta64(HOUR)) for at in found.opened_at]
