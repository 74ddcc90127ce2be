"""What the venue refuses before an order reaches a book: the acceptance inputs, AAPL at 150.00.

Each verdict has its source in the table (`kuber/exchange/rules.py`).
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kuber.exchange.checks import Draft, Situation, check, refusals
from kuber.exchange.rules import TABLE, VALUES, OrderClass
from kuber.exchange.types import AssetClass
from kuber.exchange.units import to_amount, to_price, to_quantity
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.market.calendars import calendar_for

NEW_YORK = ZoneInfo("America/New_York")
LAST = to_price("150.00")
AT_150 = Situation(LAST)
PRICES = ("limit_price", "stop_price", "target", "stop_loss", "stop_loss_limit")


def draft(order: str, quantity: str | None = "1", **terms: Any) -> Draft:
    """Return a draft from `side type tif`; prices are texts."""
    side, kind, tif = order.split()
    for name in PRICES:
        if name in terms:
            terms[name] = to_price(terms[name])
    for name, read in (("order_class", OrderClass), ("asset_class", AssetClass)):
        if name in terms:
            terms[name] = read(terms[name])
    if "notional" in terms:
        terms["notional"] = to_amount(terms["notional"])
    return Draft(
        side=Side(side),
        type=OrderType(kind),
        time_in_force=TimeInForce(tif),
        quantity=None if quantity is None else to_quantity(quantity),
        **terms,
    )


def bracket(order: str = "buy market day", quantity: str = "1", **terms: Any) -> Draft:
    usual = {"order_class": "bracket", "target": "160", "stop_loss": "140"}
    return draft(order, quantity, **{**usual, **terms})


def verdict(wanted: Draft) -> tuple[int, str, str] | None:
    refusal = check(wanted, AT_150)
    return None if refusal is None else (refusal.status, refusal.code, refusal.text)


def rules(wanted: Draft, situation: Situation | None = None) -> set[str]:
    return {one.rule for one in refusals(wanted, situation or AT_150)}


def at(clock: str, day: str = "2026-11-30") -> Situation:
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=NEW_YORK)
    return Situation(LAST, moment, calendar_for("XNYS"))


def test_a_usual_bracket_is_taken() -> None:
    assert check(bracket(), AT_150) is None
    assert check(bracket("buy limit gtc", limit_price="150"), AT_150) is None
    short = bracket("sell market day", target="140", stop_loss="160")
    assert check(short, AT_150) is None


@pytest.mark.parametrize("tif", ["ioc", "fok", "opg", "cls"])
def test_a_bracket_is_day_or_gtc(tif: str) -> None:
    assert rules(bracket(f"buy market {tif}")) == {"exits_day_or_gtc"}
    refused = verdict(bracket(f"buy market {tif}"))
    assert refused is not None
    assert refused[0] == 422


def test_a_bracket_with_a_stop_alone_misses_its_target() -> None:
    text = "bracket orders require take_profit.limit_price"
    wanted = draft("buy market day", order_class="bracket", stop_loss="140")
    assert verdict(wanted) == (422, "42210000", text)
    assert rules(draft("buy market day", order_class="bracket", target="160")) == {"bracket_stop"}


def test_the_same_order_with_one_exit_is_an_oto() -> None:
    assert check(draft("buy market day", order_class="oto", stop_loss="140"), AT_150) is (None)
    both = draft("buy market day", order_class="oto", stop_loss="140", target="160")
    none = draft("buy market day", order_class="oto")
    assert rules(both) == rules(none) == {"oto_one_exit"}


def test_a_fraction_of_a_share_has_no_exits() -> None:
    text = "fractional orders must be simple orders"
    assert verdict(bracket(quantity="0.5")) == (422, "42210000", text)


def test_a_fraction_of_a_share_is_a_day_order() -> None:
    text = "fractional orders must be DAY orders"
    wanted = draft("buy limit gtc", "0.5", limit_price="150")
    assert verdict(wanted) == (422, "42210000", text)
    assert check(draft("buy limit day", "0.5", limit_price="150"), AT_150) is None
    stop = draft("sell stop day", "0.5", stop_price="140", opens=False)
    assert check(stop, AT_150) is None


def test_a_bracket_trades_in_the_regular_session() -> None:
    wanted = bracket("buy limit day", limit_price="150", extended_hours=True)
    assert rules(wanted) == {"exits_in_session"}


@pytest.mark.parametrize("kind", ["stop", "stop_limit", "trailing_stop"])
def test_the_entry_of_a_bracket_is_a_market_or_limit_order(kind: str) -> None:
    wanted = bracket(f"buy {kind} day", stop_price="151", limit_price="152")
    text = "bracket orders must be market or limit orders"
    assert verdict(wanted) == (422, "40010001", text)


def test_a_bracket_opens_a_position() -> None:
    assert rules(bracket(opens=False)) == {"bracket_opens"}
    assert VALUES["bracket_opens"].text == "bracket orders must be entry orders"


def test_a_stop_of_a_fraction_of_a_cent_is_refused_twice_over() -> None:
    wanted = bracket("buy limit day", limit_price="150", stop_loss="149.995")
    assert rules(wanted) == {"stop_below_base", "sub_penny"}
    assert "stop price must be less than base_price - 0.01" in {
        one.text for one in refusals(wanted, AT_150)
    }


@pytest.mark.parametrize(("stop", "taken"), [("149.99", True), ("150", False)])
def test_a_stop_lies_a_cent_below_the_entry(stop: str, *, taken: bool) -> None:
    wanted = bracket("buy limit day", limit_price="150", stop_loss=stop)
    assert (check(wanted, AT_150) is None) is taken


def test_the_live_price_is_a_base_too() -> None:
    wanted = bracket("buy limit day", limit_price="160", stop_loss="155", target="170")
    assert rules(wanted) == {"stop_below_base"}
    assert check(wanted, Situation(to_price("156"))) is None
    short = bracket("sell limit day", limit_price="140", stop_loss="145", target="130")
    assert rules(short) == {"stop_above_base"}


@pytest.mark.parametrize(
    ("order", "target", "stop"), [("buy", "140", "145"), ("sell", "160", "155")]
)
def test_the_target_lies_beyond_the_stop(order: str, target: str, stop: str) -> None:
    assert "exits_in_order" in rules(bracket(f"{order} market day", target=target, stop_loss=stop))


def test_an_oco_is_a_limit_order_with_both_exits() -> None:
    oco: dict[str, Any] = {"order_class": "oco", "opens": False}
    good = draft("sell limit gtc", limit_price="160", stop_loss="140", **oco)
    assert check(good, AT_150) is None
    market = draft("sell market gtc", target="160", stop_loss="140", **oco)
    assert rules(market) == {"oco_is_limit"}
    assert rules(draft("sell limit gtc", limit_price="160", **oco)) == {"oco_both"}
    low = draft("sell limit gtc", limit_price="160", stop_loss="159.995", **oco)
    assert {"stop_below_base", "sub_penny"} <= rules(low)


def test_extended_hours_take_limit_orders_of_day_and_gtc() -> None:
    taken = draft("buy limit gtc", limit_price="150", extended_hours=True)
    assert check(taken, AT_150) is None
    assert rules(draft("buy market day", extended_hours=True)) == {"extended_is_limit"}
    ioc = draft("buy limit ioc", limit_price="150", extended_hours=True)
    assert rules(ioc) == {"extended_day_or_gtc"}


@pytest.mark.parametrize(
    ("tif", "clock", "taken"),
    [
        ("opg", "09:27:59", True),
        ("opg", "09:28:01", False),
        ("opg", "18:59:59", False),
        ("opg", "19:00:01", True),
        ("cls", "15:49:59", True),
        ("cls", "15:50:01", False),
        ("cls", "19:00:01", True),
    ],
)
def test_orders_for_an_auction_come_in_time(tif: str, clock: str, *, taken: bool) -> None:
    wanted = draft(f"buy market {tif}")
    assert rules(wanted, at(clock)) == (set() if taken else {f"{tif}_window"})


def test_the_closing_call_of_a_half_day_is_earlier() -> None:
    assert rules(draft("buy market cls"), at("12:50:01", "2026-11-27")) == {"cls_window"}
    assert rules(draft("buy market cls"), at("12:49:59", "2026-11-27")) == set()
    assert rules(draft("buy market cls"), at("12:50:01", "2026-11-28")) == set()


@pytest.mark.parametrize("kind", ["stop", "stop_limit"])
def test_an_auction_takes_market_and_limit_orders(kind: str) -> None:
    wanted = draft(f"buy {kind} opg", stop_price="151", limit_price="152")
    assert rules(wanted) == {"auction_type"}


@pytest.mark.parametrize(
    ("price", "taken"),
    [("290.12", True), ("290.123", False), ("1.01", True), ("0.9999", True), ("0.99999", False)],
)
def test_a_price_is_on_the_tick(price: str, *, taken: bool) -> None:
    refused = verdict(draft("buy limit day", limit_price=price))
    text = (
        f"invalid limit_price {price}. sub-penny increment does not fulfill minimum pricing "
        "criteria"
    )
    assert refused == (None if taken else (422, "42210000", text))


def test_a_fraction_is_worth_a_dollar_and_is_never_sold_short() -> None:
    assert rules(draft("buy market day", None, notional="1")) == set()
    assert rules(draft("buy market day", None, notional="0.99")) == {"fractional_minimum"}
    assert rules(draft("buy market day", "0.001")) == {"fractional_minimum"}
    assert rules(draft("sell market day", "0.5")) == {"fractional_short"}
    assert rules(draft("sell market day", "0.5", opens=False)) == set()
    assert rules(draft("buy market day", "0.5", fractionable=False)) == {"not_fractionable"}


def test_an_order_has_a_quantity_or_a_value() -> None:
    for wanted in (draft("buy market day", None), draft("buy market day", "1", notional="5")):
        refused = list(refusals(wanted, AT_150))
        assert "quantity_or_notional" in {one.rule for one in refused}
        assert 400 in {one.status for one in refused}


@pytest.mark.parametrize(
    ("order", "terms", "rule"),
    [
        ("buy market day", {}, "coins_times"),
        ("buy market fok", {}, "coins_times"),
        ("buy stop gtc", {"stop_price": "151"}, "coins_types"),
        ("buy market gtc", {"order_class": "oto", "stop_loss": "140"}, "coins_are_simple"),
    ],
)
def test_coins_have_simple_orders_of_gtc_and_ioc(
    order: str, terms: dict[str, Any], rule: str
) -> None:
    assert rule in rules(draft(order, asset_class="crypto", **terms))
    taken = draft(
        "buy stop_limit gtc", "0.5", asset_class="crypto", stop_price="1", limit_price="2"
    )
    assert rules(taken) == set()


@pytest.mark.parametrize(
    ("order", "quantity", "terms", "rule"),
    [
        ("buy limit gtc", "1", {"limit_price": "1"}, "options_day"),
        ("buy stop day", "1", {"stop_price": "1"}, "options_types"),
        ("buy market day", "1", {"order_class": "oto", "target": "2"}, "options_classes"),
        ("buy market day", "0.5", {}, "options_whole"),
    ],
)
def test_options_are_whole_plain_day_orders(
    order: str, quantity: str, terms: dict[str, Any], rule: str
) -> None:
    assert rule in rules(draft(order, quantity, asset_class="option", **terms))


def test_a_type_has_its_price() -> None:
    assert rules(draft("buy limit day")) == {"price_missing"}
    assert rules(draft("buy stop day")) == {"price_missing"}
    assert rules(draft("buy trailing_stop ioc")) == {"trailing_day_or_gtc"}
    assert rules(draft("buy market day", order_class="mleg")) == {"shares_have_no_mleg"}


def test_every_row_names_its_source_and_refuses_something_of_its_own() -> None:
    assert len({row.rule for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert row.verdict.source
        assert row.verdict.status in (400, 403, 422)
        columns = (row.assets, row.classes, row.types, row.times, row.fractional, row.extended)
        assert sum(column is not None for column in columns) >= 2
    assert all(one.source for one in VALUES.values())
