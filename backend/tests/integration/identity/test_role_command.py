"""`kuber users role`: who administers the installation, on record."""

import json

import pytest
from typer.testing import CliRunner

from kuber.cli import app
from kuber.commands import users
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


@pytest.fixture
def cli(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(users, "use_running_stack", lambda _: None)
    monkeypatch.setattr("kuber.startup.load_settings", lambda: installation.settings)
    return CliRunner()


def on_record(installation: Installation, trader: Trader) -> list[dict[str, str]]:
    query = """
        select data from audit_entries where event_type = 'role_changed' and user_id = %s
        order by id
    """
    return [json.loads(str(data)) for (data,) in installation.query(query, trader.id)]


def test_an_account_becomes_an_administrators_and_back(
    cli: CliRunner, installation: Installation, trader: Trader
) -> None:
    [(address,)] = installation.query("select email from users where id = %s", trader.id)
    for who, role in ((str(address).upper(), "admin"), (trader.id, "user")):
        done = cli.invoke(app, ["users", "role", who, role])
        assert done.exit_code == 0, done.output
        assert f"{address} has the role {role}" in " ".join(done.output.split())
        assert installation.query("select role from users where id = %s", trader.id) == [(role,)]
    said = [(entry["before"], entry["role"]) for entry in on_record(installation, trader)]
    assert said == [("user", "admin"), ("admin", "user")]
    again = cli.invoke(app, ["users", "role", trader.id, "user"])
    assert (again.exit_code, "already" in again.output) == (0, True)
    assert len(on_record(installation, trader)) == 2


@pytest.mark.parametrize(
    ("who", "role", "code"), [("nobody@example.com", "admin", 1), ("x", "king", 2)]
)
def test_nobody_and_nothing_are_said(cli: CliRunner, who: str, role: str, code: int) -> None:
    done = cli.invoke(app, ["users", "role", who, role])
    assert done.exit_code == code
