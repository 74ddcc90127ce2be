"""Sessions of exchanges kept in files: the same as worked out, and never in anybody's way."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from kuber.market import calendars, exchange_sessions, kept_sessions
from kuber.market.exchange_sessions import ExchangeSessions, NoSessions, work_out
from kuber.market.kept_sessions import KeptSessions
from kuber.market.terms.markets import MARKETS

SPANS = [
    ("XNYS", 2000, 2030),
    ("XNYS", 1960, 2030),
    ("XLON", 1990, 2030),
    ("XTKS", 2000, 2039),
    ("XHKG", 2020, 2030),
    ("XASX", 2000, 2030),
    ("BVMF", 2000, 2030),
    ("CMES", 2000, 2030),
]
KEY = ("XNYS", 2020, 2030)
IN_A_FRESH_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kuber.market.calendars import calendar_for, keep_sessions_in, warm

keep_sessions_in(Path(sys.argv[1]))
warm(datetime(2026, 12, 1, 15, tzinfo=UTC))
assert calendar_for("XNYS").is_open(datetime(2026, 12, 1, 15, tzinfo=UTC))
assert calendar_for("XTKS").is_open(datetime(2026, 12, 1, 1, tzinfo=UTC))
calendar_for("XTKS").midnight(datetime(2026, 12, 1).date())
assert calendar_for("XNYS").is_open(datetime(1985, 12, 3, 16, tzinfo=UTC))
heavy = {"pandas", "pyarrow", "exchange_calendars"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture
def kept(tmp_path: Path) -> KeptSessions:
    return KeptSessions(tmp_path / "calendars")


def same(first: ExchangeSessions, second: ExchangeSessions) -> bool:
    pairs = [(getattr(first, one), getattr(second, one)) for one in ("dates", "opens", "closes")]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def test_what_is_kept_is_what_is_worked_out(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for span in SPANS:
        assert same(kept.get(*span), work_out(*span)), span
    monkeypatch.setattr(kept_sessions, "_ask_child", None)
    for span in SPANS:
        assert same(KeptSessions(kept.folder).get(*span), work_out(*span)), span


def test_what_was_prepared_needs_no_child(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.prepare(SPANS) == len(SPANS)
    monkeypatch.setattr(kept_sessions, "_ask_child", None)
    for span in SPANS:
        assert same(KeptSessions(kept.folder).get(*span), work_out(*span)), span
    assert kept.prepare(SPANS) == 0


def test_a_process_that_keeps_sessions_never_imports_pandas(tmp_path: Path) -> None:
    for _ in range(2):  # first with a child, then from files
        subprocess.run(
            (sys.executable, "-c", IN_A_FRESH_PROCESS, str(tmp_path / "calendars")),
            check=True,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


def test_calendars_ask_the_kept_sessions_once_they_are_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "_kept", None)
    without = calendars._exchange_sessions("XLON", 2000, 2030)
    calendars.keep_sessions_in(tmp_path)
    with_files = calendars._exchange_sessions("XLON", 2000, 2030)
    assert [path.name[:14] for path in tmp_path.iterdir()] == ["XLON-2000-2030"]
    for name in ("dates", "opens", "closes", "weeks"):
        assert np.array_equal(getattr(without, name), getattr(with_files, name))


def test_the_child_has_no_environment_of_ours(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def look(*args: object, **options: object) -> object:
        seen.append(dict(options["env"]))  # type: ignore[call-overload]
        return run(*args, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("KUBER_JWT_SECRET", "a secret")
    monkeypatch.setattr(subprocess, "run", look)
    kept.get(*KEY)
    (environment,) = seen
    assert not [name for name in environment if name.startswith("KUBER_")]


@pytest.mark.parametrize(
    "damage", ["cut", "other bytes", "empty", "one bit", "other arrays", "folder"]
)
def test_a_damaged_file_is_made_anew(kept: KeptSessions, damage: str) -> None:
    kept.prepare([KEY])
    file = kept.file(*KEY)
    whole = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "other arrays":
        days = np.arange(3)
        np.savez(file, dates=days, opens=days, closes=days)
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 8]) + whole[middle + 1 :]
        contents = {"cut": whole[:middle], "other bytes": os.urandom(99), "empty": b""}
        file.write_bytes(contents.get(damage, flipped))
    with capture_logs() as logs:
        assert same(kept.get(*KEY), work_out(*KEY))
    assert [one["event"] for one in logs] == ["kept_sessions_unreadable"]
    assert file.read_bytes() == whole
    with capture_logs() as logs:
        kept.get(*KEY)
    assert logs == []


def test_a_folder_that_cannot_be_written_is_told_once_and_answers_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = KeptSessions(tmp_path / "file")
    with capture_logs() as logs:
        for _ in range(2):
            assert same(kept.get(*KEY), work_out(*KEY))
        assert kept.prepare([KEY, ("XLON", 2020, 2030)]) == 0
    unreadable = [one["event"] for one in logs if one["event"] != "kept_sessions_unreadable"]
    assert unreadable == ["sessions_not_kept"]


def test_of_a_disk_that_is_full_no_half_file_is_left(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.write_bytes

    def half(path: Path, content: bytes) -> int:
        whole(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", half)
        assert same(kept.get(*KEY), work_out(*KEY))
    assert list(kept.folder.iterdir()) == []


def test_several_processes_at_once_keep_one_whole_file(kept: KeptSessions) -> None:
    program = (
        "import sys; from pathlib import Path; from kuber.market.kept_sessions import KeptSessions;"
        "print(len(KeptSessions(Path(sys.argv[1])).get('XNYS', 2020, 2030).dates))"
    )
    children = [
        subprocess.Popen(
            (sys.executable, "-c", program, str(kept.folder)),
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        for _ in range(3)
    ]
    said = {child.communicate()[0] for child in children}
    assert said == {f"{len(work_out(*KEY).dates)}\n".encode()}
    assert list(kept.folder.iterdir()) == [kept.file(*KEY)]


def test_another_version_is_worked_out_anew_and_the_old_one_forgotten(kept: KeptSessions) -> None:
    kept.prepare([KEY])
    new = KeptSessions(kept.folder)
    new.version = "99.0"
    assert same(new.get(*KEY), work_out(*KEY))
    assert sorted(kept.folder.iterdir()) == sorted([kept.file(*KEY), new.file(*KEY)])
    new.prepare([])
    assert list(kept.folder.iterdir()) == [new.file(*KEY)]


def test_that_there_are_no_sessions_is_kept_too(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSessions) as without:
        work_out("XNOPE", 2000, 2030)
    with pytest.raises(NoSessions) as first:
        kept.get("XNOPE", 2000, 2030)
    monkeypatch.setattr(kept_sessions, "_ask_child", None)
    with pytest.raises(NoSessions) as again:
        kept.get("XNOPE", 2000, 2030)
    assert str(without.value) == str(first.value) == str(again.value)


def test_without_a_child_they_are_worked_out_here(
    kept: KeptSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with capture_logs() as logs:
        assert same(kept.get(*KEY), work_out(*KEY))
    assert [one["event"] for one in logs] == ["sessions_child_failed"]


def test_every_exchange_is_prepared_for_the_years_that_are_asked_for_first() -> None:
    usual = calendars.usual_years(MARKETS)
    round_the_clock = {"24/5", "24/5 UTC", "24/7"}
    assert usual[0] == ("XNYS", 2000, 2030)
    assert {code for code, first, _ in usual if first == 2000} == set(MARKETS) - round_the_clock
    for since in (1960, 1970, 1985, 1999):
        calendar = calendars.TradingCalendar("XNYS")
        years = calendar._cover(np.datetime64(f"{since}-06-01"), np.datetime64("2026-06-01"))
        assert ("XNYS", *years) in usual


def test_whatever_bytes_are_changed_is_noticed_or_changes_nothing() -> None:
    sessions = work_out("XNYS", 2026, 2026)
    whole = exchange_sessions.to_bytes(sessions)
    noticed = 0
    for at in range(0, len(whole), 7):
        changed = whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]
        try:
            found = exchange_sessions.from_bytes(changed)
        except ValueError:
            noticed += 1
        else:
            assert isinstance(found, ExchangeSessions)
            assert same(found, sessions)
    assert noticed > len(whole) // 14
