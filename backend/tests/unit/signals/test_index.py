import time
from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber, SubscriptionIndex

TYPES = ("golden_cross", "rsi")
TICKERS = ("AAPL", "MSFT", "GOOG")


def subscriber(
    number: int, thresholds: dict[str, float], tickers: Sequence[str], tier: Tier = Tier.PRO
) -> Subscriber:
    return Subscriber(
        PipelineId(UUID(int=number)), UserId(UUID(int=1)), tier, thresholds, tuple(tickers)
    )


subscribers = st.builds(
    subscriber,
    st.integers(1, 8),
    st.dictionaries(st.sampled_from(TYPES), st.sampled_from([0.0, 50.0, 80.0, 90.5, 100.0])),
    st.lists(st.sampled_from(TICKERS), unique=True),
    st.sampled_from([Tier.FREE, Tier.PRO]),
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
            assert all(one == model[one.pipeline_id] for one, _ in index.entries(kind, ticker))
            for confidence in (0, 50, 79.9, 80, 100):
                assert {one.pipeline_id for one in index.match(kind, ticker, confidence)} == {
                    pipeline for pipeline, limit in entries if limit <= confidence
                }


def test_an_unknown_type_or_ticker_matches_nobody() -> None:
    index = SubscriptionIndex([subscriber(1, {"rsi": 0}, ["AAPL"])])
    assert index.match("rsi", "TSLA", 100) == []
    assert index.match("macd_crossover", "AAPL", 100) == []
    assert index.entries("macd_crossover", "AAPL") == []


def test_a_change_costs_the_same_however_many_share_its_ticker_and_threshold() -> None:
    # Looking through 20,000 one by one would cost hundreds of times as much.
    alone, crowded = (
        SubscriptionIndex(subscriber(number, {"rsi": 80.0}, TICKERS) for number in range(crowd))
        for crowd in (10, 20_000)
    )
    assert change_s(crowded, 19_999) < 40 * change_s(alone, 9)


def change_s(index: SubscriptionIndex, number: int) -> float:
    """Return the seconds of the quickest of some changes of tickers and back."""
    took = []
    for _ in range(50):
        began = time.perf_counter()
        index.put(subscriber(number, {"rsi": 80.0}, ["AAPL"]))
        index.put(subscriber(number, {"rsi": 80.0}, TICKERS))
        took.append(time.perf_counter() - began)
    return min(took)


def test_what_is_put_again_unchanged_stays_the_same_object() -> None:
    first = subscriber(1, {"rsi": 80.0}, TICKERS)
    index = SubscriptionIndex([first])
    index.put(subscriber(1, {"rsi": 80.0}, TICKERS))
    assert index.match("rsi", "AAPL", 100)[0] is first
