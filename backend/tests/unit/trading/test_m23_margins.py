"""What a short keeps is an amount that the ledger takes, whatever its average price."""

from decimal import Decimal
from uuid import UUID

from kuber.exchange.types import AssetClass, Spec
from kuber.exchange.units import from_amount_up
from kuber.kernel.orders import Side
from kuber.ledger.facts import Held
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import entered
from kuber.trading.order_service.margins import margin_kept

COIN = Spec(tick=10**7, lot=10**3, asset_class=AssetClass.CRYPTO)


def test_the_margin_of_an_uneven_average_is_rounded_up_to_the_ledgers_places() -> None:
    """150 % of 0.943954001 at 21,163.085731234501 is 29,965.4745...: 21 places, 18 are kept."""
    plan = ExitPlan(
        side=Side.SELL,
        spec=COIN,
        quantity=943_954_000,
        entry=21_163_080_000_000_000,
        stop=21_288_700_000_000_000,
    )
    name = str(UUID(int=5))
    short = entered(
        name, "by hand", plan, quantity=943_954_001, price=21_163_085_731_234_501, fee=0, at=1
    )
    ((_, fact),) = margin_kept(short, "x-1")
    assert isinstance(fact, Held)
    exact = Decimal("0.943954001") * Decimal("21163.085731234501") * Decimal("1.5")
    assert Decimal(0) <= fact.amount - exact < Decimal("1e-17")


def test_amounts_are_rounded_up_to_what_the_ledger_keeps() -> None:
    assert from_amount_up(1) == Decimal("1e-18")
    assert from_amount_up(1_000) == Decimal("1e-18")
    assert from_amount_up(1_001) == Decimal("2e-18")
    assert from_amount_up(0) == 0
