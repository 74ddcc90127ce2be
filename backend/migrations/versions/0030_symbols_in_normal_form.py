"""stored bars go by the normal form of their symbol, and close as its market does

Class shares, currencies and futures in Yahoo's spelling, and pairs with a sign, are renamed. Coins
and currencies that used to be taken for shares in New York get the days of their own market, and
shares with the suffix of an exchange its hours. Symbols and sessions are computed by this release;
reading every series takes its time, the API and workers are stopped meanwhile.

Revision ID: 0030
Revises: 0026
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from alembic import op

from kuber.market.calendars import TradingCalendar, calendar_for
from kuber.market.errors import BeyondCalendar
from kuber.market.instruments import traits_of
from kuber.market.symbols import BadSymbol, canonical_symbol
from kuber.market.types import TimeArray, Timeframe, to_datetime

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None

# fmt: off
_FIAT = (
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN",
    "CZK", "HUF", "TRY", "ZAR", "MXN", "SGD", "HKD", "CNH", "XAU", "XAG",
)
_COINS = (
    "BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "BNB",
    "DOT", "AVAX", "LINK", "BCH", "SHIB", "UNI", "XLM", "ATOM",
)
# fmt: on
_COIN_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC")
_ROWS = 20_000


def upgrade() -> None:
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "select id, user_id, symbol, timeframe, import_id from bar_series order by import_id"
        )
    ).all()
    for series_id, user_id, symbol, timeframe, import_id in found:
        new = _normal(symbol)
        if new is None:
            continue
        if _calendar_before(symbol) != traits_of(new).calendar:
            _close_anew(connection, series_id, Timeframe(timeframe), traits_of(new).calendar)
        if new != symbol:
            _rename(connection, series_id, (user_id, new, timeframe), import_id)


def downgrade() -> None:
    """Names and times stay: the release before reads them as it finds them."""


def _normal(symbol: str) -> str | None:
    try:
        return canonical_symbol(symbol)
    except BadSymbol:  # cannot be asked for any more, and is nobody else's
        return None


def _calendar_before(symbol: str) -> str:
    """Return the calendar that the release before took for the symbol's."""
    if len(symbol) == 6 and symbol[:3] in _FIAT and symbol[3:] in _FIAT:
        return "24/5"
    pairs = (coin + quote for coin in _COINS for quote in _COIN_QUOTES if coin != quote)
    return "24/7" if symbol in pairs else "XNYS"


def _rename(
    connection: sa.Connection, series_id: UUID, key: tuple[UUID | None, str, str], import_id: UUID
) -> None:
    """Rename a series; where there is one of that name the newer import's bars count, and what
    only the older has is added to them."""
    user_id, symbol, timeframe = key
    other = connection.execute(
        sa.text(
            "select id, import_id from bar_series where user_id is not distinct from :user_id"
            " and symbol = :symbol and timeframe = :timeframe"
        ),
        {"user_id": user_id, "symbol": symbol, "timeframe": timeframe},
    ).one_or_none()
    if other is not None:
        newer, older = (series_id, other.id)
        if other.import_id > import_id:
            newer, older = older, newer
        connection.execute(
            sa.text(
                "insert into bars (series_id, opened_at, closed_at, open, high, low, close,"
                " volume, adj_close) select :newer, opened_at, closed_at, open, high, low, close,"
                " volume, adj_close from bars where series_id = :older on conflict do nothing"
            ),
            {"newer": newer, "older": older},
        )
        connection.execute(sa.text("delete from bar_series where id = :id"), {"id": older})
        series_id = newer
    connection.execute(
        sa.text("update bar_series set symbol = :symbol where id = :id"),
        {"symbol": symbol, "id": series_id},
    )
    connection.execute(
        sa.text(
            "update bar_series s set bar_count = c.bars, first_at = c.first_at,"
            " last_at = c.last_at from (select count(*) as bars, min(opened_at) as first_at,"
            " max(closed_at) as last_at from bars where series_id = :id) c where s.id = :id"
        ),
        {"id": series_id},
    )


def _close_anew(
    connection: sa.Connection, series_id: UUID, timeframe: Timeframe, code: str
) -> None:
    """Give each bar of a series the opening and close that it has in the market `code`."""
    calendar = calendar_for(code)
    opened: Sequence[datetime] = connection.scalars(
        sa.text("select opened_at from bars where series_id = :id order by opened_at"),
        {"id": series_id},
    ).all()
    for start in range(0, len(opened), _ROWS):
        before = opened[start : start + _ROWS]
        times = np.array([at.replace(tzinfo=None) for at in before], dtype="datetime64[us]")
        try:
            opens, closes = _bounds(calendar, timeframe, times)
        except BeyondCalendar:  # stays as it is: nobody can say when it closed
            continue
        rows: list[dict[str, Any]] = [
            {"id": series_id, "was": was, "opened": to_datetime(one), "closed": to_datetime(two)}
            for was, one, two in zip(before, opens, closes, strict=True)
        ]
        # A day's opening moves back, never past the day before: oldest first, none meets another.
        connection.execute(
            sa.text(
                "update bars set opened_at = :opened, closed_at = :closed"
                " where series_id = :id and opened_at = :was"
            ),
            rows,
        )
    connection.execute(
        sa.text(
            "update bar_series set"
            " first_at = (select min(opened_at) from bars where series_id = :id),"
            " last_at = (select max(closed_at) from bars where series_id = :id) where id = :id"
        ),
        {"id": series_id},
    )


def _bounds(
    calendar: TradingCalendar, timeframe: Timeframe, opened: TimeArray
) -> tuple[TimeArray, TimeArray]:
    if timeframe.intraday:
        return opened, calendar.intraday_closes(opened, timeframe)
    dates = opened.astype("datetime64[D]")
    if timeframe is Timeframe.D1:
        return calendar.daily_bounds(dates)
    return calendar.weekly_bounds(dates)
