"""Numbers of an order that no record could hold are refused with their field and a remedy."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.brokers.port import Side
from kuber.trading.bounds import out_of_bounds
from kuber.trading.errors import RefusedOrder
from kuber.trading.requests import check_request
from kuber.trading.types import TradeRequest

D = Decimal
FINE = TradeRequest(
    symbol="AAPL",
    side=Side.BUY,
    quantity=D(100),
    reference_price=D("150.50"),
    stop_loss=D(148),
    targets=(D("154.25"), D(158)),
    correlation_id=str(UUID(int=1)),
)


@pytest.mark.parametrize(
    ("quantity", "price", "field"),
    [
        ("1e30", "1", "quantity"),
        ("NaN", "1", "quantity"),
        ("Infinity", "1", "quantity"),
        ("-1", "1", "quantity"),
        ("0", "1", "quantity"),
        ("1e-20", "1", "quantity"),
        ("1", "1e-20", "limit_price"),
        ("1", "1e12", "limit_price"),
        ("1", "0", "limit_price"),
        ("1e8", "1e7", "quantity"),
    ],
)
def test_absurd_numbers_name_their_field_and_a_remedy(
    quantity: str, price: str, field: str
) -> None:
    found = out_of_bounds(D(quantity), {"limit_price": D(price), "stop_price": None})
    assert found is not None
    assert found.field == field
    assert found.problem.remedy
    assert str(found).startswith("out_of_bounds: ")


def test_what_fits_the_records_is_taken() -> None:
    assert out_of_bounds(D("1e-8"), {"limit_price": D("1e-8")}) is None
    assert out_of_bounds(D(99999999), {"limit_price": D(9999999)}) is None
    check_request(FINE)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"quantity": D("1e30")}, "quantity"),
        ({"stop_loss": D("1e-20")}, "stop_loss"),
        ({"targets": (D("154.25"), D("1e30"))}, "targets.1"),
        ({"quantity": D("9e11")}, None),
        ({"quantity": D("9e11"), "reference_price": D("9e11")}, "quantity"),
    ],
)
def test_a_run_is_told_which_field_is_out_of_bounds(
    changed: dict[str, object], field: str | None
) -> None:
    request = replace(FINE, **changed)  # type: ignore[arg-type]
    if field is None:
        check_request(request)
        return
    with pytest.raises(RefusedOrder, match="out_of_bounds") as refused:
        check_request(request)
    assert [one.field for one in refused.value.problems] == [field]
