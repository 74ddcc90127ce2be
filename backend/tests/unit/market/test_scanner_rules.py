"""The rules of a screener: what is let in, and what is refused and why."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kuber.market.instruments import SECTORS, traits_of
from kuber.market.scanners.schemas import ScannerFieldList
from kuber.market.scanners.types import FIELDS, MAX_RULES, Op, ScannerFilter, ScreenField

NUMERIC = [field for field in ScreenField if field is not ScreenField.SECTOR]
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def rule(field: object = "price", op: object = ">", value: object = 10) -> dict[str, object]:
    return {"field": field, "op": op, "value": value}


def refusal(*rules: dict[str, object], **more: object) -> tuple[str, str]:
    """Return where the first fault of a filter lies, and its message."""
    with pytest.raises(ValidationError) as refused:
        ScannerFilter.model_validate({"all": rules, **more})
    fault = refused.value.errors()[0]
    return ".".join(map(str, fault["loc"])), fault["msg"]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, object]:
    field = draw(st.sampled_from(ScreenField))
    op = draw(st.sampled_from(FIELDS[field].ops))
    if op is Op.IN:
        words = st.lists(st.sampled_from(SECTORS), min_size=1, max_size=len(SECTORS), unique=True)
        return rule(field.value, op.value, draw(words))
    if op is Op.BETWEEN:
        return rule(field.value, op.value, sorted((draw(FINITE), draw(FINITE))))
    return rule(field.value, op.value, draw(FINITE))


@given(st.lists(rules(), min_size=1, max_size=MAX_RULES), st.none() | st.integers(1, 1000))
def test_every_fitting_filter_is_let_in_and_comes_back_from_storage_unchanged(
    wanted: list[dict[str, object]], limit: int | None
) -> None:
    accepted = ScannerFilter.model_validate({"all": wanted, "limit": limit})
    stored = json.loads(json.dumps(accepted.model_dump(mode="json")))
    assert ScannerFilter.model_validate(stored) == accepted


@given(
    field=st.sampled_from(ScreenField),
    op=st.sampled_from(Op),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    ),
)
def test_whatever_is_let_in_has_the_shape_that_its_comparison_needs(
    field: ScreenField, op: Op, value: object
) -> None:
    try:
        [accepted] = ScannerFilter.model_validate({"all": [rule(field.value, op.value, value)]}).all
    except ValidationError:
        return
    assert op in FIELDS[field].ops
    if op is Op.IN:
        assert isinstance(accepted.value, tuple)
        assert set(accepted.value) <= set(SECTORS)
    elif op is Op.BETWEEN:
        assert isinstance(accepted.value, tuple)
        lower, upper = map(float, accepted.value)
        assert math.isfinite(lower)
        assert math.isfinite(upper)
        assert lower <= upper
    else:
        assert isinstance(accepted.value, float)
        assert math.isfinite(accepted.value)


@pytest.mark.parametrize(
    ("faulty", "place", "says"),
    [
        (rule("colour"), "all.0.field", "Input should be 'price'"),
        (rule(op="=="), "all.0.op", "Input should be '>'"),
        (rule(op="in", value=["x"]), "all.0.op", "price cannot be compared with in: use >, >="),
        (rule("sector", ">", 1), "all.0.op", "sector cannot be compared with >: use in"),
        (rule(value="10"), "all.0.value", "give a number"),
        (rule(value=True), "all.0.value", "give a number"),
        (rule(value=[1, 2]), "all.0.value", "give a number"),
        (rule(value=math.nan), "all.0.value", "give a finite number"),
        (rule(value=10**400), "all.0.value", "give a finite number"),
        (rule(op="between", value=5), "all.0.value", "two numbers"),
        (rule(op="between", value=[1]), "all.0.value", "two numbers"),
        (rule(op="between", value=[2, 1]), "all.0.value", "must be the smaller one"),
        (rule("sector", "in", []), "all.0.value", "give a list"),
        (rule("sector", "in", "Energy"), "all.0.value", "give a list"),
        (rule("sector", "in", ["Magic"]), "all.0.value", "only these are known: Technology"),
        ({"field": "price", "op": ">"}, "all.0.value", "Field required"),
        (rule() | {"note": 1}, "all.0.note", "Extra inputs are not permitted"),
    ],
)
def test_a_fault_is_named_with_its_place(faulty: dict[str, object], place: str, says: str) -> None:
    found, message = refusal(faulty)
    assert found == place
    assert says in message


def test_a_filter_needs_a_rule_and_a_limit_that_makes_sense() -> None:
    assert refusal()[0] == "all"
    assert refusal(*[rule()] * (MAX_RULES + 1))[0] == "all"
    assert refusal(rule(), limit=0)[0] == "limit"
    assert refusal(rule(), limit=1001)[0] == "limit"


def test_a_sector_is_found_however_it_is_written() -> None:
    [accepted] = ScannerFilter.model_validate(
        {"all": [rule("sector", "in", [" health CARE ", "Health care", "energy"])]}
    ).all
    assert accepted.value == ("Health care", "Energy")


def test_every_field_is_offered_with_what_fits_it() -> None:
    offered = ScannerFieldList.everything().items
    assert [one.field for one in offered] == list(ScreenField)
    assert all(one.values is None and Op.IN not in one.ops for one in offered[:-1])
    assert offered[-1].values == list(SECTORS)


@pytest.mark.parametrize(
    ("symbol", "sector"),
    [("AAPL", "Technology"), ("EURUSD", "Currencies"), ("BTCUSD", "Crypto"), ("ACME", None)],
)
def test_a_symbol_alone_tells_its_sector(symbol: str, sector: str | None) -> None:
    assert traits_of(symbol).sector == sector
