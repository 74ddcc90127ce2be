"""M22: options of a simulation account have the defaults of the modes, and bounds."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from kuber.trading.accounts.schemas import AccountChange, SimulationBody

DEFAULTS = {
    "behaviour": "realistic",
    "slippage": "0.001",
    "commission": "0.005",
    "partial_fills": "0.2",
    "rejections": "0.05",
    "default_stop": "0.05",
    "starting_balance": "100000",
    "seed": None,
}


def test_m22_a_new_account_has_the_defaults_of_the_mode() -> None:
    assert SimulationBody().options() == DEFAULTS


def test_m22_only_what_is_given_is_a_change() -> None:
    assert SimulationBody.model_validate({}).given() == {}
    given = SimulationBody.model_validate({"slippage": "0.0010", "seed": None}).given()
    assert given == {"slippage": "0.001", "seed": None}


def test_m22_rejections_and_partial_fills_can_be_switched_off() -> None:
    off = SimulationBody(rejections=Decimal(0), partial_fills=Decimal(0), slippage=Decimal(0))
    assert [off.given()[name] for name in ("rejections", "partial_fills", "slippage")] == ["0"] * 3


def test_a_decimal_has_one_text_however_it_was_written() -> None:
    for written in ("1E+5", "100000", "100000.00", 100000):
        body = SimulationBody.model_validate({"starting_balance": written})
        assert body.options()["starting_balance"] == "100000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("behaviour", "kind"),
        ("slippage", "-0.001"),
        ("slippage", "0.11"),
        ("slippage", "NaN"),
        ("slippage", "0.0000000001"),
        ("slippage", None),
        ("commission", "-1"),
        ("commission", "100.01"),
        ("commission", "Infinity"),
        ("partial_fills", "1.01"),
        ("rejections", "-0.01"),
        ("rejections", "1e30"),
        ("starting_balance", "0"),
        ("starting_balance", "-5"),
        ("starting_balance", "1000000000001"),
        ("starting_balance", "sNaN"),
        ("seed", -1),
        ("seed", 2**53),
        ("seed", 1.5),
        ("seed", "7"),
        ("latency", "1"),
    ],
)
def test_m22_an_option_out_of_bounds_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        AccountChange.model_validate({"simulation": {name: value}})
    assert [one["loc"][:2] for one in refused.value.errors()] == [("simulation", name)]
