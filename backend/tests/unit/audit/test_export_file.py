"""An export is there whole, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kuber.audit.export import write


def test_all_lines_are_written(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    assert write(file, [b"1", b"2"]) == 2
    assert file.read_bytes() == b"1\n2\n"
    assert list(tmp_path.iterdir()) == [file]


def test_what_ends_halfway_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"

    def broken() -> Iterator[bytes]:
        yield b"1"
        assert not file.exists()
        raise ConnectionError("the database is away")

    with pytest.raises(ConnectionError):
        write(file, broken())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    file.write_text("mine")
    with pytest.raises(FileExistsError):
        write(file, [b"1"])
    assert file.read_text() == "mine"
