"""The data folder keeps its secrets, its ports and who runs on it."""

import json
import socket
import stat
from pathlib import Path

import pytest

from kuber.commands.stack import choose_port
from kuber.config import StackSettings
from kuber.infra.embedded.home import Home
from kuber.infra.embedded.process import CannotStart, free_port
from kuber.workers.service_logs import RotatingLog, ServiceLogs, last_lines
from kuber.workers.stack_state import without_secret


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_secrets_stay_the_same_and_only_their_owner_reads_them(home: Home) -> None:
    first = home.secret("postgres")
    assert home.secret("postgres") == first
    assert home.secret("redis") != first
    assert stat.S_IMODE((home.root / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_a_port_is_kept_until_someone_else_has_taken_it(home: Home) -> None:
    port = home.port("redis")
    assert home.port("redis") == port
    with socket.create_server(("127.0.0.1", port)):
        other = home.port("redis")
    assert other != port
    assert json.loads((home.root / "ports.json").read_text())["redis"] == other


def test_one_supervisor_holds_a_home(home: Home) -> None:
    assert not home.is_locked()
    with home.lock() as first:
        assert first
        assert home.is_locked()
        with home.lock(patience_s=0.1) as second:
            assert not second
    assert not home.is_locked()


def test_notes_that_a_former_version_left_are_deleted_at_the_start(tmp_path: Path) -> None:
    for name in ("beat-schedule", "beat-schedule-shm", "beat-schedule-wal"):
        (tmp_path / name).write_bytes(b"notes")
    (tmp_path / "beat-schedule.damaged-20261130T120000Z").mkdir()
    (tmp_path / "mine.txt").write_text("keep")
    Home(tmp_path).create()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "mine.txt", "run"]


def test_removing_a_home_removes_the_kept_trading_hours(home: Home) -> None:
    home.calendars.mkdir()
    home.calendars_prepared.write_text("1")
    home.remove()
    assert not home.root.exists()


def test_removing_a_home_spares_what_kuber_did_not_put_there(home: Home) -> None:
    home.secret("jwt")
    (home.root / "mine.txt").write_text("keep")
    home.remove()
    assert [path.name for path in home.root.iterdir()] == ["mine.txt"]


def test_a_busy_port_that_was_asked_for_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"port {port} is taken.*KUBER_PORT="):
            choose_port(StackSettings(port=port))


def test_a_free_port_that_was_asked_for_is_used() -> None:
    port = free_port()
    assert choose_port(StackSettings(port=port)) == port


def test_logs_are_set_aside_before_they_grow_too_large(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "api.log", largest_bytes=100, older_files=2)
    for number in range(40):
        log.write(f"line {number:04}\n".encode())
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["api.log", "api.log.1", "api.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    assert last_lines(tmp_path / "api.log", 1) == ["line 0039"]


def test_only_whole_lines_of_chosen_services_are_shown(tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []
    logs = ServiceLogs(tmp_path, echoed=["api"])
    logs.show = lambda service, line: shown.append((service, line))
    logs.write("api", b"first\nsec")
    logs.write("postgres", b"noise\n")
    logs.write("api", b"ond\n")
    logs.close()
    assert shown == [("api", "first"), ("api", "second")]


def test_the_password_in_an_address_is_hidden() -> None:
    url = "postgresql://kuber:secret@127.0.0.1:5432/kuber"
    assert without_secret(url) == "postgresql://kuber:***@127.0.0.1:5432/kuber"
    assert without_secret("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"
