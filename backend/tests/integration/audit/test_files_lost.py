"""Checkpoint files that are lost are said, and no others."""

import errno
import os
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.infra.db import Database
from tests.integration.audit.test_t15_tampering import CLOCK, MANY, Record, record

__all__ = ["record"]


def losses(record: Record) -> list[int]:
    with psycopg.connect(record.url) as connection:
        query = """
            select l.chain_position from audit_links l join audit_entries e on e.id = l.entry_id
            where e.event_type = 'checkpoints_lost' order by 1
        """
        return [place for (place,) in connection.execute(query)]


async def test_files_that_are_gone_are_said_on_record_once_and_by_every_verification(
    record: Record,
) -> None:
    for path in record.folder.glob("*.json*"):
        path.unlink()
    await record.append(1)
    await record.link()
    await record.link()
    assert losses(record) == [MANY + 2]
    result = record.verify()
    assert result.intact
    assert f"place {MANY + 2} of the record" in str(result.end_unchecked)


async def test_files_that_are_gone_again_are_said_again(record: Record) -> None:
    for _ in range(2):
        for path in record.folder.glob("*.json*"):
            path.unlink()
        await record.append(1001)  # so that a checkpoint is kept in the database, too
        await record.link()
    assert len(losses(record)) == 2


async def test_checkpoints_of_the_database_that_the_files_lack_are_said(record: Record) -> None:
    await record.append(1001)
    await record.link()
    assert record.verify().end_unchecked is None
    (lines,) = record.folder.glob("*.jsonl")
    kept = lines.read_bytes()
    await record.append(1001)
    await record.link()
    whole = lines.read_bytes()
    lines.write_bytes(whole[len(kept) :])
    result = record.verify()
    assert result.intact
    assert "lack signed checkpoints that the database has: 1," in str(result.end_unchecked)
    lines.write_bytes(whole)
    assert record.verify().end_unchecked is None


async def test_a_linker_that_died_before_it_kept_a_checkpoint_outside_raises_no_alarm(
    record: Record,
) -> None:
    (head,) = record.folder.glob("*.head.json")
    before = head.read_bytes()
    await record.append(1001)
    await record.link()
    (lines,) = record.folder.glob("*.jsonl")
    lines.write_bytes(b"")
    head.write_bytes(before)
    await record.append(1)
    await record.link()
    assert losses(record) == []
    assert record.verify().end_unchecked is None


async def test_files_that_moved_with_their_folder_raise_no_alarm(
    record: Record, tmp_path_factory: pytest.TempPathFactory
) -> None:
    moved = tmp_path_factory.mktemp("audit")
    for path in record.folder.iterdir():
        path.rename(moved / path.name)
    record.folder, record.keys = moved, KeyFile(moved)
    await record.append(1)
    await record.link()
    assert losses(record) == []
    assert record.verify().end_unchecked is None


async def test_a_first_linker_that_dies_at_once_raises_no_alarm(
    database: Database, tmp_path: Path
) -> None:
    made = Record(database.url, tmp_path)
    async with await AsyncConnection.connect(made.url, autocommit=True) as connection:
        await Linker(made.keys, made.outside, CLOCK).begin(connection)
    for path in made.folder.glob("*.head.json"):
        path.unlink()  # as if it had died before it wrote it
    await made.append(1)
    await made.link()
    assert losses(made) == []


async def test_files_that_are_removed_while_the_linker_works_are_said_on_record(
    record: Record,
) -> None:
    async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
        linker = Linker(record.keys, record.outside, CLOCK)
        await linker.begin(connection)
        for path in record.folder.glob("*.json*"):
            path.unlink()
        await record.append(1)
        while await linker.link(connection):
            pass
        assert losses(record) == [MANY + 3]
        linker.rest()
        await record.append(1)
        while await linker.link(connection):
            pass
    assert losses(record) == [MANY + 3], "once"
    assert f"place {MANY + 3} of the record" in str(record.verify().end_unchecked)


async def test_checkpoints_that_found_no_room_are_kept_once_there_is_some(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.fsync

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
        linker = Linker(record.keys, record.outside, CLOCK)
        await linker.begin(connection)
        monkeypatch.setattr(os, "fsync", no_room)
        for _ in range(2):
            await record.append(1001)
            while await linker.link(connection):
                pass
        monkeypatch.setattr(os, "fsync", write)
        await record.append(1001)
        while await linker.link(connection):
            pass
        linker.rest()
    assert (record.found(), record.verify().end_unchecked) == ([], None)


async def test_checkpoints_that_found_no_room_are_kept_by_the_next_linker(
    record: Record,
) -> None:
    for _ in range(3):
        await record.append(1001)
        await record.link()
    (lines,) = record.folder.glob("*.jsonl")
    lines.write_bytes(b"")
    await record.append(1)
    await record.link()
    assert (record.found(), record.verify().end_unchecked) == ([], None)


async def test_an_export_beside_the_checkpoints_is_not_taken_for_them(record: Record) -> None:
    (record.folder / "record.jsonl").write_bytes(b'{"chain_position":1}\n' * 3)
    assert record.verify().end_unchecked is None


async def test_what_cannot_be_read_of_a_file_is_one_sentence(record: Record) -> None:
    await record.append(1001)
    await record.link()
    (lines,) = record.folder.glob("*.jsonl")
    lines.write_bytes(lines.read_bytes() + b"{}\n" * 3)
    said = f"Line 2 and 2 others of {lines.name} cannot be read."
    assert record.verify().end_unchecked == said
