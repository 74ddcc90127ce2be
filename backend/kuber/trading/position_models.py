"""What happened to positions beside their orders: splits and dividends, and faults. Private to this
package."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base
from kuber.trading.models import LEDGER


class PositionActionRow(Base):
    """A split or a dividend that a position has heard of, in its newest word. Once for each day."""

    __tablename__ = "position_actions"
    __table_args__ = (
        CheckConstraint("kind in ('dividend', 'split')", name="kind"),
        CheckConstraint("outcome in ('applied', 'not_applied')", name="outcome"),
    )

    position_id: Mapped[UUID] = mapped_column(ForeignKey("positions.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    ex_date: Mapped[date] = mapped_column(primary_key=True)
    told: Mapped[str] = mapped_column(String(80))
    """What it said when it was handled, such as `2:1` or `0.24 USD`."""
    number: Mapped[int] = mapped_column(SmallInteger)
    """How often it was handled: more than once when it was corrected."""
    outcome: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500))
    before: Mapped[Decimal] = mapped_column(MONEY)
    """What was held before it, with its sign; `after`: after it."""
    after: Mapped[Decimal] = mapped_column(MONEY)
    cash: Mapped[Decimal | None] = mapped_column(LEDGER)
    """What was paid, negative when it was charged."""
    factor: Mapped[Decimal] = mapped_column(LEDGER)
    """What a price from before is multiplied by."""
    effective_at: Mapped[datetime]
    at: Mapped[datetime]


class SetAsideRow(Base):
    """A position that could not be worked: it is left alone, and tried again alone."""

    __tablename__ = "positions_set_aside"

    position_id: Mapped[UUID] = mapped_column(
        ForeignKey("positions.id", ondelete="CASCADE"), primary_key=True
    )
    reason: Mapped[str] = mapped_column(String(500))
    since: Mapped[datetime]
    tries: Mapped[int]
    """How often it failed again since then."""
    next_try_at: Mapped[datetime]
