"""Which quotes are believed."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.feed.rules import IntakeLimits, Refusal, SymbolMemory, judge
from kuber.market.feed.types import FeedSource, Quote
from tests.fakes.bars import utc

NOW = utc("2025-11-19T18:10:00")
LIMITS = IntakeLimits()
GOOD = Quote(
    "NVDA", Decimal(100), Decimal("99.99"), Decimal("100.01"), Decimal(5), FeedSource.ALPACA, NOW
)
CALM = SymbolMemory(NOW - timedelta(seconds=1), (Decimal(100),) * 20)


def refusal(quote: Quote, memory: SymbolMemory = CALM, now: datetime = NOW) -> Refusal | None:
    return judge(quote, memory, now, now, LIMITS).refusal


def test_an_ordinary_quote_is_believed_and_remembered() -> None:
    judgement = judge(GOOD, CALM, NOW, NOW, LIMITS)
    assert judgement.refusal is None
    assert judgement.memory == SymbolMemory(NOW, (*CALM.recent, Decimal(100)))


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "0", "-1", "1e-9", "1e12"]
)
@pytest.mark.parametrize("field", ["price", "bid", "ask"])
def test_a_price_that_is_none_is_refused(field: str, text: str) -> None:
    wrong: dict[str, Any] = {field: Decimal(text)}
    assert refusal(replace(GOOD, **wrong)) is Refusal.BAD_NUMBER


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (replace(GOOD, volume=Decimal("NaN")), Refusal.BAD_NUMBER),
        (replace(GOOD, volume=Decimal(-1)), Refusal.BAD_NUMBER),
        (replace(GOOD, volume=Decimal(0)), None),
        (replace(GOOD, bid=Decimal("100.02")), Refusal.CROSSED),
        (replace(GOOD, bid=Decimal("100.01")), None),
        (replace(GOOD, bid=None, ask=None, volume=None), None),
        (replace(GOOD, quoted_at=NOW + timedelta(seconds=2)), None),
        (replace(GOOD, quoted_at=NOW + timedelta(seconds=2.001)), Refusal.FUTURE),
        (replace(GOOD, quoted_at=NOW - timedelta(seconds=1)), Refusal.OUT_OF_ORDER),
        (replace(GOOD, quoted_at=NOW - timedelta(seconds=5)), Refusal.OUT_OF_ORDER),
        (replace(GOOD, price=Decimal("101.9")), None),
        (replace(GOOD, price=Decimal("102.1")), Refusal.OUTLIER),
        (replace(GOOD, price=Decimal("97.9")), Refusal.OUTLIER),
    ],
)
def test_each_rule_at_its_edge(quote: Quote, expected: Refusal | None) -> None:
    assert refusal(quote) is expected


@pytest.mark.parametrize(("age_s", "expected"), [(60, None), (60.5, Refusal.STALE)])
def test_a_quote_may_be_a_minute_old(age_s: float, expected: Refusal | None) -> None:
    late = replace(GOOD, quoted_at=NOW - timedelta(seconds=age_s))
    assert refusal(late, SymbolMemory()) is expected


def test_the_close_is_not_too_old_on_the_weekend() -> None:
    sunday = NOW + timedelta(days=2)
    assert judge(GOOD, SymbolMemory(), sunday, NOW, LIMITS).refusal is None
    assert judge(GOOD, SymbolMemory(), sunday, sunday, LIMITS).refusal is Refusal.STALE


def test_a_lively_market_may_move_further() -> None:
    recent = tuple(Decimal(98 + at % 5) for at in range(20))
    lively = replace(CALM, recent=recent)
    assert refusal(replace(GOOD, price=Decimal(108)), lively) is None
    assert refusal(replace(GOOD, price=Decimal(108)), CALM) is Refusal.OUTLIER


@pytest.mark.parametrize(
    ("price", "expected"),
    [(120, None), (80, None), ("120.1", Refusal.OUTLIER), ("79.9", Refusal.OUTLIER)],
)
def test_while_little_is_known_the_last_price_is_the_measure(
    price: float | str, expected: Refusal | None
) -> None:
    quote = replace(GOOD, price=Decimal(price), bid=None, ask=None)
    assert refusal(quote, replace(CALM, recent=(Decimal(1),) * 8 + (Decimal(100),))) is expected
    assert refusal(quote, replace(CALM, recent=(Decimal(100),))) is expected, "after a start"
    assert refusal(quote, replace(CALM, recent=())) is None, "the first price of all"


def test_right_after_a_real_move_a_wild_price_is_refused() -> None:
    assert run([150, 150, 150, 300, 150, 15])[2:] == [None, Refusal.OUTLIER, None, Refusal.OUTLIER]


def run(prices: list[float], memory: SymbolMemory = CALM) -> list[Refusal | None]:
    found = []
    for at, price in enumerate(prices):
        moment = NOW + timedelta(seconds=at)
        quote = replace(GOOD, price=Decimal(str(price)), bid=None, ask=None, quoted_at=moment)
        judgement = judge(quote, memory, moment, moment, LIMITS)
        memory = judgement.memory
        found.append(judgement.refusal)
    return found


def test_a_move_is_real_once_three_quotes_in_a_row_agree() -> None:
    out = Refusal.OUTLIER
    assert run([150, 150.2, 150.1, 150.3]) == [out, out, None, None]
    assert run([150, 100, 150, 150]) == [out, None, out, out]
    assert run([150, 10, 150, 150, 150]) == [out, out, out, out, None]


def test_an_outlier_that_is_sent_again_does_not_confirm_itself() -> None:
    wild = replace(GOOD, price=Decimal(150), bid=None, ask=None)
    memory, found = CALM, []
    for _ in range(4):
        judgement = judge(wild, memory, NOW, NOW, LIMITS)
        memory = judgement.memory
        found.append(judgement.refusal)
    assert found == [Refusal.OUTLIER, *[Refusal.OUT_OF_ORDER] * 3]


numbers = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(1, 1000, places=2)
quotes = st.builds(
    Quote,
    st.just("NVDA"),
    numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.none() | numbers,
    st.just(FeedSource.ALPACA),
    st.integers(-90, 90).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


@given(st.lists(quotes, max_size=40))
def test_whatever_comes_what_is_believed_is_sound_and_in_order(stream: list[Quote]) -> None:
    memory, last_at = SymbolMemory(), None
    for quote in stream:
        judgement = judge(quote, memory, NOW, NOW, LIMITS)
        if judgement.refusal is None:
            assert quote.price.is_finite()
            assert quote.price > 0
            assert quote.bid is None or quote.ask is None or quote.bid <= quote.ask
            assert quote.quoted_at <= NOW + LIMITS.ahead
            assert last_at is None or quote.quoted_at > last_at
            last_at = quote.quoted_at
        elif judgement.refusal is not Refusal.OUTLIER:
            assert judgement.memory == memory
        memory = judgement.memory
        assert len(memory.recent) <= LIMITS.window
        assert len(memory.doubted) < LIMITS.confirmations


@given(
    st.lists(st.integers(50, 150), min_size=1, max_size=60),
    st.integers(1, 10_000),
    st.integers(0, 9),
)
def test_there_is_a_way_back_from_anywhere(recent: list[int], level: int, noise: int) -> None:
    memory = SymbolMemory(NOW - timedelta(seconds=1), tuple(map(Decimal, recent)))
    moved = [
        level * (1 + (at * noise % 10) / 1000) for at in range(LIMITS.least + LIMITS.confirmations)
    ]
    assert run(moved, memory)[-1] is None


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "1e12"])
@pytest.mark.parametrize("field", ["bid_size", "ask_size"])
def test_a_size_that_is_none_is_refused(field: str, text: str) -> None:
    wrong: dict[str, Any] = {field: Decimal(text)}
    assert refusal(replace(GOOD, **wrong)) is Refusal.BAD_NUMBER
    right: dict[str, Any] = {field: Decimal(0)}
    assert refusal(replace(GOOD, **right)) is None
