from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.base import AgentFailure
from kuber.agents.catalog.risk_manager import RiskManager
from kuber.agents.catalog.risk_rules import (
    AccountView,
    RiskLimits,
    TradePrices,
    all_passed,
    check,
    size,
    sized,
)
from kuber.agents.state import Action
from kuber.agents.testing import RecordingDesk
from kuber.brokers.port import Position
from tests.fakes.agents import buy, harness, hold, sell, snapshot

LIMITS = RiskLimits(Decimal(1), Decimal(20), Decimal(100), 10, Decimal("1.5"), 50.0)
money = st.decimals(min_value=1, max_value=10_000_000, places=2)
percent = st.decimals(min_value="0.01", max_value=100, places=2)


def account(equity: str = "100000", *positions: Position) -> AccountView:
    return AccountView(Decimal(equity), positions, "USD", "ACME")


def prices(entry: str, stop: str) -> TradePrices:
    return TradePrices(Action.BUY, Decimal(entry), Decimal(stop), Decimal(entry) * 2)


def test_the_size_is_the_account_risk_divided_by_the_risk_of_one_share_rounded_down() -> None:
    sizing = size(prices("150.50", "137.20"), LIMITS, account(), Decimal(1))
    assert sizing.quantity == 75  # 1,000 / 13.30 = 75.19
    assert sizing.risk_amount == Decimal("997.50")
    assert sizing.binding == "the risk for one trade"


def test_the_largest_position_caps_the_size_when_the_stop_is_close() -> None:
    sizing = size(prices("150.50", "150.00"), LIMITS, account(), Decimal(1))
    assert sizing.quantity == 132  # 20,000 / 150.50 = 132.89
    assert sizing.binding == "the largest position"


def test_open_positions_leave_less_room() -> None:
    full = account("100000", Position("OTHER", Decimal(-990), Decimal(100)))
    sizing = size(prices("100", "99"), LIMITS, full, Decimal(1))
    assert sizing.quantity == 10
    assert sizing.binding == "the total exposure"


@pytest.mark.parametrize(("quantity", "left"), [("150", "50"), ("250", "0"), ("-150", "200")])
def test_what_is_held_of_the_symbol_counts_against_the_largest_position(
    quantity: str, left: str
) -> None:
    holder = account("100000", Position("ACME", Decimal(quantity), Decimal(100)))
    sizing = size(prices("100", "99.90"), LIMITS, holder, Decimal(1))
    assert (sizing.quantity, sizing.binding) == (Decimal(left), "the largest position")


def test_fractions_are_traded_where_the_instrument_allows_them() -> None:
    sizing = size(prices("60000", "50000"), LIMITS, account(), Decimal("0.000001"))
    assert sizing.quantity == Decimal("0.1")


BROKE = pytest.mark.parametrize("equity", ["0", "-5", "-100000"])
OF_EQUITY = ("Risk for this trade", "Position size", "Total exposure")


@BROKE
def test_an_account_without_money_trades_nothing(equity: str) -> None:
    trade, broke = prices("100", "99"), account(equity)
    sizing = size(trade, LIMITS, broke, Decimal(1))
    assert sizing.quantity == 0
    checks = check(buy(), trade, sizing, LIMITS, broke)
    assert [one.name for one in checks if not one.passed] == ["Quantity"]
    for one in checks:
        assert one.name not in OF_EQUITY or " of at most 0.00 USD" in one.detail


@BROKE
def test_whatever_is_more_than_nothing_is_too_much_for_an_account_without_money(
    equity: str,
) -> None:
    trade = prices("100", "99")
    least = sized(Decimal("0.000001"), trade, "nothing")
    checks = check(buy(), trade, least, LIMITS, account(equity))
    assert [one.name for one in checks if not one.passed] == [*OF_EQUITY]


def test_a_cent_of_equity_lets_a_trade_reach_its_limits_and_no_further() -> None:
    trade, poor = prices("1", "0.95"), account("0.01")
    at_limits = sized(Decimal("0.002"), trade, "the risk for one trade")
    assert all_passed(check(buy(), trade, at_limits, LIMITS, poor))
    beyond = sized(Decimal("0.002001"), trade, "the risk for one trade")
    failed = [one.name for one in check(buy(), trade, beyond, LIMITS, poor) if not one.passed]
    assert failed == ["Risk for this trade", "Position size"]


