"""Lists of tickers as people type them and as their servers answer them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.market.scanners.errors import BadTickerList, ScannerRefused
from kuber.market.scanners.tickers import answered_tickers, typed_tickers
from kuber.market.symbols import MAX_LENGTH


def test_a_typed_list_is_made_canonical_and_names_each_once() -> None:
    assert typed_tickers([" aapl", "EUR/USD", "eurusd", "BRK.B", "AAPL"]) == (
        "AAPL",
        "EURUSD",
        "BRK.B",
    )


def test_every_bad_ticker_is_named_with_its_place() -> None:
    with pytest.raises(ScannerRefused) as refused:
        typed_tickers(["AAPL", "A B", "MSFT", "", "<script>"])
    problems = refused.value.problems
    assert [problem.field for problem in problems] == ["tickers.1", "tickers.3", "tickers.4"]
    assert "'A B' is not a symbol" in problems[0].message
    assert all(problem.remedy for problem in problems)
    assert refused.value.detail == "3 tickers are wrong."


@pytest.mark.parametrize("count", [0, 1001, 10_000])
def test_a_typed_list_has_one_to_a_thousand_tickers(count: int) -> None:
    with pytest.raises(ScannerRefused) as refused:
        typed_tickers([f"T{number}" for number in range(count)])
    assert refused.value.problems[0].field == "tickers"


def test_a_thousand_tickers_are_taken() -> None:
    assert len(typed_tickers([f"T{number}" for number in range(1000)])) == 1000


@pytest.mark.parametrize(
    "content",
    [b'["AAPL","msft"]', b'{"tickers":["AAPL","MSFT"]}', b'{"tickers":["AAPL","MSFT"],"at":1}'],
)
def test_both_shapes_of_an_answer_are_read(content: bytes) -> None:
    assert answered_tickers(content) == ("AAPL", "MSFT")


def test_an_answer_may_say_that_nothing_is_wanted() -> None:
    assert answered_tickers(b"[]") == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'"AAPL"', "no list"),
        (b'{"symbols":["AAPL"]}', "no list"),
        (b'{"tickers":"AAPL"}', "no list"),
        (b'["AAPL",5]', "Entry 2 of the answer is no text"),
        (b'["AAPL","A B"]', "Entry 2 of the answer: 'A B' is not a symbol"),
        (json.dumps(["A"] * 1001).encode(), "1001 tickers"),
    ],
)
def test_any_other_answer_is_refused_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(BadTickerList, match=says):
        answered_tickers(content)


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: json.dumps([text]).encode()))
def test_no_answer_breaks_the_reader(content: bytes) -> None:
    try:
        tickers = answered_tickers(content)
    except BadTickerList:
        return
    assert all(ticker == ticker.upper() and len(ticker) <= MAX_LENGTH for ticker in tickers)
