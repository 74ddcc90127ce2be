"""What a position is worth at a price, and how a reset leaves it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kuber.exchange.types import Spec
from kuber.exchange.units import from_amount, to_price, to_quantity
from kuber.kernel.orders import Side
from kuber.trading.management.emptying import emptied
from kuber.trading.management.outcome import outcome_of
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import Position, Reason, Status, entered
from kuber.trading.positions.valuing import worth_of

D = Decimal


def position(side: Side = Side.BUY, quantity: str = "100", stop: str = "148") -> Position:
    plan = ExitPlan(
        side=side,
        spec=Spec(tick=to_price("0.01"), lot=to_quantity("1")),
        quantity=to_quantity(quantity),
        entry=to_price("150"),
        stop=to_price(stop),
    )
    return entered(
        "00000000-0000-0000-0000-000000000001",
        "by hand",
        plan,
        quantity=plan.quantity,
        price=to_price("150"),
        fee=0,
        at=1,
    )


@pytest.mark.parametrize(
    ("side", "stop", "last", "gain", "r", "risk"),
    [
        (Side.BUY, "148", "153", "300", "1.5000", "200"),
        (Side.BUY, "148", "147.5", "-250", "-1.2500", "200"),
        (Side.SELL, "152", "147", "300", "1.5000", "200"),
        (Side.SELL, "152", "153", "-300", "-1.5000", "200"),
        (Side.BUY, "148", "150.000000000001", "0.0000000001", "0.0000", "200"),
    ],
)
def test_profit_and_risk_are_exact(
    side: Side, stop: str, last: str, gain: str, r: str, risk: str
) -> None:
    worth = worth_of(position(side, stop=stop), D(last))
    assert (worth.unrealised_pnl, worth.r, worth.risk) == (D(gain), D(r), D(risk))
    assert worth.realised_pnl == 0


def test_a_stop_past_the_entry_risks_nothing() -> None:
    moved = replace(position(), stop=to_price("151"))
    assert worth_of(moved, D(152)).risk == 0


def test_without_a_price_what_is_not_known_is_not_guessed() -> None:
    worth = worth_of(position(), None)
    assert (worth.unrealised_pnl, worth.r, worth.risk) == (None, None, D(200))


def test_m27_a_reset_leaves_neither_profit_nor_loss() -> None:
    before = position(quantity="3")
    after = emptied(before, 5)
    assert (after.status, after.reason, after.held) == (Status.CLOSED, Reason.RESET, 0)
    assert from_amount(outcome_of(after, (), 0).profit) == 0
    assert (after.version, after.closed_at) == (before.version + 1, 5)
