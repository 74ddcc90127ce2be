"""Phases, halts and auctions."""

import pytest

from kuber.exchange.book import Book
from kuber.exchange.events import (
    Auction,
    AuctionKind,
    Cancelled,
    Halt,
    Held,
    HoldReason,
    Ignored,
    MarketPhase,
    Out,
    Phase,
    Reason,
    Resume,
    Submit,
)
from kuber.exchange.units import SECOND, to_price, to_quantity
from tests.fakes.orders import fills, order, play, quote

OPENED = Phase(SECOND, MarketPhase.OPEN)


def in_phase(phase: MarketPhase, **terms: object) -> tuple[Book, list[Out]]:
    book = Book()
    return book, play(book, Phase(0, phase), Submit((order("o", "buy", "10", **terms),)))


def auction(kind: str, price: str, volume: str | None = None) -> Auction:
    size = None if volume is None else to_quantity(volume)
    return Auction(2 * SECOND, AuctionKind(kind), to_price(price), size)


def test_m22_an_order_out_of_hours_is_accepted_and_waits_for_the_first_price() -> None:
    book, out = in_phase(MarketPhase.CLOSED)
    assert out[-1] == Held("o", HoldReason.MARKET_CLOSED)
    assert play(book, quote(0.5, "90")) == []
    assert fills(play(book, OPENED)) == []
    assert fills(play(book, quote(1, "100"))) == [("o", "10", "100")]


def test_why_an_order_waits_is_said_once() -> None:
    book, _ = in_phase(MarketPhase.CLOSED)
    assert play(book, Phase(SECOND, MarketPhase.CLOSED)) == []
    assert play(book, Halt(SECOND), Phase(SECOND, MarketPhase.OPEN)) == [
        Held("o", HoldReason.HALTED)
    ]


def test_a_limit_waits_for_the_market_to_open_and_then_for_its_price_alone() -> None:
    book, out = in_phase(MarketPhase.CLOSED, limit_price="1")
    assert out[-1] == Held("o", HoldReason.MARKET_CLOSED)
    assert play(book, OPENED, quote(2, "100"), quote(3, "101")) == []


def test_a_limit_that_the_last_price_would_fill_waits_for_a_fresh_one_and_says_so() -> None:
    for limit, told in (("100", True), ("99", False)):
        book = Book()
        late = order("o", "buy", "10", limit_price=limit, at=5)
        out = play(book, quote(0, "100"), Submit((late,)))
        assert (out[-1] == Held("o", HoldReason.NO_FRESH_PRICE, 0)) is told


@pytest.mark.parametrize("tif", ["ioc", "fok"])
def test_an_order_that_cannot_wait_is_cancelled_in_a_closed_market(tif: str) -> None:
    _, out = in_phase(MarketPhase.CLOSED, tif=tif)
    assert out[-1] == Cancelled("o", Reason.MARKET_CLOSED)


def test_an_order_that_cannot_wait_is_cancelled_when_the_market_stops() -> None:
    for event, reason in (
        (Halt(SECOND), Reason.HALTED),
        (Phase(SECOND, MarketPhase.CLOSED), Reason.MARKET_CLOSED),
    ):
        book = Book()
        play(book, Submit((order("o", "buy", "10", tif="ioc"),)))
        assert play(book, event) == [Cancelled("o", reason)]


@pytest.mark.parametrize("phase", [MarketPhase.PRE, MarketPhase.POST])
@pytest.mark.parametrize("extended", [True, False])
def test_only_orders_for_extended_hours_trade_there(phase: MarketPhase, *, extended: bool) -> None:
    book, _ = in_phase(phase, limit_price="100", extended_hours=extended)
    assert bool(fills(play(book, quote(0.5, "99")))) is extended
    assert bool(fills(play(book, OPENED, quote(2, "99")))) is not extended


def test_a_halt_holds_and_a_fresh_price_after_it_fills() -> None:
    book = Book()
    out = play(book, quote(0, "100"), Halt(0), Submit((order("o", "buy", "10"),)))
    assert out[-1] == Held("o", HoldReason.HALTED)
    assert play(book, quote(1, "90")) == []
    assert fills(play(book, Resume(SECOND))) == []
    assert fills(play(book, quote(2, "91"))) == [("o", "10", "91")]


def test_orders_of_users_that_rested_in_other_sessions_meet_at_the_open() -> None:
    book = Book()
    play(
        book,
        Submit((order("day", "sell", "5", limit_price="100", account="u", crossing=True),)),
        Phase(0, MarketPhase.PRE),
    )
    early = order(
        "early",
        "buy",
        "5",
        limit_price="101",
        account="v",
        crossing=True,
        extended_hours=True,
    )
    assert fills(play(book, Submit((early,)))) == []
    assert sorted(fills(play(book, OPENED))) == [("day", "5", "100"), ("early", "5", "100")]


def test_orders_for_an_auction_fill_there_and_nowhere_else() -> None:
    book = Book()
    for name, tif in (("opening", "opg"), ("closing", "cls")):
        play(book, Submit((order(name, "buy", "5", tif=tif),)))
    assert fills(play(book, quote(1, "90"))) == []
    assert fills(play(book, auction("open", "100"))) == [("opening", "5", "100")]
    assert fills(play(book, auction("close", "101"))) == [("closing", "5", "101")]


def test_an_auction_has_one_price_and_users_who_rest_in_the_book_no_part_in_it() -> None:
    book = Book()
    resting = order("ask", "sell", "5", limit_price="98", account="u", crossing=True)
    play(book, Submit((resting,)))
    play(book, Submit((order("o", "buy", "5", tif="opg", account="v", crossing=True),)))
    assert fills(play(book, auction("open", "100"))) == [("o", "5", "100")]


def test_a_limit_that_the_auction_does_not_reach_is_cancelled() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "5", tif="opg", limit_price="99"),)))
    assert play(book, auction("open", "100")) == [Cancelled("o", Reason.AUCTION_OVER)]


def test_an_order_that_comes_too_late_waits_for_the_next_auction() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "5", tif="opg", at=3),)))
    assert play(book, auction("open", "100")) == []
    assert book.working() == ("o",)


def test_no_auction_is_held_in_a_halt_or_at_no_price() -> None:
    book = Book()
    play(book, Submit((order("o", "buy", "5", tif="opg"),)))
    assert play(book, auction("open", "0")) == [Ignored("not_positive")]
    assert play(book, Halt(0), auction("open", "100")) == [Ignored("halted")]
    assert play(book, Resume(0), quote(9, "90"), auction("open", "100")) == [
        Ignored("older_than_the_last_price")
    ]
