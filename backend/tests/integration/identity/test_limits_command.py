"""`kuber limits set`: what accounts may have and do, on record."""

import json

import pytest
from typer.testing import CliRunner

from kuber.cli import app
from kuber.commands import limits
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation


@pytest.fixture
def cli(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(limits, "use_running_stack", lambda _: None)
    monkeypatch.setattr("kuber.startup.load_settings", lambda: installation.settings)
    return CliRunner()


def test_a_limit_of_an_account_is_set_and_on_record(
    cli: CliRunner, installation: Installation, trader: Trader
) -> None:
    for value in ("1500", "1600", "1600"):
        done = cli.invoke(app, ["limits", "set", "pipelines", value, "--user", trader.id])
        assert done.exit_code == 0, done.output
    stored = "select value from limits where scope = %s and name = 'pipelines'"
    assert installation.query(stored, f"user:{trader.id}") == [(1600,)]
    query = """
        select data from audit_entries where event_type = 'limit_changed' and user_id = %s
        order by id
    """
    said = [json.loads(str(data)) for (data,) in installation.query(query, trader.id)]
    assert [(one["before"], one["limits"]) for one in said] == [
        (None, {"pipelines": 1500}),
        (1500, {"pipelines": 1600}),
    ]
    assert {one["scope"] for one in said} == {f"user:{trader.id}"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pipelines", "5", "--user", "nobody@example.com"], 1),
        (["pipelines", "5", "--user", "a@example.com", "--tier", "PRO"], 2),
        (["pipelines", "-1"], 2),
        (["pipelines", str(2**53 + 1)], 2),
        (["dreams", "5"], 2),
    ],
)
def test_what_cannot_be_set_is_said(cli: CliRunner, arguments: list[str], code: int) -> None:
    assert cli.invoke(app, ["limits", "set", *arguments]).exit_code == code
