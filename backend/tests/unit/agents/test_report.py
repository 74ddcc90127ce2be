from decimal import Decimal

import pytest

from kuber.agents.analysis.numbers import show_score
from kuber.agents.catalog.report import ReportAgent
from kuber.agents.catalog.report_text import decision_sentence
from kuber.agents.state import NodeError, TradeExecution, TradeFill
from kuber.agents.toolkit import no_trade
from tests.fakes.agents import AS_OF, approved, bias, buy, harness, hold, refused, snapshot


def trade(status: str = "filled") -> TradeExecution:
    fill = TradeFill(
        time=AS_OF, quantity=Decimal(42), price=Decimal("150.50"), commission=Decimal("0.21")
    )
    return TradeExecution.model_validate(
        {
            "action": "buy",
            "symbol": "ACME",
            "quantity": Decimal(42),
            "entry_price": Decimal("150.50"),
            "stop_loss": Decimal("148.00"),
            "targets": (Decimal("155.50"),),
            "fills": (fill,) if status == "filled" else (),
            "status": status,
            "reason": "Filled at the simulated market.",
        }
    )


async def test_a_report_of_a_full_run_has_all_its_sections() -> None:
    bench = harness()
    state = bench.state(
        "ACME",
        market_data=snapshot(),
        bias=bias(),
        strategy=buy(),
        risk=approved(),
        trade=trade(),
        reasoning={"strategy": "Because."},
    )
    run = await bench.run(ReportAgent, {}, state)
    assert run.state.report is not None
    text = run.state.report.markdown
    for section in ("Decision", "Levels", "Bias", "Risk", "Trade", "Evidence by step", "Sources"):
        assert f"## {section}" in text
    assert "Bought 42 ACME at 150.5, stop 148." in text
    assert "| Target 1 | 104.00 | +2.00 R |" in text
    assert "Engine: rules. No language model was used" in text


async def test_a_report_of_an_empty_run_says_that_no_plan_was_made() -> None:
    bench = harness()
    run = await bench.run(ReportAgent, {"title": "My report"}, bench.state("ACME"))
    assert run.state.report is not None
    assert run.state.report.title == "My report"
    assert "No plan was made." in run.state.report.markdown


async def test_simulated_prices_and_errors_are_not_hidden() -> None:
    bench = harness()
    market = snapshot().model_copy(update={"simulated": True, "source": "simulated"})
    error = NodeError(node_id="bias", code="llm_timeout", message="It did not answer.")
    state = bench.state("ACME", market_data=market, errors=(error,))
    run = await bench.run(ReportAgent, {}, state)
    assert run.state.report is not None
    assert "simulated prices, not a market's" in run.state.report.markdown
    assert "- bias: It did not answer." in run.state.report.markdown


async def test_evidence_can_be_left_out() -> None:
    bench = harness()
    state = bench.state("ACME", reasoning={"a": "Secret thoughts."})
    run = await bench.run(ReportAgent, {"evidence": False}, state)
    assert run.state.report is not None
    assert "Secret thoughts" not in run.state.report.markdown


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"strategy": hold()}, "No trade: the plan is to hold."),
        (
            {"strategy": buy(), "risk": refused()},
            "No trade: the risk manager refused (confidence).",
        ),
        ({"strategy": buy(), "trade": trade("rejected")}, "The venue rejected to buy ACME"),
        ({"strategy": buy(), "trade": trade("validated")}, "Would buy 42 ACME"),
        ({"strategy": buy(), "trade": trade("submitted")}, "Ordered to buy 42 ACME"),
        ({"strategy": buy(), "trade": trade("working")}, "Ordered to buy 42 ACME"),
        (
            {"strategy": buy(), "trade": trade("cancelled")},
            "Nothing was filled of the order to buy 42 ACME",
        ),
        (
            {"strategy": buy(), "trade": trade("expired")},
            "Nothing was filled of the order to buy 42 ACME",
        ),
        ({"strategy": buy()}, "No trade was placed for the plan to buy."),
        (
            {"strategy": buy(), "reasoning": {"trade": no_trade("5 ACME are already open.")}},
            "No trade was placed for the plan to buy: 5 ACME are already open.",
        ),
    ],
)
def test_the_decision_is_one_plain_sentence(sections: dict[str, object], sentence: str) -> None:
    assert decision_sentence(harness().state("ACME", **sections)).startswith(sentence)


@pytest.mark.parametrize(("score", "shown"), [(-0.3, "0"), (0.0, "0"), (3.2, "+3"), (-0.6, "-1")])
def test_a_score_that_rounds_to_zero_has_no_sign(score: float, shown: str) -> None:
    assert show_score(score) == shown
