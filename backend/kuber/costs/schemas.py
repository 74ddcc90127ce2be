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
