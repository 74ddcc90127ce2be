"""Slots of an installation outlive the connection that they are asked over."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from kuber.infra import slots
from kuber.infra.slots import AdvisorySlots

NAME = "kuber-slots"


@pytest.fixture
async def ours(postgres_url: str) -> AsyncIterator[AdvisorySlots]:
    opened = AdvisorySlots(postgres_url, 1, NAME)
    yield opened
    await opened.close()


def end_connections(url: str) -> int:
    """End what the slots are asked over, as a restart of PostgreSQL does; return how many."""
    with psycopg.connect(url, autocommit=True) as other:
        ended = other.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where application_name = %s",
            (NAME,),
        ).fetchall()
    return len(ended)


async def test_slots_are_counted_over_a_connection_that_has_died(
    ours: AdvisorySlots, postgres_url: str
) -> None:
    async with ours.one(2):
        assert await ours.taken() == 1
    assert end_connections(postgres_url) == 1
    assert await ours.taken() == 0


async def test_a_slot_is_taken_over_a_connection_that_has_died(
    ours: AdvisorySlots, postgres_url: str
) -> None:
    assert await ours.taken() == 0
    assert end_connections(postgres_url) == 1
    async with ours.one(1) as free:
        assert free
        assert await ours.taken() == 1


async def test_a_database_that_is_away_is_asked_once_and_told(ours: AdvisorySlots) -> None:
    ours._url = "postgresql://127.0.0.1:1/nowhere"
    with pytest.raises(psycopg.OperationalError):
        await ours.taken()
    with pytest.raises(psycopg.OperationalError):
        async with ours.one(1):
            pass


async def test_a_connection_that_does_not_answer_is_not_used_again(
    ours: AdvisorySlots, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> int:
        await asyncio.Event().wait()
        return 0

    assert await ours.taken() == 0
    before = ours._connection
    with monkeypatch.context() as patch:
        patch.setattr(slots, "_PATIENCE_S", 0.0)
        patch.setattr(ours, "_count", never)
        with pytest.raises(TimeoutError):
            await ours.taken()
    assert await ours.taken() == 0
    assert ours._connection is not before
