"""Bars from before symbols had one normal form are found under it, and close as its market does."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command

from kuber.installation import alembic_config
from tests.fakes.subscribers import add_user

ADD_IMPORT = (
    "insert into bar_imports (id, user_id, source, filename, sha256, timeframe, symbols, bar_count,"
    " first_at, last_at, created_at) values (%s, %s, 'imported', 'f', 's', '1d', '{}', 1, now(),"
    " now(), now())"
)
ADD_SERIES = (
    "insert into bar_series (id, user_id, symbol, timeframe, source, import_id, bar_count,"
    " first_at, last_at) values (%s, %s, %s, %s, 'imported', %s, 1, now(), now())"
)
ADD_BAR = (
    "insert into bars (series_id, opened_at, closed_at, open, high, low, close, volume)"
    " values (%s, %s, %s, %s, 10, 1, 5, 7)"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Before:
    """A database of the release before, with one user's bars."""

    def __init__(self, url: str) -> None:
        self.url = url
        command.downgrade(alembic_config(url), "0026")
        self.user = add_user(url)
        self.imports = 0

    def add(self, symbol: str, timeframe: str, *bars: tuple[str, str, int]) -> None:
        """Store bars as (opened, closed, open), each call a newer import."""
        self.imports += 1
        import_id, series_id = UUID(int=self.imports), uuid4()
        with psycopg.connect(self.url) as connection:
            connection.execute(ADD_IMPORT, [import_id, self.user])
            connection.execute(ADD_SERIES, [series_id, self.user, symbol, timeframe, import_id])
            for opened, closed, price in bars:
                connection.execute(ADD_BAR, [series_id, at(opened), at(closed), price])
            ends = [at(bars[0][0]), at(bars[-1][1]), series_id]
            connection.execute(
                "update bar_series set first_at = %s, last_at = %s where id = %s", ends
            )

    def migrate(self) -> dict[str, list[tuple[str, str, int]]]:
        """Return the bars of each series afterwards."""
        command.upgrade(alembic_config(self.url), "head")
        with psycopg.connect(self.url) as connection:
            connection.execute("set timezone = 'UTC'")
            rows = connection.execute(
                "select s.symbol, to_char(b.opened_at, 'YYYY-MM-DD HH24:MI'),"
                " to_char(b.closed_at, 'YYYY-MM-DD HH24:MI'), b.open::int, s.first_at, s.last_at,"
                " min(b.opened_at) over w, max(b.closed_at) over w"
                " from bar_series s join bars b on b.series_id = s.id"
                " window w as (partition by s.id) order by 1, 2"
            ).fetchall()
        found: dict[str, list[tuple[str, str, int]]] = {}
        for symbol, opened, closed, price, first, last, earliest, latest in rows:
            assert (first, last) == (earliest, latest)
            found.setdefault(symbol, []).append((opened, closed, price))
        return found


@pytest.fixture
def before(postgres_url: str) -> Before:
    return Before(postgres_url)


SHARE = ("2024-01-02 14:30", "2024-01-02 21:00", 5)


def test_series_are_renamed_and_those_of_one_thing_become_one(before: Before) -> None:
    next_day = ("2024-01-03 14:30", "2024-01-03 21:00", 6)
    before.add("BRK.B", "1d", SHARE, next_day)
    before.add("BRK-B", "1d", (*SHARE[:2], 9))
    before.add("AAPL", "1d", SHARE)
    assert before.migrate() == {"AAPL": [SHARE], "BRK.B": [(*SHARE[:2], 9), next_day]}


def test_coins_and_currencies_get_the_days_of_their_market(before: Before) -> None:
    before.add("TRXUSDT", "1d", SHARE, ("2024-01-03 14:30", "2024-01-03 21:00", 6))
    before.add("PEPE_USDT", "1h", ("2024-01-02 20:30", "2024-01-02 21:00", 5))
    before.add("EURUSD=X", "1d", SHARE)
    before.add("BTCUSD", "1d", ("2024-01-02 00:00", "2024-01-03 00:00", 5))
    assert before.migrate() == {
        "BTCUSD": [("2024-01-02 00:00", "2024-01-03 00:00", 5)],
        "EURUSD": [("2024-01-02 00:00", "2024-01-03 00:00", 5)],
        "PEPEUSDT": [("2024-01-02 20:30", "2024-01-02 21:30", 5)],
        "TRXUSDT": [
            ("2024-01-02 00:00", "2024-01-03 00:00", 5),
            ("2024-01-03 00:00", "2024-01-04 00:00", 6),
        ],
    }


def test_a_share_with_the_suffix_of_an_exchange_gets_its_hours(before: Before) -> None:
    before.add("VOD.L", "1d", SHARE)
    before.add("7203.T", "1w", ("2024-01-08 14:30", "2024-01-12 21:00", 5))
    assert before.migrate() == {
        "7203.T": [("2024-01-09 00:00", "2024-01-12 06:00", 5)],
        "VOD.L": [("2024-01-02 08:00", "2024-01-02 16:30", 5)],
    }
