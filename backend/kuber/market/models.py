"""Tables of market data."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZMULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject

SHARES = Numeric(24, 0)
"""New shares and old ones of a split, in lowest terms."""

_KNOWN_STATUS = (
    "status in ('checking', 'previewed', 'refused', 'queued', 'loading', 'done', 'failed',"
    " 'undone')"
)
_DUE = "status in ('checking', 'queued', 'loading')"


class BarImport(Base):
    """One uploaded file on its way to stored bars; `user_id` is null for the platform's own.

    What the file holds (`timeframe`, `symbols`, ...) is known once it was checked.
    """

    __tablename__ = "bar_imports"
    __table_args__ = (
        Index("ix_bar_imports_user_id_created_at", "user_id", "created_at"),
        Index("ix_bar_imports_due", "created_at", postgresql_where=text(_DUE)),
        Index(
            "ix_bar_imports_expires_at",
            "expires_at",
            postgresql_where=text("expires_at is not null"),
        ),
        CheckConstraint(_KNOWN_STATUS, name="known_status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    done_bytes: Mapped[int] = mapped_column(BigInteger)
    """How much of the file the step that is at work has read."""
    said: Mapped[JsonObject]
    """What the user said beside the file."""
    found: Mapped[JsonObject]
    """What was understood and found: see `importing.preview`."""
    problems: Mapped[list[JsonObject]] = mapped_column(JSONB)
    timeframe: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    symbols: Mapped[list[str]] = mapped_column(ARRAY(Text))
    bar_count: Mapped[int]
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    """Until when somebody works on it, unless they say so again."""
    expires_at: Mapped[datetime | None]
    """When its file is thrown away; null when there is none."""


class BarSeries(Base):
    """One version of the stored bars of an owner, symbol and timeframe: it never changes.

    An import makes series of its own, which become `active` in one moment; those that they replace
    are kept for an undo. `import_id` is the version of the bars.
    """

    __tablename__ = "bar_series"
    __table_args__ = (
        Index(
            "ix_bar_series_active",
            "symbol",
            "user_id",
            "timeframe",
            unique=True,
            postgresql_where=text("state = 'active'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_bar_series_user_id_symbol", "user_id", "symbol"),
        Index("ix_bar_series_import_id", "import_id"),
        Index("ix_bar_series_replaced_by", "replaced_by"),
        CheckConstraint(
            "state in ('loading', 'active', 'replaced', 'dropped')", name="known_state"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column(Text)
    timeframe: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    """loading: its rows come; active: it is read; replaced: kept for an undo; dropped: its bars are
    being deleted."""
    calendar: Mapped[str] = mapped_column(Text)
    """The market by which its bars close."""
    import_id: Mapped[UUID] = mapped_column(ForeignKey("bar_imports.id", ondelete="CASCADE"))
    replaced_by: Mapped[UUID | None]
    """The import whose series took its place."""
    replaced_at: Mapped[datetime | None]
    bar_count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    gaps: Mapped[int | None]
    """Bars that are missing while the market trades; null where nobody counted."""


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


class ProviderSeries(Base):
    """What a provider gave of a symbol, in the timeframe in which it is fetched; for everybody.

    Everything goes by when bars open: see `providers.answer_store.AnswerSeries`. `id` and
    `vintage` are the version of the bars.
    """

    __tablename__ = "provider_series"
    __table_args__ = (
        Index(
            "ix_provider_series_active",
            "source",
            "provider",
            "symbol",
            "timeframe",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "ix_provider_series_replaced_at",
            "replaced_at",
            postgresql_where=text("state <> 'active'"),
        ),
        CheckConstraint("state in ('active', 'replaced', 'dropped')", name="known_state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    """Tells providers of packages apart, whose source is the same."""
    symbol: Mapped[str] = mapped_column(Text)
    timeframe: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str] = mapped_column(Text)
    """The market by which its bars close."""
    state: Mapped[str] = mapped_column(Text)
    """active: it answers; replaced: runs that began with it go on with it; dropped: its bars are
    being deleted."""
    vintage: Mapped[int]
    """How often bars came late."""
    covered: Mapped[MultiRange[datetime]] = mapped_column(TSTZMULTIRANGE)
    answered: Mapped[MultiRange[datetime]] = mapped_column(TSTZMULTIRANGE)
    created_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class ProviderBar(Base):
    """One bar as a provider gave it, to the last bit; `vintage` is the first that has it."""

    __tablename__ = "provider_bars"
    __table_args__ = (
        CheckConstraint("low > 0 AND high >= low AND volume >= 0", name="sane_prices"),
    )

    series_id: Mapped[UUID] = mapped_column(
        ForeignKey("provider_series.id", ondelete="CASCADE"), primary_key=True
    )
    opened_at: Mapped[datetime] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    vintage: Mapped[int]
    open: Mapped[Decimal] = mapped_column(Numeric)
    high: Mapped[Decimal] = mapped_column(Numeric)
    low: Mapped[Decimal] = mapped_column(Numeric)
    close: Mapped[Decimal] = mapped_column(Numeric)
    volume: Mapped[Decimal] = mapped_column(Numeric)
    adj_close: Mapped[Decimal | None] = mapped_column(Numeric)


class SeriesSplit(Base):
    """A split that a series is adjusted for, in force from the bar that opens at `opened_at` on.

    Part of the version: it never changes.
    """

    __tablename__ = "series_splits"
    __table_args__ = (
        Index("ix_series_splits_told_by", "told_by"),
        CheckConstraint("new_shares > 0 AND old_shares > 0", name="positive_ratio"),
    )

    series_id: Mapped[UUID] = mapped_column(
        ForeignKey("bar_series.id", ondelete="CASCADE"), primary_key=True
    )
    opened_at: Mapped[datetime] = mapped_column(primary_key=True)
    new_shares: Mapped[Decimal] = mapped_column(SHARES)
    old_shares: Mapped[Decimal] = mapped_column(SHARES)
    told_by: Mapped[UUID]
    """The import whose file told of it."""


class CorporateActionRow(Base):
    """A split or a cash dividend of a symbol, as a file told it; `user_id` is null for the
    platform's own.

    What a later file says of the same day takes its place; the earlier word is kept for an undo.
    """

    __tablename__ = "corporate_actions"
    __table_args__ = (
        Index(
            "ix_corporate_actions_active",
            "symbol",
            "user_id",
            "ex_date",
            "kind",
            unique=True,
            postgresql_where=text("state = 'active'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_corporate_actions_user_id", "user_id"),
        Index("ix_corporate_actions_import_id", "import_id"),
        Index("ix_corporate_actions_replaced_by", "replaced_by"),
        CheckConstraint("state in ('active', 'replaced')", name="known_state"),
        CheckConstraint(
            "CASE kind WHEN 'split' THEN new_shares > 0 AND old_shares > 0 AND amount IS NULL"
            " WHEN 'dividend' THEN amount > 0 AND new_shares IS NULL AND old_shares IS NULL"
            " ELSE false END",
            name="ratio_or_amount",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    symbol: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """split or dividend."""
    ex_date: Mapped[date]
    """The first day on which the share trades on the new basis, or without the dividend."""
    new_shares: Mapped[Decimal | None] = mapped_column(SHARES)
    old_shares: Mapped[Decimal | None] = mapped_column(SHARES)
    amount: Mapped[Decimal | None] = mapped_column(MONEY)
    """Of a dividend, for one share."""
    currency: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("bar_imports.id", ondelete="CASCADE"))
    replaced_by: Mapped[UUID | None]
    replaced_at: Mapped[datetime | None]


class InstrumentRow(Base):
    """What a user changed of an instrument; null where its symbol decides."""

    __tablename__ = "instruments"
    __table_args__ = (
        CheckConstraint("tick > 0 AND quantity_step > 0", name="steps"),
        CheckConstraint("dataset in ('imported', 'sample', 'provider')", name="known_dataset"),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    symbol: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(120))
    market: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str | None] = mapped_column(Text)
    tick: Mapped[Decimal | None] = mapped_column(MONEY)
    quantity_step: Mapped[Decimal | None] = mapped_column(MONEY)
    shortable: Mapped[bool | None]
    dataset: Mapped[str | None] = mapped_column(Text)
    """imported, sample or provider: which prices always answer."""
    updated_at: Mapped[datetime]


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


class WatchRow(Base):
    """A symbol on a user's watch list; `position` is its place there, from 0."""

    __tablename__ = "watch_list"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int]
    created_at: Mapped[datetime]


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
