"""How the trades of finished scratch runs went on. Reads only; no agent is given it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.agents.state import MarketSnapshot
from kuber.exchange.units import from_amount, from_instant, from_price, from_quantity
from kuber.infra.db import set_down
from kuber.kernel.errors import Problem
from kuber.kernel.ids import RunId, UserId
from kuber.kernel.money import quantize
from kuber.market.actions.types import ratio_text
from kuber.market.later import LaterBars, Pinned
from kuber.market.types import DatasetKind, Source, Timeframe, to_datetime
from kuber.runs.errors import NotEndedYet, NoTrade, NotScratch, RunError, RunNotFound
from kuber.runs.models import NodeRunRow, RunRow
from kuber.runs.repository import RunRepository
from kuber.runs.types import RunStatus
from kuber.runs.what_next.following import Following, Steps
from kuber.runs.what_next.schemas import (
    NextFillOut,
    NextLevelsOut,
    NextSplitOut,
    NextStatus,
    NextTradeOut,
    WhatHappenedNextOut,
)
from kuber.runs.what_next.story import kind_of, story_of
from kuber.trading.orders import JournalOrder, orders_of_run

MOST_BARS = 1_000_000
"""No trade is followed further: two years of minutes round the clock."""
_CHART_PLACES = 8


class WhatNext:
    """Plays the trades of runs forward, each by the rules that manage a live one."""

    def __init__(self, later: LaterBars) -> None:
        self._later = later

    async def of_run(
        self, session: AsyncSession, user_id: UserId, run_id: RunId, symbol: str | None
    ) -> WhatHappenedNextOut:
        """Return what became of the trades of one run; sets the session down.

        Raises RunNotFound, NotEndedYet, NotScratch, NoTrade, RunError for a symbol that is not the
        run's, PricesReplaced, ProviderUnavailable.
        """
        repository = RunRepository(session)
        run = await repository.find(user_id, run_id)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        _check(run, symbol)
        orders = _entries(await orders_of_run(session, run_id))
        seen = _seen(await repository.nodes(run_id))
        await set_down(session)
        pinned = _pinned(seen)
        steps = Steps(seen.price_tick, seen.quantity_step)
        followed = [Following(order, steps) for order in orders]
        await self._follow(user_id, pinned, run.as_of, followed)
        return WhatHappenedNextOut(
            execution_id=run.id,
            symbol=run.symbol,
            as_of=run.as_of,
            dataset=DatasetKind.of(pinned.source),
            source=pinned.source.value,
            timeframe=pinned.timeframe,
            trades=[
                _trade(order, following, pinned.timeframe, seen.currency)
                for order, following in zip(orders, followed, strict=True)
            ],
        )

    async def _follow(
        self, user_id: UserId, pinned: Pinned, moment: datetime, followed: Sequence[Following]
    ) -> None:
        """Read on until every trade is over, or nothing follows."""
        while any(not one.over for one in followed):
            course = await self._later.after(user_id, pinned, moment)
            if not len(course.bars):
                return
            for one in followed:
                await asyncio.to_thread(one.go_on, course)
            if not course.more or max(one.bars for one in followed) >= MOST_BARS:
                return
            moment = to_datetime(course.bars.closed_at[-1])


def _check(run: RunRow, symbol: str | None) -> None:
    if symbol is not None and symbol.strip().upper() != run.symbol:
        raise RunError(
            f"The run is of {run.symbol}, not of {symbol}.",
            [Problem("Not the run's symbol.", f"Ask for {run.symbol}.", field="symbol")],
        )
    if run.real_time:
        raise NotScratch("The run looked at the present: what follows has yet to happen.")
    if not RunStatus(run.status).finished:
        raise NotEndedYet(f"The run is {run.status}.")


def _entries(orders: Sequence[JournalOrder]) -> list[JournalOrder]:
    """Return the orders that were filled. Raises NoTrade."""
    filled = [order for order in orders if order.filled_quantity]
    if not filled:
        raise NoTrade("Nothing was bought or sold in this run.")
    if len({order.side for order in filled}) > 1:
        raise NoTrade("The run bought and sold: no position is left of it as it was planned.")
    return filled


def _seen(nodes: Sequence[NodeRunRow]) -> MarketSnapshot:
    """Return the prices that the run saw. Raises NoTrade."""
    for node in nodes:
        told = (node.changes or {}).get("market_data")
        if told:
            try:
                return MarketSnapshot.model_validate(told)
            except ValidationError as error:
                raise NoTrade("The run's prices were recorded by another version.") from error
    raise NoTrade("The run loaded no prices, so nothing says which ones followed.")


def _pinned(seen: MarketSnapshot) -> Pinned:
    """Return the finest bars that the run saw."""
    timeframe = min(seen.frames, key=lambda one: Timeframe(one).span)
    frame = seen.frames[timeframe]
    return Pinned(
        seen.symbol,
        Timeframe(timeframe),
        Source(frame.dataset),
        frame.version,
        frame.last_at,
        frame.last_close,
    )


def _trade(
    order: JournalOrder, following: Following, timeframe: Timeframe, currency: str
) -> NextTradeOut:
    outcome, splits = following.outcome, following.splits
    status = NextStatus.CLOSED if following.over else NextStatus.OPEN
    if not following.bars:
        status = NextStatus.NO_DATA

    def on_chart(price: Decimal, at: int) -> Decimal:
        ratio = Fraction(1)
        for split in splits:
            if split.at > at:
                ratio *= split.ratio
        return quantize(price * ratio.denominator / ratio.numerator, _CHART_PLACES).normalize()

    entry_price = order.average_fill_price
    assert entry_price is not None, "the order was filled"
    return NextTradeOut(
        order_id=order.id,
        status=status,
        side=order.side,
        quantity=order.filled_quantity.normalize(),
        entry_price=entry_price.normalize(),
        entry_at=max(fill.time for fill in order.fills),
        entry_commission=order.commission.normalize(),
        estimated=order.estimated,
        stop_loss=order.stop_loss,
        targets=list(order.targets),
        exit_at=None if outcome.ended_at is None else from_instant(outcome.ended_at),
        reason=outcome.reason,
        pnl=from_amount(outcome.profit),
        r=outcome.r,
        currency=currency,
        open_quantity=from_quantity(max(outcome.position.held, 0)),
        last_price=None if following.last is None else from_price(following.last),
        fills=[
            NextFillOut(
                leg=kind_of(fill),
                at=from_instant(fill.at),
                quantity=from_quantity(fill.quantity),
                price=from_price(fill.price),
                commission=from_amount(fill.fee),
                chart_price=on_chart(from_price(fill.price), fill.at),
            )
            for fill in outcome.fills
        ],
        splits=[
            NextSplitOut(at=from_instant(split.at), ratio=ratio_text(split.ratio))
            for split in splits
        ],
        ambiguities=outcome.ambiguities,
        bars=following.bars,
        played_until=None if following.last_at is None else from_instant(following.last_at),
        chart=NextLevelsOut(
            entry=on_chart(entry_price, 0),
            stop_loss=on_chart(order.stop_loss, 0),
            targets=[on_chart(target, 0) for target in order.targets],
        ),
        story=story_of(following, timeframe, currency),
    )
