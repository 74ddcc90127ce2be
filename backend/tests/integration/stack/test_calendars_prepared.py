"""`up` prepares the trading hours once for each version of the library, by a program of its own."""

import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from kuber.commands import calendars
from kuber.commands.stack import make_plan, source_root
from kuber.config import StackSettings
from kuber.infra.embedded.home import Home
from kuber.market.calendars import usual_years
from kuber.market.kept_sessions import KeptSessions
from kuber.market.terms.markets import MARKETS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def tier_of_calendars(home: Home) -> list[int]:
    """Return in which tiers of a plan they are prepared; the last two are the application's."""
    tiers = make_plan(StackSettings(home=home.root, port=None), home).tiers
    return [
        place - len(tiers)
        for place, tier in enumerate(tiers)
        if "calendars" in [service.name for service in tier]
    ]


def test_they_are_prepared_before_the_application_starts_unless_they_are(home: Home) -> None:
    assert tier_of_calendars(home) == [-3]
    home.calendars.mkdir()
    home.calendars_prepared.write_text("4.0")
    assert tier_of_calendars(home) == [-3], "those of another version"
    home.calendars_prepared.write_text(version("exchange_calendars"))
    assert tier_of_calendars(home) == []
    home.calendars_prepared.write_bytes(os.urandom(50))
    assert tier_of_calendars(home) == [-3], "a damaged mark"


def test_the_program_prepares_every_exchange_and_has_no_secrets(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBER_JWT_SECRET", "a secret")
    command = calendars.preparing(home, source_root()).command
    assert {name for name in command.env if name.startswith("KUBER_")} == {"KUBER_HOME"}
    done = subprocess.run(
        command.argv, env=command.env, cwd=command.cwd, capture_output=True, check=True
    )
    assert str(home.calendars) in done.stdout.decode()
    assert calendars.are_kept(home)
    kept = KeptSessions(home.calendars)
    assert all(kept.file(*years).is_file() for years in usual_years(MARKETS))


def test_a_place_that_cannot_be_written_stops_no_start(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.calendars.write_text("in the way")
    assert calendars.prepare(home.root) == 0
    assert "cannot be kept" in "".join(capsys.readouterr())
    assert not calendars.are_kept(home)
