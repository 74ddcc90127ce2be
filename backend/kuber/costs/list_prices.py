"""Published list prices of models, as data: what a fresh installation is seeded with."""

from datetime import date
from decimal import Decimal

from kuber.costs.types import ModelPrice

_ROWS = (
    ("gpt-4o", "2024-10-02", "2.50", "10.00"),
    ("gpt-4o-mini", "2024-07-18", "0.15", "0.60"),
    ("gpt-4.1", "2025-04-14", "2.00", "8.00"),
    ("gpt-4.1-mini", "2025-04-14", "0.40", "1.60"),
    ("gpt-4.1-nano", "2025-04-14", "0.10", "0.40"),
)

LIST_PRICES = tuple(
    ModelPrice(model, date.fromisoformat(since), Decimal(given), Decimal(made))
    for model, since, given, made in _ROWS
)
"""USD per million tokens; source: the provider's public price page on the dates given."""
