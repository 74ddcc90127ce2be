"""Who may want a signal at all."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId, new_id
from kuber.signals.index import Subscriber, SubscriptionIndex
from kuber.signals.matching import candidates
from kuber.signals.types import Signal, SignalDirection, TickerSignal

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
OWNER, OTHER = UserId(UUID(int=1)), UserId(UUID(int=2))
ITEM = TickerSignal.model_validate({"ticker": "AAPL", "signal": "BULLISH", "confidence": 85})


def signal(user_id: UserId | None) -> Signal:
    return Signal(
        id=new_id(),
        idempotency_key="one",
        user_id=user_id,
        source="plain",
        signal_type="rsi",
        occurred_at=AT,
        tickers=(ITEM,),
        metadata={},
        extra={},
        correlation_id="c",
        traceparent=None,
    )


def subscriber(number: int, user_id: UserId) -> Subscriber:
    return Subscriber(PipelineId(UUID(int=number)), user_id, Tier.PRO, {"rsi": 80.0}, ("AAPL",))


@pytest.mark.parametrize(
    ("of", "reached"), [(OWNER, [2]), (OTHER, [1]), (UserId(UUID(int=3)), []), (None, [1, 2])]
)
def test_a_private_signal_reaches_its_owners_pipelines_alone(
    of: UserId | None, reached: list[int]
) -> None:
    index = SubscriptionIndex([subscriber(2, OWNER), subscriber(1, OTHER)])
    found = candidates(index, signal(of), ITEM)
    assert [one.subscriber.pipeline_id.int for one in found] == reached


@pytest.mark.parametrize(
    ("directions", "reached_by"),
    [
        ({}, ["BULLISH", "BEARISH", "NEUTRAL"]),
        ({"rsi": frozenset({"FLAT"})}, ["FLAT"]),
        ({"rsi": frozenset({"BULLISH", "FLAT"})}, ["BULLISH", "FLAT"]),
        ({"macd": frozenset({"FLAT"})}, ["BULLISH", "BEARISH", "NEUTRAL"]),
    ],
)
def test_a_signal_reaches_those_who_ask_for_its_direction(
    directions: dict[str, frozenset[str]], reached_by: list[str]
) -> None:
    index = SubscriptionIndex([replace(subscriber(1, OWNER), directions=directions)])
    items = [ITEM.model_copy(update={"signal": direction}) for direction in SignalDirection]
    found = [item.signal for item in items if candidates(index, signal(OWNER), item)]
    assert found == reached_by
