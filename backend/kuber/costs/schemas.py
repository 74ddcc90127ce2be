"""Budgets as the API shows them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.wire import DecimalText


class BudgetBody(BaseModel):
    """Limits in USD; null goes back to the platform's default."""

    model_config = ConfigDict(extra="forbid")

    per_run: Annotated[DecimalText, Field(ge=0, le=1_000_000, decimal_places=8)] | None = None
    per_day: Annotated[DecimalText, Field(ge=0, le=1_000_000, decimal_places=8)] | None = None


class BudgetOut(BaseModel):
    """The limits in force and what today's runs cost so far, in USD."""

    per_run: DecimalText
    per_day: DecimalText
    spent_today: DecimalText


class CostGroup(BaseModel):
    """What one agent, symbol, mode, pipeline or day came to; `amount` in USD."""

    key: str
    """The group's own: of a pipeline its id, of a day `2026-01-31` in UTC."""
    name: str | None
    """Of a pipeline the name that it had last, also when it was deleted."""
    amount: DecimalText
    runs: int
    input_tokens: int
    output_tokens: int


class CostList(BaseModel):
    """Charges added up; `total` is all of them together, in USD."""

    items: list[CostGroup]
    total: DecimalText
    next_cursor: str | None
