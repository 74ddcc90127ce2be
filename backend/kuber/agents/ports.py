"""What agents need of the rest of Kuber, as narrow interfaces."""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kuber.brokers.port import Position
from kuber.trading.types import OrderReport, TradeRequest


class Desk(Protocol):
    """Where orders go; `kuber.trading.scratch.ScratchDesk` is one."""

    async def equity(self) -> Decimal:
        """Return the account's equity in its currency."""
        ...

    async def positions(self) -> tuple[Position, ...]:
        """Return the account's open positions, the venue being the source of truth."""
        ...

    async def execute(self, request: TradeRequest) -> OrderReport:
        """Place the order once per node and run; return how it stands once it was taken.

        Raises `kuber.trading.errors.OrderOutcomeUnknown` (try again) or `RefusedOrder`.
        """
        ...


class BudgetStatus(Protocol):
    """How an account stands against its budget; amounts in USD, None where there is no limit."""

    @property
    def per_run_limit(self) -> Decimal | None: ...
    @property
    def per_day_limit(self) -> Decimal | None: ...
    @property
    def spent_today(self) -> Decimal: ...
    @property
    def run_spent(self) -> Decimal: ...
    @property
    def ok(self) -> bool: ...
    @property
    def detail(self) -> str: ...


class Budget(Protocol):
    """The purse; `kuber.costs.service.BudgetGuard` is the real one."""

    async def check(self, next_cost: Decimal) -> BudgetStatus:
        """Say whether `next_cost` (USD) may still be spent by this run."""
        ...


class ModelPrice(Protocol):
    """Price of one language model."""

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Return the price of one call in USD."""
        ...


class PriceList(Protocol):
    """Prices of language models over time."""

    def price(self, model: str, at: datetime) -> ModelPrice | None:
        """Return the price in force at `at`, None when the list does not know the model."""
        ...
