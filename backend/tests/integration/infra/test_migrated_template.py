"""Tests run on the tables that the migrations make, with all that models do not say."""

import psycopg
import pytest


def test_a_tests_database_has_the_triggers_and_storage_settings_of_the_migrations(
    postgres_url: str,
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute("update audit_entries set data = '{}'")
        options = connection.execute(
            "select reloptions from pg_class where oid = 'notice_outbox'::regclass"
        )
        assert options.fetchall() == [
            (["autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=5000"],)
        ]
