"""Costs of nodes, prices of models, budgets."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from kuber.kernel.money import quantize

SECONDS_PER_HOUR = 3600
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """USD per million tokens, from `valid_from` on."""

    model: str
    valid_from: date
    input_per_million: Decimal
    output_per_million: Decimal

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return the price of one call in USD, rounded half up to 8 places: a single token of a
        cheap model still shows.
        """
        exact = input_tokens * self.input_per_million + output_tokens * self.output_per_million
        return quantize(exact / _MILLION, 8, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All known model prices. `price` satisfies the agents' PriceList."""

    prices: tuple[ModelPrice, ...]

    def price(self, model: str, at: datetime) -> ModelPrice | None:
        """Return the price in force at `at`, None when the model is not listed.

        A dated snapshot (`gpt-4o-mini-2024-07-18`) takes the price of the longest listed name it
        starts with.
        """
        listed = [
            price
            for price in self.prices
            if (model == price.model or model.startswith(price.model + "-"))
            and price.valid_from <= at.date()
        ]
        return max(listed, key=lambda price: (len(price.model), price.valid_from), default=None)


def rental(price_per_hour: Decimal, runtime_ms: float) -> Decimal:
    """Return the rent of an agent for `runtime_ms`, by the second begun, in USD (8 places)."""
    seconds = -(-int(runtime_ms * 1000) // 1_000_000)
    return quantize(price_per_hour * seconds / SECONDS_PER_HOUR, 8, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class BudgetReading:
    """What a budget check looks at, in USD; None where a user has set no limit of their own."""

    per_run: Decimal | None
    per_day: Decimal | None
    today: Decimal
    """What the user spent on that UTC day."""
    run: Decimal
    """What the run has cost so far."""


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """Whether the next cost still fits, and the figures behind the answer (USD)."""

    per_run_limit: Decimal
    per_day_limit: Decimal
    spent_today: Decimal
    run_spent: Decimal
    ok: bool
    detail: str
