"""What the venue can hold for a position."""

import pytest

from kuber.exchange.types import AssetClass
from kuber.exchange.units import to_price, to_quantity
from kuber.kernel.orders import TimeInForce
from kuber.trading.management.capability import protection_for
from kuber.trading.management.plan import Protection


@pytest.mark.parametrize(
    ("asset_class", "quantity", "target", "expected"),
    [
        (AssetClass.EQUITY, "1", "154.25", (Protection.OCO, TimeInForce.GTC)),
        (AssetClass.EQUITY, "1", None, (Protection.STOP, TimeInForce.GTC)),
        (AssetClass.EQUITY, "0.5", "154.25", (Protection.STOP, TimeInForce.DAY)),
        (AssetClass.CRYPTO, "0.5", "154.25", (Protection.MONITOR, TimeInForce.GTC)),
        (AssetClass.OPTION, "1", "154.25", (Protection.MONITOR, TimeInForce.GTC)),
    ],
)
def test_m12_the_venue_protects_wherever_its_rules_allow_it(
    asset_class: AssetClass,
    quantity: str,
    target: str | None,
    expected: tuple[Protection, TimeInForce],
) -> None:
    price = None if target is None else to_price(target)
    found = protection_for(asset_class, to_quantity(quantity), to_price("148"), price, long=True)
    assert found == expected
