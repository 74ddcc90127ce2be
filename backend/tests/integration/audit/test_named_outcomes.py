"""What becomes of the record when its linker is dead for an hour, is there twice, or many write."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.audit.entries import APPEND, audit_json
from kuber.audit.linker import Linker, NotTheLinker
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.audit.waiting import waiting
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import new_id
from tests.integration.audit.test_t15_tampering import CLOCK, MANY, Record, record

__all__ = ["record"]

WRITERS = 16
EACH = 25


def event(at: FixedClock, said: dict[str, object]) -> AuditEvent:
    return AuditEvent(AuditEventType.BUDGET_CHANGED, at.now(), str(new_id()), None, said)


def linked(record: Record) -> list[tuple[int, int]]:
    """Return place and id of every entry that was there after the first ones."""
    with psycopg.connect(record.url) as connection:
        query = "select chain_position, entry_id from audit_links where chain_position > %s"
        return connection.execute(f"{query} order by 1".encode(), (MANY + 1,)).fetchall()


async def test_a_linker_that_is_dead_for_an_hour_is_an_alarm_and_nothing_is_lost(
    record: Record, database: Database
) -> None:
    clock = FixedClock(CLOCK.now() - timedelta(hours=1))
    async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
        for minute in range(60):
            said = Jsonb(audit_json([event(clock, {"minute": minute})]))
            await connection.execute(APPEND, {"audit": said})
            await connection.execute(
                "update audit_pending set appended_at = %s"
                " where entry_id = (select max(entry_id) from audit_pending)",
                (clock.now(),),
            )
            clock.advance(timedelta(minutes=1))
    async with database.transaction() as session:
        late = await waiting(session)
    assert (late.entries, late.late, round(late.age_s / 60)) == (60, True, 60)
    assert record.verify().intact  # entries that wait are no damage
    assert await record.link() == 60
    async with database.transaction() as session:
        assert not (await waiting(session)).late
    with psycopg.connect(record.url) as connection:
        query = """
            select data::jsonb ->> 'minute' from audit_links l join audit_entries e
            on e.id = l.entry_id where l.chain_position > %s order by l.chain_position
        """
        minutes = [int(minute) for (minute,) in connection.execute(query, (MANY + 1,))]
    assert minutes == list(range(60))
    assert record.verify().intact


async def test_of_two_linkers_one_links_and_the_other_takes_over_when_it_ends(
    record: Record,
) -> None:
    async with await AsyncConnection.connect(record.url, autocommit=True) as second:
        async with await AsyncConnection.connect(record.url, autocommit=True) as first:
            linker = Linker(record.keys, record.outside, CLOCK)
            await linker.begin(first)
            standing_by = Linker(record.keys, record.outside, CLOCK)
            with pytest.raises(NotTheLinker):
                await standing_by.begin(second)
            await record.append(10)
            assert await linker.link(first) == 10
        await record.append(10)
        await standing_by.begin(second)
        assert await standing_by.link(second) == 10
        standing_by.rest()
    assert [place for place, _ in linked(record)] == list(range(MANY + 2, MANY + 22))
    assert record.verify().intact


async def test_sixteen_writers_at_once_make_one_chain(record: Record, database: Database) -> None:
    clock = FixedClock(CLOCK.now())
    done = asyncio.Event()

    async def write(writer: int) -> None:
        async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
            for number in range(EACH):
                said = event(clock, {"writer": writer, "number": number})
                await connection.execute(APPEND, {"audit": Jsonb(audit_json([said]))})

    async def link() -> None:
        async with await AsyncConnection.connect(record.url, autocommit=True) as connection:
            linker = Linker(record.keys, record.outside, CLOCK, batch=7)
            await linker.begin(connection)
            while not done.is_set() or await linker.link(connection):
                await linker.link(connection)
            linker.rest()

    linking = asyncio.create_task(link())
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    done.set()
    await linking
    found = linked(record)
    assert [place for place, _ in found] == list(range(MANY + 2, MANY + 2 + WRITERS * EACH))
    assert len({entry for _, entry in found}) == WRITERS * EACH
    assert record.verify().intact
