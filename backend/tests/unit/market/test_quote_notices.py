"""What the feed tells over PostgreSQL is read back as it was believed, in order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.feed.notifying import LARGEST, payloads_of, quotes_of
from kuber.market.feed.types import FeedSource, Quote

_FIGURES = st.decimals(min_value="1e-8", max_value="1e11", places=8)
_QUOTES = st.builds(
    Quote,
    symbol=st.text("ABCDEFGHIJ.-=^0123456789", min_size=1, max_size=32),
    price=_FIGURES,
    bid=st.none() | _FIGURES,
    ask=st.none() | _FIGURES,
    volume=st.none() | _FIGURES,
    source=st.sampled_from(FeedSource),
    quoted_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    bid_size=st.none() | _FIGURES,
    ask_size=st.none() | _FIGURES,
)


@given(st.lists(_QUOTES, max_size=300))
def test_every_quote_is_told_once_and_in_order_without_its_volume(quotes: list[Quote]) -> None:
    payloads = list(payloads_of(quotes))
    assert all(2 < len(payload.encode()) < LARGEST for payload in payloads)
    told = [quote for payload in payloads for quote in quotes_of(payload)]
    assert told == [replace(quote, volume=None) for quote in quotes]


def test_payloads_are_as_full_as_they_may_be() -> None:
    one = Quote("NVDA", Decimal(100), None, None, None, FeedSource.ALPACA, datetime.now(UTC))
    row = len(next(payloads_of([one])))
    first, second = payloads_of([one] * (LARGEST // (row - 1) + 5))
    assert LARGEST - row < len(first) < LARGEST
    assert len(second) < len(first)


def test_a_figure_is_told_as_it_was_written() -> None:
    quote = Quote(
        "BTCUSD",
        Decimal("97123.40"),
        Decimal("1E+4"),
        None,
        None,
        FeedSource.SIMULATED,
        datetime(2026, 1, 5, 15, 0, 0, 250_000, UTC),
        ask_size=Decimal("0.50"),
    )
    (payload,) = payloads_of([quote])
    assert payload == (
        '[["BTCUSD","simulated","97123.40","10000",null,null,"0.50",'
        '"2026-01-05T15:00:00.250000+00:00"]]'
    )


@pytest.mark.parametrize("payload", ["", "{", '["NVDA"]', "[[]]", '[["NVDA","nobody"]]'])
def test_what_is_no_such_payload_is_refused(payload: str) -> None:
    with pytest.raises(ValueError, match="no payload of quotes"):
        quotes_of(payload)
