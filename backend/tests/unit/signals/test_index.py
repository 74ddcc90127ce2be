from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber, SubscriptionIndex

TYPES = ("golden_cross", "rsi")
TICKERS = ("AAPL", "MSFT", "GOOG")


def subscriber(number: int, thresholds: dict[str, float], tickers: Sequence[str]) -> Subscriber:
    return Subscriber(
        PipelineId(UUID(int=number)), UserId(UUID(int=1)), Tier.PRO, thresholds, tuple(tickers)
    )


subscribers = st.builds(
    subscriber,
    st.integers(1, 8),
    st.dictionaries(st.sampled_from(TYPES), st.sampled_from([0.0, 50.0, 80.0, 90.5, 100.0])),
    st.lists(st.sampled_from(TICKERS), unique=True),
)


@given(st.lists(st.one_of(subscribers, st.integers(1, 8))), st.booleans())
def test_the_index_matches_as_a_plain_search_does_whatever_was_put_and_removed(
    steps: list[Subscriber | int], reload: bool
) -> None:
    index, model = SubscriptionIndex(), dict[PipelineId, Subscriber]()
    for step in steps:
        if isinstance(step, int):
            index.remove(PipelineId(UUID(int=step)))
            model.pop(PipelineId(UUID(int=step)), None)
        else:
            index.put(step)
            model[step.pipeline_id] = step
    if reload:
        index = SubscriptionIndex(model.values())
    assert len(index) == len(model)
    for kind in TYPES:
        for ticker in TICKERS:
            entries = [(one.pipeline_id, limit) for one, limit in index.entries(kind, ticker)]
            assert [limit for _, limit in entries] == sorted(limit for _, limit in entries)
            assert sorted(entries) == sorted(
                (one.pipeline_id, one.thresholds[kind])
                for one in model.values()
                if kind in one.thresholds and ticker in one.tickers
            )
            for confidence in (0, 50, 79.9, 80, 100):
                assert {one.pipeline_id for one in index.match(kind, ticker, confidence)} == {
                    pipeline for pipeline, limit in entries if limit <= confidence
                }


def test_an_unknown_type_or_ticker_matches_nobody() -> None:
    index = SubscriptionIndex([subscriber(1, {"rsi": 0}, ["AAPL"])])
    assert index.match("rsi", "TSLA", 100) == []
    assert index.match("macd_crossover", "AAPL", 100) == []
    assert list(index.entries("macd_crossover", "AAPL")) == []
