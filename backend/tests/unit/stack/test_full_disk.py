"""Nothing that cannot be written ends anything; what is missing is counted and told."""

import errno
import os
from pathlib import Path

import pytest

from kuber.infra.embedded.damage import remedy_of
from kuber.infra.embedded.home import Home, write_private
from kuber.workers import service_logs, stack_state
from kuber.workers.service_logs import RotatingLog, ServiceLogs
from kuber.workers.stack_state import StackRecord, StateFile


class FullDisk:
    """A disk with room for so many bytes more."""

    def __init__(self, room: int = 0) -> None:
        self.room = room

    def open(self, path: Path, mode: str) -> "FullFile":
        return FullFile(self, path, mode)


class FullFile:
    def __init__(self, disk: FullDisk, path: Path, mode: str) -> None:
        self._disk = disk
        self._file = Path(path).open(mode, buffering=0)  # noqa: SIM115

    def write(self, piece: bytes) -> int:
        if not self._disk.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self._file.write(piece[: self._disk.room])
        self._disk.room -= taken
        return taken

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    made = FullDisk()
    monkeypatch.setattr(service_logs, "FileIO", made.open)
    return made


def test_what_a_log_cannot_take_is_counted_and_told_once_there_is_room(
    tmp_path: Path, disk: FullDisk
) -> None:
    log, disk.room = RotatingLog(tmp_path / "api.log"), 4
    log.write(b"one\ntwo\n")
    log.write(b"three\n")
    assert log.lost_bytes == 10
    disk.room = 1000
    log.write(b"four\n")
    log.write(b"five\n")
    log.close()
    text = (tmp_path / "api.log").read_text()
    assert text == "one\n\n[10 bytes of this log could not be written]\nfour\nfive\n"
    assert log.lost_bytes == 10


def test_a_real_full_device_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "api.log").symlink_to("/dev/full")
    logs = ServiceLogs(tmp_path, echoed=())
    logs.write("api", b"a line\n")
    logs.write("api", b"another\n")
    logs.close()
    assert logs.lost_bytes == 15


def test_a_folder_that_is_gone_raises_nothing(tmp_path: Path) -> None:
    logs = ServiceLogs(tmp_path / "gone", echoed=())
    logs.write("api", b"a line\n")
    assert logs.lost_bytes == 7


def record(home: Home) -> StackRecord:
    return StackRecord(
        phase="ready",
        supervisor_pid=1,
        url="http://127.0.0.1:1",
        host="127.0.0.1",
        port=1,
        database_url="postgresql://x",
        redis_url="redis://x",
        kafka_bootstrap="x",
        jwt_secret="x",
        home=home.root,
    )


def test_a_state_that_could_not_be_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.create()
    file = StateFile(home)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(stack_state, "write_private", refuse)
        file.write(record(home))
    assert stack_state.load(home) is None
    assert file.unsaved == 1
    file.keep(record(home))
    assert stack_state.load(home) == record(home)


def test_a_damaged_state_is_written_anew(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    file = StateFile(home)
    file.write(record(home))
    home.state_file.write_bytes(os.urandom(200))
    assert stack_state.load(home) is None
    file.keep(record(home))
    assert stack_state.load(home) == record(home)


def test_a_home_without_room_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match="No space left") as raised:
        Home(tmp_path).create()
    assert remedy_of(raised.value) == (
        f"{tmp_path}: no space left on device. The disk is full: make room and try again."
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "KUBER_HOME"),
        (errno.ENOTDIR, "A file stands where a folder should"),
        (errno.EACCES, "Give yourself the right"),
    ],
)
def test_what_cannot_be_used_is_said_with_a_remedy(number: int, words: str) -> None:
    sentence = remedy_of(OSError(number, os.strerror(number), "/home/k"))
    assert sentence is not None
    assert sentence.startswith("/home/k: ")
    assert words in sentence


def test_other_failures_are_not_explained_away() -> None:
    assert remedy_of(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None


def test_a_draft_that_could_not_be_put_in_its_place_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(tmp_path / "place", "text")
    assert list(tmp_path.iterdir()) == []
