"""Series and imports of the release before become versions and jobs, and go back."""

from uuid import UUID, uuid4

import psycopg
from alembic import command

from kuber.installation import alembic_config
from tests.fakes.subscribers import add_user
from tests.integration.market.test_symbols_migrated import ADD_BAR, ADD_IMPORT, ADD_SERIES, at

SYMBOLS = {"AAPL": "XNYS", "EURUSD": "24/5", "BTCUSD": "24/7", "VOD.L": "XLON"}


def test_stored_series_become_active_versions_with_the_calendar_of_their_symbol(
    postgres_url: str,
) -> None:
    config = alembic_config(postgres_url)
    command.downgrade(config, "0031")
    user = add_user(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        import_id = uuid4()
        connection.execute(ADD_IMPORT, [import_id, user])
        for symbol in SYMBOLS:
            series = uuid4()
            connection.execute(ADD_SERIES, [series, user, symbol, "1d", import_id])
            bar = [series, at("2024-01-02 00:00"), at("2024-01-03 00:00"), 5]
            connection.execute(ADD_BAR, bar)
        command.upgrade(config, "0032")
        found = connection.execute(
            "select symbol, state, calendar, gaps, replaced_by from bar_series"
        ).fetchall()
        assert {row[0]: row[1:] for row in found} == {
            symbol: ("active", calendar, None, None) for symbol, calendar in SYMBOLS.items()
        }
        job = "select status, size_bytes, done_bytes, said, found, problems from bar_imports"
        assert connection.execute(job.encode()).fetchall() == [("done", 0, 0, {}, {}, [])]
        older = replaced(connection, user, import_id)
        connection.execute(
            "insert into bar_imports select (jsonb_populate_record(i, jsonb_build_object("
            "'id', gen_random_uuid(), 'status', 'previewed', 'first_at', null,"
            " 'last_at', null, 'timeframe', null))).* from bar_imports i"
        )
        command.downgrade(config, "0031")
        left = connection.execute("select symbol from bar_series order by 1").fetchall()
        assert [symbol for (symbol,) in left] == sorted(SYMBOLS)
        assert connection.execute("select id from bar_imports").fetchall() == [(import_id,)]
        kept = connection.execute("select 1 from bars where series_id = %s", [older]).fetchall()
        assert kept == [], "bars of a version that nobody reads go with it"
        assert connection.execute("select count(*) from bars").fetchone() == (len(SYMBOLS),)
        command.upgrade(config, "head")


def replaced(connection: psycopg.Connection, user: UUID, import_id: UUID) -> UUID:
    """Return a series that another took the place of: one may be active, any number replaced."""
    series = uuid4()
    connection.execute(
        "insert into bar_series (id, user_id, symbol, timeframe, source, state, calendar,"
        " import_id, bar_count, first_at, last_at)"
        " values (%s, %s, 'AAPL', '1d', 'imported', 'replaced', 'XNYS', %s, 1, now(), now())",
        [series, user, import_id],
    )
    connection.execute(ADD_BAR, [series, at("2024-01-02 00:00"), at("2024-01-03 00:00"), 5])
    return series
