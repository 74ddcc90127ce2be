"""Budgets as the API shows them."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

Usd = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]


class BudgetBody(BaseModel):
    """Limits in USD; null goes back to the platform's default."""

    per_run: Annotated[Usd, Field(ge=0, le=1_000_000, decimal_places=8)] | None = None
    per_day: Annotated[Usd, Field(ge=0, le=1_000_000, decimal_places=8)] | None = None


class BudgetOut(BaseModel):
    """The limits in force and what today's runs cost so far, in USD."""

    per_run: Usd
    per_day: Usd
    spent_today: Usd
