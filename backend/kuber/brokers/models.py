"""What the venues that Kuber keeps itself know of their orders. Private to this package."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject


class SimulatedOrder(Base):
    """An order as the simulated venue took it; its report never changes."""

    __tablename__ = "simulated_orders"
    __table_args__ = (Index(None, "scope", "symbol"),)

    client_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    scope: Mapped[UUID]
    symbol: Mapped[str] = mapped_column(String(32))
    filled_quantity: Mapped[Decimal] = mapped_column(MONEY)
    """Signed: negative when sold."""
    average_price: Mapped[Decimal] = mapped_column(MONEY)
    commission: Mapped[Decimal] = mapped_column(MONEY)
    report: Mapped[JsonObject]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ValidatedOrder(Base):
    """An order that was checked in validation mode, and sent nowhere."""

    __tablename__ = "validated_orders"
    __table_args__ = (Index(None, "account_id", "created_at"),)

    client_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    account_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
