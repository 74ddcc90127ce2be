from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kuber.identity.types import Tier
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.index import Subscriber, SubscriptionIndex

TYPES = ("golden_cross", "rsi")
TICKERS = ("AAPL", "MSFT", "GOOG")
USER = UserId(UUID(int=1))


def subscriber(
    number: int, thresholds: dict[str, float], tickers: Sequence[str], tier: Tier = Tier.PRO
) -> Subscriber:
    return Subscriber(PipelineId(UUID(int=number)), USER, tier, thresholds, tuple(tickers))


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


def test_an_unknown_type_or_ticker_matches_nobody() -> None:
    index = SubscriptionIndex([subscriber(1, {"rsi": 0}, ["AAPL"])])
    assert index.entries("rsi", "TSLA") == []
    assert index.entries("macd_crossover", "AAPL") == []


class WatchedId(UUID):
    """An id that counts how often any of its kind is looked at."""

    looks = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "int":
            WatchedId.looks += 1
        return super().__getattribute__(name)


def test_a_change_finds_its_place_by_halving_however_many_share_its_ticker_and_threshold() -> None:
    crowd = [
        Subscriber(PipelineId(WatchedId(int=number)), USER, Tier.PRO, {"rsi": 80.0}, TICKERS)
        for number in range(2_000)
    ]
    index = SubscriptionIndex(crowd)
    WatchedId.looks = 0
    for number in (0, 1_000, 1_999):
        index.put(replace(crowd[number], tickers=("AAPL",)))
        index.put(crowd[number])
    places = 3 * (2 + 3)  # of each: two tickers are left, three are put
    assert WatchedId.looks < places * (11 + 10)  # 2**11 > 2,000; a few more to compare and hash


def test_what_is_put_again_unchanged_stays_the_same_object() -> None:
    first = subscriber(1, {"rsi": 80.0}, TICKERS)
    index = SubscriptionIndex([first])
    index.put(subscriber(1, {"rsi": 80.0}, TICKERS))
    assert index.entries("rsi", "AAPL")[0].subscriber is first
