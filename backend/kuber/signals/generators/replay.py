"""Sends what a generator would have sent over a stretch of stored history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from pydantic import JsonValue

from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from kuber.market.types import MarketData, Timeframe
from kuber.signals.generators.base import SignalGenerator
from kuber.signals.generators.streams import SignalStream, StreamSpec

_REPLAYS = UUID("5f1b6a52-8d43-5b5c-a1a4-3f0e9b7d2c61")


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay: bars that closed after `start` and by `end`, `step` at a time."""

    kind: str
    config: Mapping[str, JsonValue]
    symbols: tuple[str, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    step: timedelta = timedelta(days=7)

    def spec(self) -> StreamSpec:
        """Return the platform's stream of this replay; equal plans give the same one."""
        what = (
            self.kind,
            json.dumps(self.config, sort_keys=True),
            *sorted(self.symbols),
            self.timeframe.value,
            self.start.isoformat(),
            self.end.isoformat(),
        )
        return StreamSpec(
            stream_id=uuid5(_REPLAYS, "/".join(what)),
            generator_id=None,
            user_id=None,
            kind=self.kind,
            config=self.config,
            symbols=self.symbols,
            timeframe=self.timeframe,
            facts={"replay": True},
        )


class Replay:
    """One replay, on a clock of its own that `market` must be reading too.

    It keeps its place in the database: started again after it was killed, it goes on where it had
    come to. Once it is through, the place is forgotten; done again it sends the same ids.
    """

    def __init__(
        self,
        plan: ReplayPlan,
        generator: SignalGenerator[Any],
        database: Database,
        market: MarketData,
        clock: FixedClock,
    ) -> None:
        self._plan = plan
        self._market = market
        self._clock = clock
        self._stream = SignalStream(plan.spec(), generator, database, clock)

    async def run(self) -> int:
        """Walk to the end; return how many signals were announced on the way.

        Raises Overtaken when the same replay runs elsewhere at the same time.
        """
        await self._stream.open(self._plan.start)
        self._clock.instant = self._stream.cursor
        announced = 0
        while self._clock.instant < self._plan.end:
            self._clock.instant = min(self._clock.instant + self._plan.step, self._plan.end)
            announced += await self._catch_up()
        await self._stream.close()
        return announced

    async def _catch_up(self) -> int:
        announced = await self._stream.advance(self._market)
        while self._stream.behind:
            announced += await self._stream.advance(self._market)
        return announced
