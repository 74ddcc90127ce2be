"""Tables of market data."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject


class BarImport(Base):
    """One imported file; `user_id` is null for the platform's own."""

    __tablename__ = "bar_imports"
    __table_args__ = (Index("ix_bar_imports_user_id_created_at", "user_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    timeframe: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    symbols: Mapped[list[str]] = mapped_column(ARRAY(Text))
    bar_count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    created_at: Mapped[datetime]


class BarSeries(Base):
    """All stored bars of one owner, symbol and timeframe.

    `import_id` is the newest import that touched the series: it is the version of its bars, so
    whoever holds arrays read under another id holds old ones.
    """

    __tablename__ = "bar_series"
    __table_args__ = (
        UniqueConstraint("symbol", "user_id", "timeframe", postgresql_nulls_not_distinct=True),
        Index("ix_bar_series_user_id_symbol", "user_id", "symbol"),
        Index("ix_bar_series_import_id", "import_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column(Text)
    timeframe: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("bar_imports.id", ondelete="CASCADE"))
    bar_count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class StoredBar(Base):
    """One bar as traded; `adj_close` carries splits and dividends where the file had it."""

    __tablename__ = "bars"
    __table_args__ = (
        CheckConstraint("low > 0 AND high >= low AND volume >= 0", name="sane_prices"),
    )

    series_id: Mapped[UUID] = mapped_column(
        ForeignKey("bar_series.id", ondelete="CASCADE"), primary_key=True
    )
    opened_at: Mapped[datetime] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    open: Mapped[Decimal] = mapped_column(MONEY)
    high: Mapped[Decimal] = mapped_column(MONEY)
    low: Mapped[Decimal] = mapped_column(MONEY)
    close: Mapped[Decimal] = mapped_column(MONEY)
    volume: Mapped[Decimal] = mapped_column(Numeric(28, 8))
    adj_close: Mapped[Decimal | None] = mapped_column(MONEY)


class ScannerRow(Base):
    """A reusable list of tickers; `tickers` is the list as it was resolved last."""

    __tablename__ = "scanners"
    __table_args__ = (Index("ix_scanners_user_id_name", "user_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10))
    """manual, filter or api."""
    tickers: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    filter: Mapped[JsonObject | None]
    url: Mapped[str | None] = mapped_column(Text)
    refresh_minutes: Mapped[int | None]
    refreshed_at: Mapped[datetime | None]
    next_refresh_at: Mapped[datetime | None] = mapped_column(index=True)
    refresh_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PushedQuoteRow(Base):
    """The newest quote that a user sent of an instrument; nobody else reads it.

    `last_at`, `recent` and `doubted` are what the rules of the feed remember.
    """

    __tablename__ = "pushed_quotes"
    __table_args__ = (
        Index("ix_pushed_quotes_untold", "symbol", postgresql_where=text("not told")),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    price: Mapped[Decimal] = mapped_column(MONEY)
    bid: Mapped[Decimal | None] = mapped_column(MONEY)
    ask: Mapped[Decimal | None] = mapped_column(MONEY)
    volume: Mapped[Decimal | None] = mapped_column(MONEY)
    sender: Mapped[str] = mapped_column(String(60))
    quoted_at: Mapped[datetime]
    received_at: Mapped[datetime]
    last_at: Mapped[datetime]
    recent: Mapped[list[Decimal]] = mapped_column(ARRAY(MONEY))
    doubted: Mapped[list[Decimal]] = mapped_column(ARRAY(MONEY))
    told: Mapped[bool]
    """Whether the feed has announced it."""


class QuoteRow(Base):
    """The newest quote of an instrument."""

    __tablename__ = "market_quotes"

    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    price: Mapped[Decimal] = mapped_column(MONEY)
    bid: Mapped[Decimal | None] = mapped_column(MONEY)
    ask: Mapped[Decimal | None] = mapped_column(MONEY)
    volume: Mapped[Decimal | None] = mapped_column(MONEY)
    source: Mapped[str] = mapped_column(String(20))
    quoted_at: Mapped[datetime]
    received_at: Mapped[datetime]
