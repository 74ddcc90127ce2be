"""The reason why a signal matched nothing is the last question that no pipeline passed."""

from uuid import UUID

import pytest

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber
from kuber.signals.unmatched import why_unmatched

USER = UserId(UUID(int=1))


def follows(signal_type: str, *tickers: str, wants: frozenset[str] | None = None) -> Subscriber:
    return Subscriber(
        PipelineId(UUID(int=2)),
        USER,
        Tier.PRO,
        {signal_type: 80.0},
        tickers,
        directions={} if wants is None else {signal_type: wants},
    )


@pytest.mark.parametrize(
    ("active", "subscribers", "reason", "says"),
    [
        (0, [], "no_pipeline", "starts on signals"),
        (1, [], "ticker", "hold no ticker"),
        (1, [follows("macd", "AAPL")], "signal_type", "to rsi signals"),
        (2, [follows("rsi", "TSLA"), follows("macd", "AAPL")], "ticker", "AAPL or MSFT"),
        (1, [follows("rsi", "MSFT", wants=frozenset({"BEARISH"}))], "direction", "BULLISH or FLAT"),
        (1, [follows("rsi", "MSFT")], "direction", "BULLISH or FLAT"),
        (1, [follows("rsi", "AAPL")], "changed_since", "after the signal came"),
        (1, [follows("rsi", "MSFT", wants=frozenset({"FLAT"}))], "changed_since", "changed"),
    ],
)
def test_the_reason_is_the_last_question_that_none_passed(
    active: int, subscribers: list[Subscriber], reason: str, says: str
) -> None:
    tickers = [("AAPL", "BULLISH"), ("MSFT", "FLAT")]
    why = why_unmatched("rsi", tickers, active, subscribers)
    assert why.reason == reason
    assert says in why.detail
