"""The signing key is rotated, interrupted and brought back; the record stays verifiable."""

import json
import subprocess
import sys
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from kuber.audit.custody import Custody
from kuber.audit.export import lines
from kuber.audit.keys import KeyFile, SigningKey
from kuber.audit.linker import Linker
from kuber.audit.types import AuditEventType
from tests.integration.audit.test_standalone_verifier import VERIFIER
from tests.integration.audit.test_t15_tampering import CLOCK, Record, record

__all__ = ["record"]

CHAIN = UUID(int=7)


def key_events(record: Record) -> list[str]:
    with psycopg.connect(record.url) as connection:
        query = """
            select event_type from audit_entries e join audit_links l on l.entry_id = e.id
            where event_type like 'key%' order by chain_position
        """
        return [kind for (kind,) in connection.execute(query)]


def intact(record: Record, trusted: SigningKey) -> bool:
    result = record.verify(trusted_key=trusted.id)
    file = record.folder / "export.txt"
    file.write_bytes(b"".join(line + b"\n" for line in lines(record.url, record.folder)))
    command = [sys.executable, "-I", str(VERIFIER), str(file), "--key", trusted.id]
    alone = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert result.intact == (alone.returncode == 0), (result.findings, alone.stdout)
    return result.intact


@pytest.mark.parametrize("dies", ["before the entry", "before the move"])
async def test_a_rotation_that_is_interrupted_is_finished_by_the_next_linker(
    record: Record, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    before, after = record.keys.read(), record.keys.ask_for_rotation()
    assert before is not None

    def ends(*_: object) -> None:
        raise RuntimeError(dies)

    with monkeypatch.context() as patch:
        if dies == "before the entry":
            patch.setattr(Linker, "_link_own", ends)
        else:
            patch.setattr(KeyFile, "rotate", ends)
        async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
            linker = Linker(record.keys, record.outside, CLOCK)
            await linker.begin(connection)
            with pytest.raises(RuntimeError, match=dies):
                await linker.link(connection)
    await record.append(1100)
    await record.link()
    assert key_events(record) == ["key_rotated"]
    assert (record.keys.read(), record.keys.next()) == (after, None)
    assert intact(record, before)
    assert intact(record, after)


async def test_a_key_that_comes_back_is_said_and_signs_rightly(record: Record) -> None:
    first, second = record.keys.read(), record.keys.ask_for_rotation()
    assert first is not None
    await record.append(1001)
    await record.link()
    for key in (first, second):
        record.keys.put(key)
        await record.append(1001)
        await record.link()
    assert key_events(record) == ["key_rotated", "key_replaced", "key_replaced"]
    third = record.keys.ask_for_rotation()
    await record.append(1001)
    await record.link()
    for trusted in (second, third):
        assert intact(record, trusted)


async def test_a_key_that_is_to_follow_itself_is_taken_away(record: Record) -> None:
    key = record.keys.read()
    assert key is not None
    (record.folder / "next-signing-key").write_bytes((record.folder / "signing-key").read_bytes())
    await record.append(1)
    await record.link()
    assert (key_events(record), record.keys.read(), record.keys.next()) == ([], key, None)


async def test_keys_that_vouch_for_each_other_in_a_ring_stop_no_verification(
    record: Record,
) -> None:
    first, second = record.keys.read(), record.keys.ask_for_rotation()
    assert first is not None
    await record.append(1)
    await record.link()
    (record.folder / "next-signing-key").write_text(first.private.private_bytes_raw().hex())
    await record.append(1)
    await record.link()
    assert key_events(record) == ["key_rotated", "key_rotated"]
    assert intact(record, first)
    assert not intact(record, SigningKey.new())
    assert not record.verify(trusted_key="0" * 16).intact
    assert intact(record, second)


def test_who_vouched_for_a_key_first_is_not_replaced() -> None:
    old, new, forged = SigningKey.new(), SigningKey.new(), SigningKey.new()
    custody = Custody()

    def rotated(place: int, kind: AuditEventType, key: SigningKey, by: SigningKey) -> None:
        signature = by.sign(key.public.hex()).hex()
        said = {"chain_id": str(CHAIN), "public_key": key.public.hex(), "signature": signature}
        assert list(custody.take(place, kind, json.dumps(said))) == []

    rotated(1, AuditEventType.CHAIN_STARTED, old, old)
    rotated(2, AuditEventType.KEY_ROTATED, new, old)
    rotated(3, AuditEventType.KEY_REPLACED, forged, forged)
    rotated(4, AuditEventType.KEY_ROTATED, new, forged)
    newest = new.checkpoint(CHAIN, 5, b"x" * 32, CLOCK.now())
    assert list(custody.authorship(old.id, newest)) == []
    assert len(list(custody.authorship(forged.id, newest))) == 1
