"""A run in words and in money."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kuber.agents.base import AgentMetadata, Category, NodeUsage, TriggerNotMet
from kuber.agents.state import TradeExecution, TriggerCondition
from kuber.agents.toolkit import no_trade
from kuber.runs.seeds import node_seed
from kuber.runs.summary import (
    charge_for,
    first_reason,
    headline,
    outcome,
    plain,
    price,
    trade_sentence,
    wait_until,
)
from kuber.runs.types import RUN_TRANSITIONS, NodeRecord, NodeStatus, RunStatus
from tests.fakes.agents import approved, bias, buy, harness, hold, refused, trade

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
RENTED = AgentMetadata("x", "X", "", Category.ANALYSIS, "x", price_per_hour=Decimal("3.60"))


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (trade(), "Bought 42 AAPL at 150.50, stop 148.00"),
        (trade("sell"), "Sold 42 AAPL at 150.50, stop 148.00"),
        (trade(status="partially_filled"), "Partly bought 42 AAPL at 150.50, stop 148.00"),
        (trade("sell", "partially_filled"), "Partly sold 42 AAPL at 150.50, stop 148.00"),
        (trade(status="validated"), "Would buy 42 AAPL at 150.50, stop 148.00"),
        (trade(status="submitted"), "Ordered to buy 42 AAPL at 150.50, stop 148.00"),
        (trade("sell", "working"), "Ordered to sell 42 AAPL at 150.50, stop 148.00"),
        (trade(status="cancelled"), "Not filled: the order to buy 42 AAPL was cancelled."),
        (trade("sell", "expired"), "Not filled: the order to sell 42 AAPL expired."),
        (trade("sell", "rejected", "No cash."), "Not filled: sell 42 AAPL was rejected. No cash."),
    ],
)
def test_a_trade_is_a_sentence(made: TradeExecution, sentence: str) -> None:
    assert trade_sentence(made) == sentence
    assert outcome(harness().state("AAPL", trade=made, strategy=buy())) == sentence


def test_each_of_several_trades_is_a_sentence() -> None:
    state = harness().state("AAPL", trade=trade("sell"))
    assert outcome(state, [trade()]) == "Sold 42 AAPL at 150.50, stop 148.00"
    assert outcome(state, [trade(), trade("sell")]) == (
        "Bought 42 AAPL at 150.50, stop 148.00; Sold 42 AAPL at 150.50, stop 148.00"
    )


def test_a_run_without_a_trade_says_why() -> None:
    state = harness().state
    assert outcome(state("ACME", strategy=hold())) == "No trade: hold ACME. Nothing to do."
    assert outcome(state("ACME", strategy=buy(), risk=refused())) == (
        "No trade: Confidence: 30 of at least 50."
    )
    assert outcome(state("ACME", strategy=buy(), risk=approved())) == (
        "No trade: Buy at 100.00, stop 98.00, 70 % was not carried out"
    )
    held = "5 ACME are already open in the same direction; adding to it is switched off."
    aside = {"strategy": "- **Buy**", "trade": no_trade(held)}
    assert outcome(state("ACME", strategy=buy(), risk=approved(), reasoning=aside)) == (
        f"No trade: {held}"
    )
    assert outcome(state("ACME", bias=bias())) == "No trade: ACME looks bullish"
    assert outcome(state("ACME")) == "Finished without a decision"


def test_the_first_listed_reason_is_shown_plain_and_short() -> None:
    assert first_reason("**HOLD**\n\n- **RSI** is high\n- more") == "RSI is high"
    assert first_reason("No list.\nSecond line.") == "No list."
    assert first_reason("") == ""
    long = first_reason("- " + "word " * 100)
    assert (len(long) <= 240, long[-1]) == (True, "…")


def test_a_nodes_headline_is_what_it_found() -> None:
    done = NodeRecord("n", "any", NodeStatus.SUCCEEDED, 1)
    failed = NodeRecord("n", "any", NodeStatus.FAILED, 1, error={"code": "x", "message": "Broke."})
    trigger = TriggerCondition(kind="time", met=True, detail="The time is right.")
    assert headline({}, done) is None
    assert headline({"errors": ()}, failed) == "Broke."
    assert headline({"trigger": trigger}, done) == "The time is right."
    assert headline({"bias": bias()}, done) == "Bullish, 65 %"
    assert headline({"strategy": hold()}, done) == "Hold, 0 %"
    assert headline({"strategy": buy()}, done) == "Buy at 100.00, stop 98.00, 70 %"
    assert headline({"risk": approved()}, done) == "Approved, 10 units"
    assert headline({"risk": refused()}, done) == "Not approved"
    assert headline({"trade": trade(), "risk": approved()}, done) == trade_sentence(trade())


@pytest.mark.parametrize(
    ("value", "quantity", "amount"),
    [("100", "100", "100.00"), ("1.10950", "1.1095", "1.1095"), ("1E+3", "1000", "1000.00")],
)
def test_figures_are_shown_without_needless_zeros(value: str, quantity: str, amount: str) -> None:
    assert plain(Decimal(value)) == quantity
    assert price(Decimal(value)) == amount


@pytest.mark.parametrize(
    ("runtime_ms", "billable", "rent"),
    [
        (0.0, True, "0"),
        (1.0, True, "0.001"),
        (1000.0, True, "0.001"),
        (1000.1, True, "0.002"),
        (5000.0, False, "0"),
    ],
)
def test_a_node_pays_rent_by_the_second_begun(runtime_ms: float, billable: bool, rent: str) -> None:
    charge, amount = charge_for(RENTED, runtime_ms, NodeUsage(billable=billable))
    assert amount == Decimal(rent)
    assert (charge.rental_cost if charge else Decimal(0)) == amount


def test_a_nodes_amount_is_the_sum_of_its_parts() -> None:
    usage = NodeUsage(token_cost=Decimal("0.5"), api_cost=Decimal("0.25"), tokens_estimated=True)
    charge, amount = charge_for(RENTED, 10, usage)
    assert charge is not None
    assert (charge.token_cost, charge.api_cost) == (Decimal("0.5"), Decimal("0.25"))
    assert amount == Decimal("0.751")
    assert charge.tokens_estimated


def test_what_cost_nothing_has_an_entry_only_when_it_used_a_model() -> None:
    assert charge_for(RENTED, 10, NodeUsage(billable=False)) == (None, Decimal(0))
    for usage in (NodeUsage(input_tokens=1), NodeUsage(output_tokens=1)):
        usage.billable = False
        charge, amount = charge_for(RENTED, 10, usage)
        assert charge is not None
        assert amount == 0


def test_waits_double_up_to_a_quarter_of_an_hour_unless_the_trigger_knows_better() -> None:
    waits = [wait_until(TriggerNotMet("x"), NOW, waited) - NOW for waited in range(8)]
    assert [wait.total_seconds() for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert wait_until(TriggerNotMet("x"), NOW, 10_000) - NOW == timedelta(minutes=15)
    later = NOW + timedelta(days=3)
    assert wait_until(TriggerNotMet("x", later), NOW, 0) == later
    assert wait_until(TriggerNotMet("x", NOW - timedelta(hours=1)), NOW, 0) == NOW


def test_each_node_draws_from_a_seed_of_its_own() -> None:
    seeds = {
        node_seed(run, node, symbol)
        for run in range(20)
        for node in ("a", "b", "c")
        for symbol in ("AAPL", "MSFT", "a", "")
    }
    assert len(seeds) == 240
    assert node_seed(1, "trade", "AAPL") == node_seed(1, "trade", "AAPL")


def test_a_run_of_the_first_rule_keeps_the_seeds_that_it_began_with() -> None:
    first = int.from_bytes(hashlib.sha256(b"7:trade").digest()[:8], "big")
    assert node_seed(7, "trade", "AAPL", 1) == node_seed(7, "trade", "MSFT", 1) == first
    assert node_seed(7, "trade", "AAPL") != first


def test_a_finished_run_goes_nowhere_and_every_other_can_end() -> None:
    for status, following in RUN_TRANSITIONS.items():
        assert status.finished == (not following)
        assert status not in following
    for status in (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING):
        assert RunStatus.CANCELLED in RUN_TRANSITIONS[status]
