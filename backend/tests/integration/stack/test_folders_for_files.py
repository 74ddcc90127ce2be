"""Folders and other odd things in the places of files: set aside, or named in one sentence."""

import os
import socket
from pathlib import Path

import pytest

from kuber.infra.embedded.damage import remedy_of
from kuber.infra.embedded.home import FILES, Home, write_private
from kuber.infra.plugins import Verdicts
from kuber.workers import stack_state
from kuber.workers.service_logs import RotatingLog, last_lines


@pytest.mark.parametrize("pattern", FILES)
def test_a_folder_in_the_place_of_a_file_is_set_aside_at_the_start(
    tmp_path: Path, pattern: str
) -> None:
    told: list[str] = []
    home = Home(tmp_path / "home", tell=told.append)
    place = home.root / pattern.replace("*", "x").replace("[0-9]", "1")
    place.mkdir(parents=True)
    home.create()
    assert not place.exists()
    (aside,) = place.parent.glob(f"{place.name}.damaged-*")
    assert told == [f"{place} was a folder where a file should be and is now {aside.name}."]
    home.create()
    assert len(told) == 1, "what was set aside stays where it is"


@pytest.mark.parametrize("name", ["secrets.json", "ports.json"])
def test_folders_do_not_keep_secrets_and_ports_from_being_kept(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    home.create()
    first = home.secret("jwt")
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    assert home.secret("jwt") == first
    port = home.port("redis")
    assert home.port("redis") == port


def test_a_private_file_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    write_private(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def test_a_log_goes_on_in_the_place_of_a_folder(tmp_path: Path) -> None:
    for name in ("api.log", "api.log.1"):
        (tmp_path / name).mkdir()
    assert last_lines(tmp_path / "api.log", 5) == []
    log = RotatingLog(tmp_path / "api.log", largest_bytes=10)
    for text in (b"one 1234\n", b"two 1234\n"):
        log.write(text)
    log.close()
    assert log.lost_bytes == 0
    assert last_lines(tmp_path / "api.log", 5) == ["two 1234"]
    assert last_lines(tmp_path / "api.log.1", 5) == ["one 1234"]


def test_of_two_files_the_one_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "draft").write_text("x")
    (tmp_path / "target").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        (tmp_path / "draft").replace(tmp_path / "target")
    said = remedy_of(caught.value)
    assert said is not None
    assert said.startswith(f"{tmp_path / 'target'}: is a directory. A folder stands")


def test_odd_marks_of_imports_stop_nothing(tmp_path: Path) -> None:
    host = socket.gethostname()
    for name in (f"{host}~x-1234", f"{host}~-1", f"{host}~9{'9' * 30}~1-2", "x", f"{host}~1~1-aa"):
        (tmp_path / f"importing-{name}").write_bytes(os.urandom(40))
    (tmp_path / f"importing-{host}~2~1-bb").mkdir()
    (tmp_path / "verdicts.json").mkdir()
    verdicts = Verdicts(tmp_path)
    verdicts.begin_anew()
    assert (tmp_path / "verdicts.json").is_file()
    assert [path.name for path in tmp_path.glob("importing-*")] == [f"importing-{host}~2~1-bb"]
    assert not list(tmp_path.glob(".verdicts-*"))


def test_a_stack_whose_record_cannot_be_read_is_not_taken_for_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kuber.commands import status, up
    from kuber.config import StackSettings

    monkeypatch.setattr(stack_state, "_LOOKS", 1)
    home = Home(tmp_path)
    home.create()
    home.state_file.mkdir()
    with home.lock() as ours:
        assert ours
        assert status.show(StackSettings(home=tmp_path), as_json=False) == status.NOT_RUNNING
        assert up.down(StackSettings(home=tmp_path)) == 1
    said = capsys.readouterr()
    assert (said.out + said.err).count(f"{home.state_file} cannot be read") == 2