@given(
    equity=money,
    entry=money,
    distance=st.decimals(min_value="0.01", max_value="0.99", places=2),
    risk=percent,
    position=percent,
    exposure=percent,
    held=money,
    step=st.sampled_from([Decimal(1), Decimal(100), Decimal("0.000001")]),
)
def test_no_limit_is_ever_exceeded(
    equity: Decimal,
    entry: Decimal,
    distance: Decimal,
    risk: Decimal,
    position: Decimal,
    exposure: Decimal,
    held: Decimal,
    step: Decimal,
) -> None:
    limits = RiskLimits(risk, position, exposure, 10, Decimal(1), 0.0)
    holder = AccountView(equity, (Position("OTHER", Decimal(1), held),), "USD", "ACME")
    trade = TradePrices(Action.BUY, entry, entry * (1 - distance), entry * 2)
    sizing = size(trade, limits, holder, step)
    assert sizing.quantity >= 0
    assert sizing.quantity % step == 0
    assert sizing.risk_amount <= equity * risk / 100
    assert sizing.position_value <= equity * position / 100
    assert sizing.quantity == 0 or sizing.position_value + held <= equity * exposure / 100


async def test_every_check_is_listed_with_its_numbers() -> None:
    state = harness().state("ACME", market_data=snapshot(), strategy=buy())
    run = await harness().run(RiskManager, {}, state)
    assert run.state.risk is not None
    details = {item.name: item.detail for item in run.state.risk.checks}
    assert run.state.risk.approved
    assert run.state.risk.quantity == 200
    assert details["Confidence"] == "70 of at least 50."
    assert details["Reward to risk"].endswith("2.00 of at least 1.5.")
    assert details["Position size"].startswith("20,000.00 USD of at most 20,000.00 USD")
    assert run.usage.billable is False


@pytest.mark.parametrize(
    ("plan", "config", "failed"),
    [
        (buy(confidence=49.9), {}, "Confidence"),
        (buy(first="102.00"), {}, "Reward to risk"),
        (buy(), {"max_position_percent": 0.01}, "Quantity"),
        (buy(stop="101.00"), {}, "Stop and target"),
        (sell(stop="99.00"), {}, "Stop and target"),
    ],
)
async def test_a_plan_that_breaks_a_limit_is_refused_by_name(
    plan: object, config: dict[str, float], failed: str
) -> None:
    state = harness().state("ACME", market_data=snapshot(), strategy=plan)
    run = await harness().run(RiskManager, config, state)
    assert run.state.risk is not None
    assert not run.state.risk.approved
    assert run.state.risk.quantity == 0
    assert failed in {item.name for item in run.state.risk.checks if not item.passed}
    assert failed.lower() in run.state.risk.reasoning


@pytest.mark.parametrize(
    ("plan", "name"),
    [(buy(confidence=50.0), "Confidence"), (buy(first="103.00"), "Reward to risk")],
)
async def test_a_plan_exactly_at_a_limit_is_accepted(plan: object, name: str) -> None:
    # At least 50 confidence; at least 1.5 to win for 1 at risk: 3.00 for 2.00.
    state = harness().state("ACME", market_data=snapshot(), strategy=plan)
    run = await harness().run(RiskManager, {}, state)
    assert run.state.risk is not None
    [found] = [item for item in run.state.risk.checks if item.name == name]
    assert (found.passed, run.state.risk.approved) == (True, True)


async def test_too_many_open_positions_refuse_the_trade() -> None:
    desk = RecordingDesk(open_positions=(Position("OTHER", Decimal(1), Decimal(50)),))
    bench = harness(desk=desk)
    state = bench.state("ACME", market_data=snapshot(), strategy=buy())
    run = await bench.run(RiskManager, {"max_open_positions": 1}, state)
    assert run.state.risk is not None
    assert [item.name for item in run.state.risk.checks if not item.passed] == ["Open positions"]


async def test_a_plan_to_hold_is_not_sized() -> None:
    state = harness().state("ACME", market_data=snapshot(), strategy=hold())
    run = await harness().run(RiskManager, {}, state)
    assert run.state.risk is not None
    assert (run.state.risk.approved, run.state.risk.quantity) == (False, Decimal(0))


async def test_without_a_plan_the_missing_input_is_named() -> None:
    state = harness().state("ACME", market_data=snapshot())
    with pytest.raises(AgentFailure, match="needs strategy") as failure:
        await harness().run(RiskManager, {}, state)
    assert failure.value.code == "missing_input"


async def test_a_price_in_another_currency_is_refused_instead_of_mixed_with_dollars() -> None:
    yen = snapshot("150.00", "USDJPY").model_copy(update={"currency": "JPY"})
    state = harness().state("USDJPY", market_data=yen, strategy=buy())
    run = await harness().run(RiskManager, {}, state)
    assert run.state.risk is not None
    assert not run.state.risk.approved
    assert "priced in JPY" in run.state.risk.checks[0].detail
