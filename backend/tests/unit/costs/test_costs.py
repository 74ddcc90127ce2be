"""Prices, rents and budgets."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.costs.list_prices import LIST_PRICES
from kuber.costs.service import budget_status
from kuber.costs.types import ModelPrice, PriceBook, rental

AT = datetime(2026, 1, 5, tzinfo=UTC)
USD = st.decimals("0", "1000", places=4)
MINI = ModelPrice("gpt-4o-mini", date(2024, 7, 18), Decimal("0.15"), Decimal("0.60"))
MINI_LATER = ModelPrice("gpt-4o-mini", date(2026, 1, 5), Decimal("0.10"), Decimal("0.40"))
FULL = ModelPrice("gpt-4o", date(2024, 10, 2), Decimal("2.50"), Decimal("10.00"))
BOOK = PriceBook((MINI, MINI_LATER, FULL))


@given(USD, USD, USD, USD, USD)
def test_a_cost_is_allowed_exactly_when_it_fits_both_limits(
    per_run: Decimal, per_day: Decimal, today: Decimal, run: Decimal, cost: Decimal
) -> None:
    fits = all(
        spent + cost <= limit and not (spent >= limit > 0)
        for limit, spent in ((per_run, run), (per_day, today))
    )
    assert budget_status(per_run, per_day, today, run, cost).ok is fits


@given(USD, USD, USD, USD, USD)
def test_spending_more_never_makes_a_cost_fit(
    per_run: Decimal, per_day: Decimal, today: Decimal, run: Decimal, cost: Decimal
) -> None:
    if budget_status(per_run, per_day, today + 1, run + 1, cost).ok:
        assert budget_status(per_run, per_day, today, run, cost).ok


@pytest.mark.parametrize(
    ("per_run", "per_day", "today", "run", "cost", "ok"),
    [
        ("5", "25", "0", "0", "5", True),
        ("5", "25", "0", "0", "5.01", False),
        ("5", "25", "24", "0", "2", False),
        ("5", "25", "25", "0", "0", False),
        ("5", "25", "0", "5", "0", False),
        ("0", "0", "0", "0", "0", True),
        ("0", "25", "0", "0", "0.01", False),
    ],
)
def test_a_used_up_limit_stops_also_what_is_free_and_zero_allows_only_that(
    per_run: str, per_day: str, today: str, run: str, cost: str, ok: bool
) -> None:
    found = budget_status(*(Decimal(text) for text in (per_run, per_day, today, run, cost)))
    assert found.ok is ok
    assert ("budget of" in found.detail) is not ok


def test_both_broken_limits_are_named() -> None:
    detail = budget_status(Decimal(1), Decimal(2), Decimal(2), Decimal(1), Decimal(1)).detail
    assert "run budget of $1.00" in detail
    assert "daily budget of $2.00" in detail


@pytest.mark.parametrize(
    ("model", "at", "price"),
    [
        ("gpt-4o-mini", datetime(2025, 1, 1, tzinfo=UTC), MINI),
        ("gpt-4o-mini", AT, MINI_LATER),
        ("gpt-4o-mini-2024-07-18", datetime(2025, 1, 1, tzinfo=UTC), MINI),
        ("gpt-4o", AT, FULL),
        ("gpt-4o-2024-08-06", AT, FULL),
        ("gpt-4o-mini", datetime(2024, 1, 1, tzinfo=UTC), None),
        ("gpt-4omega", AT, None),
        ("llama", AT, None),
        ("", AT, None),
    ],
)
def test_a_model_costs_what_its_list_said_on_that_day(
    model: str, at: datetime, price: ModelPrice | None
) -> None:
    assert BOOK.price(model, at) == price


def test_a_call_costs_its_tokens_to_the_eighth_place() -> None:
    assert MINI.cost(1, 0) == Decimal("0.00000015")
    assert MINI.cost(1000, 500) == Decimal("0.00045000")
    assert MINI.cost(0, 0) == 0
    assert ModelPrice("x", date.min, Decimal("0.005"), Decimal(0)).cost(1, 0) == Decimal("1E-8")


def test_list_prices_are_positive_and_listed_once_a_day() -> None:
    assert len({(price.model, price.valid_from) for price in LIST_PRICES}) == len(LIST_PRICES)
    assert all(p.input_per_million > 0 and p.output_per_million > 0 for p in LIST_PRICES)


@given(st.floats(0, 10_000_000), st.decimals("0", "100", places=2))
def test_rent_is_due_for_each_second_begun(runtime_ms: float, price: Decimal) -> None:
    seconds = rental(Decimal(3600), runtime_ms)
    assert seconds == seconds.to_integral_value()
    assert -0.001 <= float(seconds) * 1000 - runtime_ms < 1000.001
    assert rental(price, runtime_ms) <= rental(price, runtime_ms + 1000)
