"""A filled entry in AAPL and the days that follow it, in the numbers that people write."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import numpy as np

from kuber.brokers.port import OrderStatus
from kuber.market.adjustment import Split
from kuber.market.later import Course
from kuber.market.types import Bars, Source, Timeframe
from kuber.runs.what_next.following import Steps
from kuber.trading.order_types import OrderEffect, SettlementStatus
from kuber.trading.orders import JournalFill, JournalOrder, OrderPlace
from kuber.trading.origins import OriginKind
from tests.fakes.journal_terms import market_terms

AS_OF = datetime(2013, 3, 11, 21, tzinfo=UTC)
STEPS = Steps(Decimal("0.01"), Decimal(1))


def an_entry(
    quantity: str = "10",
    *,
    side: str = "buy",
    prices: str = "150.50 148.00 154.25 158.00",
    paid: str = "150.65",
) -> JournalOrder:
    """Return an entry at `paid`; `prices` are reference, stop and targets."""
    reference, stop, *targets = map(Decimal, prices.split())
    fill = JournalFill(
        "x-1", AS_OF, Decimal(quantity), Decimal(paid), Decimal(quantity) * Decimal("0.005")
    )
    return JournalOrder(
        id=UUID(int=1),
        account_id=UUID(int=2),
        run_id=UUID(int=2),
        mode="simulation",
        symbol="AAPL",
        side=side,
        quantity=Decimal(quantity),
        reference_price=reference,
        stop=stop,
        targets=tuple(targets),
        status=OrderStatus.FILLED,
        reason="",
        estimated=True,
        created_at=AS_OF,
        answered_at=AS_OF,
        filled_quantity=Decimal(quantity),
        fills=(fill,),
        terms=market_terms(SettlementStatus.PENDING),
        place=OrderPlace(
            OriginKind.RUN,
            "entry",
            1,
            OrderEffect.OPEN,
            order_group=None,
            replaces=None,
            position_id=None,
            pipeline_id=None,
            run_id=UUID(int=2),
            caller_reference=None,
        ),
    )


def days(*rows: str, splits: dict[int, Fraction] | None = None) -> Course:
    """Return the days after AS_OF from rows of `open high low close`, open 14:30 to 21:00."""
    table = [[float(price) for price in row.split()] for row in rows]
    return course(np.array(table, dtype=np.float64).reshape(-1, 4), splits)


def course(prices: np.ndarray, splits: dict[int, Fraction] | None = None) -> Course:
    """Return days of these prices, shape (n, 4)."""
    first = np.datetime64("2013-03-12T14:30", "us")
    opened = first + np.arange(len(prices)) * np.timedelta64(86_400_000_000, "us")
    closed = opened + np.timedelta64(390 * 60_000_000, "us")
    opens, highs, lows, closes = (np.ascontiguousarray(column) for column in prices.T)
    bars = Bars(
        "AAPL",
        Timeframe.D1,
        Source.SAMPLE,
        opened,
        closed,
        opens,
        highs,
        lows,
        closes,
        np.ones(len(prices)),
        "v",
    )
    found = tuple(Split(index, ratio) for index, ratio in (splits or {}).items())
    return Course(bars, found, more=False)
