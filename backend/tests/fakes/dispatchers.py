"""Dispatchers in the test's own process: the real class on a real database, an index by hand."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kuber.costs.service import CostService
from kuber.identity.types import Tier
from kuber.infra.db import RawPool
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.signals.catalog import signal_types
from kuber.signals.dispatcher import Dispatcher
from kuber.signals.index import Subscriber, SubscriptionIndex
from kuber.signals.tiers import TierPolicy


async def nobody_to_wake() -> None:
    """The workers that no test of dispatching has."""


def new_dispatcher(
    pool: RawPool,
    index: SubscriptionIndex,
    *,
    costs: CostService | None = None,
    at_once: int = 5_000,
) -> Dispatcher:
    """Return a dispatcher that knows `index` and no other pipelines."""
    clock = SystemClock()
    dispatcher = Dispatcher(
        pool,
        MarketService(pool, clock, MarketSimulator(7)),
        costs or CostService(clock, Decimal(5), Decimal(25)),
        TierPolicy(False),
        clock,
        signal_types(),
        nobody_to_wake,
        at_once,
    )
    dispatcher.index = index
    return dispatcher


def index_of(
    user: UserId, pipelines: Sequence[PipelineId], tickers: Sequence[str]
) -> SubscriptionIndex:
    """Return the index of pipelines that want golden crosses of 50 or more."""
    return SubscriptionIndex(
        Subscriber(pipeline, user, Tier.FREE, {"golden_cross": 50}, tuple(tickers))
        for pipeline in pipelines
    )


def message_of(offset: int, signal: dict[str, Any], partition: int = 0) -> IncomingMessage:
    """Return a signal as the consumer would read it."""
    value = json.dumps(signal).encode()
    return IncomingMessage("signals.raw", partition, offset, 1_700_000_000_000, b"", value, {})
