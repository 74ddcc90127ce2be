"""`kuber audit erase`: what says who somebody is goes, the chain and the account stay."""

import json

import psycopg
import pytest
from typer.testing import CliRunner

from kuber.cli import app
from kuber.commands import audit
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


@pytest.fixture
def erase(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(audit, "use_running_stack", lambda _: None)
    monkeypatch.setattr("kuber.startup.load_settings", lambda: installation.settings)
    return CliRunner()


def texts(installation: Installation, user_id: str) -> int:
    ((count,),) = installation.query(
        f"select count(*) from audit_personal where user_id = '{user_id}'"
    )
    assert isinstance(count, int)
    return count


def test_it_asks_says_what_it_erased_and_is_on_record(
    erase: CliRunner, installation: Installation, trader: Trader
) -> None:
    before = texts(installation, trader.id)
    assert before >= 2  # the address of the account, and where it signed in from
    refused = erase.invoke(app, ["audit", "erase", trader.id], input="n\n")
    assert (refused.exit_code, texts(installation, trader.id)) == (1, before)
    done = erase.invoke(app, ["audit", "erase", trader.id, "--yes"])
    assert done.exit_code == 0, done.output
    assert "1 of email" in done.output
    assert texts(installation, trader.id) == 0
    with psycopg.connect(installation.database_url) as connection:
        query = """
            select data from audit_entries
            where event_type = 'personal_data_erased' and user_id = %s
        """
        ((data,),) = connection.execute(query, (trader.id,)).fetchall()
    assert sum(json.loads(data)["texts"].values()) == before
    again = erase.invoke(app, ["audit", "erase", trader.id, "--yes"])
    assert (again.exit_code, "holds nothing" in again.output) == (0, True)


def test_an_account_is_found_by_its_address(
    erase: CliRunner, installation: Installation, trader: Trader
) -> None:
    ((address,),) = installation.query(f"select email from users where id = '{trader.id}'")
    done = erase.invoke(app, ["audit", "erase", str(address).upper(), "--yes"])
    assert (done.exit_code, texts(installation, trader.id)) == (0, 0)


@pytest.mark.parametrize(
    "user", ["nobody@example.com", "x", "00000000-0000-4000-8000-000000000001"]
)
def test_nobody_of_that_name_is_said(erase: CliRunner, user: str) -> None:
    done = erase.invoke(app, ["audit", "erase", user, "--yes"])
    assert (done.exit_code, "There is no account" in done.output) == (1, True)
