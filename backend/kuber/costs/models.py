"""What runs cost and what they may cost. Private to this package."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base


class CostEntry(Base):
    """What the attempts at one node of one run for one symbol cost in one claim, in USD; written
    once, with what came of them. A node that pauses between attempts has several entries.

    It refers to no run and no pipeline: what was charged stays when they are deleted.
    """

    __tablename__ = "cost_tracking"
    __table_args__ = (Index(None, "user_id", "charged_at"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    node_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The last of the attempts."""
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    pipeline_id: Mapped[UUID]
    pipeline_name: Mapped[str] = mapped_column(String(120))
    """Its name when the run was taken up."""
    agent_type: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(12))
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    tokens_estimated: Mapped[bool]
    runtime_ms: Mapped[float]
    token_cost: Mapped[Decimal] = mapped_column(MONEY)
    rental_cost: Mapped[Decimal] = mapped_column(MONEY)
    api_cost: Mapped[Decimal] = mapped_column(MONEY)
    amount: Mapped[Decimal] = mapped_column(MONEY)
    charged_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class DailySpend(Base):
    """A user's spending on one UTC day, so that a budget check reads one row."""

    __tablename__ = "daily_spend"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(MONEY)


class Budget(Base):
    """A user's own limits in USD; a missing row or a null means the platform's default."""

    __tablename__ = "budgets"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    per_run: Mapped[Decimal | None] = mapped_column(MONEY)
    per_day: Mapped[Decimal | None] = mapped_column(MONEY)
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ModelPriceRow(Base):
    """What a model costs from a date on, in USD per million tokens."""

    __tablename__ = "model_prices"

    model: Mapped[str] = mapped_column(String(120), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    input_per_million: Mapped[Decimal] = mapped_column(MONEY)
    output_per_million: Mapped[Decimal] = mapped_column(MONEY)
