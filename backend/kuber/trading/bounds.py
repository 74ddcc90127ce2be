"""How large and how small the numbers of an order may be.

What is within these bounds fits the columns of orders, positions and ledger, with all sums that
follow from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from kuber.kernel.errors import Problem
from kuber.trading.lifecycle import PLACES

MOST = Decimal(10) ** 12
"""Quantities and prices from here on are on no record."""
LEAST = Decimal(1).scaleb(-PLACES)
"""What is below is on record as nothing."""
MOST_VALUE = Decimal(10) ** 15
"""Quantity times price, in the account's currency."""
CODE = "out_of_bounds"


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """Which field of an order is too large or too small, and what may be done about it."""

    field: str
    text: str
    remedy: str

    @property
    def problem(self) -> Problem:
        return Problem(self.text, self.remedy, field=self.field, code=CODE)

    def __str__(self) -> str:
        return f"{CODE}: `{self.field}`: {self.text} {self.remedy}"


def out_of_bounds(quantity: Decimal, prices: Mapping[str, Decimal | None]) -> OutOfBounds | None:
    """Return what is wrong with the size of an order's numbers, None when nothing is.

    prices: of one unit, by field; those that are None are not given.
    """
    given = {name: price for name, price in prices.items() if price is not None}
    for field, number in {"quantity": quantity, **given}.items():
        if not number.is_finite() or number <= 0:
            return OutOfBounds(field, "It is no number above zero.", "Give a number above zero.")
        if number >= MOST:
            return OutOfBounds(field, f"It is {MOST:f} or more.", f"Give less than {MOST:f}.")
        if number < LEAST:
            text = f"It is less than {LEAST:f} and would be recorded as nothing."
            return OutOfBounds(field, text, f"Give {LEAST:f} or more.")
    if given and quantity * max(given.values()) >= MOST_VALUE:
        text = f"The order would be worth {MOST_VALUE:f} or more."
        return OutOfBounds("quantity", text, "Give a smaller quantity.")
    return None
