"""What a ticket becomes: steps, ticks, the venue's rules, the money. M19."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from kuber.kernel.orders import TimeInForce
from kuber.market.terms.defaults import effective_terms
from kuber.trading.order_service.traded import Traded, traded_as
from kuber.trading.quotes import Priced
from kuber.trading.tickets.checking import Means, WantedOrder, opening
from kuber.trading.tickets.errors import TicketRefused
from kuber.trading.tickets.schemas import OrderTicket

D = Decimal
MONDAY = datetime(2026, 11, 30, 15, tzinfo=UTC)
PRICE = Priced(D("150.50"), D("150.49"), D("150.51"), MONDAY, stale=False)


def instrument(symbol: str) -> Traded:
    found = traded_as(effective_terms(symbol, None))
    assert found is not None
    return found


def wanted(symbol: str = "AAPL", free: str = "100000", **fields: object) -> WantedOrder:
    given = {"side": "buy", "stop_loss": "148", "account_id": UUID(int=1), "symbol": symbol}
    ticket = OrderTicket.model_validate({**given, **fields})
    return opening(ticket, instrument(symbol), PRICE, Means(D(free)), MONDAY)


@pytest.mark.parametrize(("side", "stop"), [("buy", "142.99"), ("sell", "158.01")])
def test_m12_a_ticket_that_names_no_stop_has_that_of_its_account(side: str, stop: str) -> None:
    assert wanted(quantity="1", side=side, stop_loss=None).stop_loss == D(stop)


def test_m19_an_amount_of_money_buys_whole_steps_rounded_down() -> None:
    assert wanted(notional="1000").quantity == 6
    assert wanted("BTCUSD", notional="1000").quantity == D("6.644076")
    assert wanted(notional="1000", type="limit", limit_price="100", stop_loss="90").quantity == 10


def test_m19_a_buy_is_planned_at_the_ask_and_a_sale_at_the_bid() -> None:
    assert wanted(quantity="1").reference_price == D("150.51")
    assert wanted(quantity="1", side="sell", stop_loss="152").reference_price == D("150.49")


def test_m19_stop_and_targets_come_on_the_tick_so_that_they_are_reached_earlier() -> None:
    found = wanted(quantity="2", stop_loss="148.001", take_profit=["154.259", "158.001"])
    assert (found.stop_loss, found.targets) == (D("148.01"), (D("154.25"), D("158")))


def test_orders_live_as_long_as_their_venue_takes_them() -> None:
    assert wanted(quantity="1").time_in_force is TimeInForce.DAY
    assert wanted("BTCUSD", quantity="1").time_in_force is TimeInForce.GTC


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"quantity": "1.5"}, "bad_quantity", "quantity"),
        ({"quantity": "700"}, "insufficient_buying_power", "quantity"),
        (
            {"quantity": "1", "type": "limit", "limit_price": "150.505"},
            "off_tick",
            "limit_price",
        ),
        (
            {"quantity": "99999999999", "type": "limit", "limit_price": "99999999999"},
            "out_of_bounds",
            "quantity",
        ),
        (
            {"quantity": "1", "extended_hours": True},
            "42210000",
            "type",
        ),
        ({"quantity": "1", "order_class": "bracket"}, "42210000", "take_profit"),
        (
            {"quantity": "1", "order_class": "bracket", "take_profit": "1", "stop_loss": "2"},
            "42210000",
            "take_profit",
        ),
        ({"quantity": "1", "time_in_force": "ioc", "order_class": "oto"}, "42210000", None),
        (
            {"quantity": "1", "type": "stop", "stop_price": "151", "time_in_force": "opg"},
            "42210000",
            "type",
        ),
    ],
)
def test_m19_a_refusal_has_the_code_of_its_rule_and_names_the_field(
    fields: dict[str, Any], code: str, field: str | None
) -> None:
    with pytest.raises(TicketRefused) as refused:
        wanted(**fields)
    (problem,) = refused.value.problems
    assert (refused.value.answered_code, problem.code) == (code, code)
    assert field in (None, problem.field)
    assert problem.remedy


def test_m23_a_short_needs_its_margin_only() -> None:
    assert wanted(quantity="1000", side="sell", stop_loss="152").quantity == 1000
    with pytest.raises(TicketRefused):
        wanted(quantity="1400", side="sell", stop_loss="152")


def test_m11_what_is_not_sold_short_is_refused_before_anything_is_written() -> None:
    traded = instrument("AAPL")
    traded = replace(traded, spec=replace(traded.spec, shortable=False))
    ticket = OrderTicket.model_validate(
        {
            "account_id": UUID(int=1),
            "symbol": "AAPL",
            "side": "sell",
            "quantity": "1",
            "stop_loss": "152",
        }
    )
    with pytest.raises(TicketRefused) as refused:
        opening(ticket, traded, PRICE, Means(D(100_000)), MONDAY)
    assert refused.value.answered_code == "short_not_allowed"
