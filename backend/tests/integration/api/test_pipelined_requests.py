"""A client may send the next request before it has its answer, and loses neither."""

import asyncio

import pytest

from kuber.api.serving.http import GuardedHttp
from tests.fixtures.waiting import until_async
from tests.integration.api.test_connections import GET, LONG, Served, patient, quick

__all__ = ["patient", "quick"]

HELD = b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


async def at_work(under_test: Served, number: int) -> None:
    """Wait until `number` requests have reached the application."""
    await until_async(lambda: len(under_test.messages) >= number, f"{number} requests at work")


async def next_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.split()[1] == b"200", head
    return await reader.readexactly(1)


async def test_half_a_head_behind_a_request_at_work_has_its_time_from_the_answer_on(
    quick: Served,
) -> None:
    reader, writer = await quick.open()
    writer.write(HELD + GET[:8])
    await at_work(quick, 1)
    # Twice the time that a head has is over when two others, one after the other, were ended.
    for _ in range(2):
        assert b" 408 " in await quick.answer_to(GET[:8])
    quick.held.set()
    assert await next_answer(reader) == b"0"
    writer.write(GET[8:])
    assert await next_answer(reader) == b"0"
    writer.close()


async def test_half_a_head_that_does_not_go_on_after_the_answer_is_ended(quick: Served) -> None:
    reader, writer = await quick.open()
    writer.write(GET + GET[:8])
    assert await next_answer(reader) == b"0"
    assert b" 408 " in await reader.read()
    writer.close()


async def test_the_time_of_the_next_head_runs_from_the_answer_on(
    patient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[GuardedHttp] = []
    make = GuardedHttp.connection_made

    def note(self: GuardedHttp, transport: asyncio.Transport) -> None:
        opened.append(self)
        make(self, transport)

    monkeypatch.setattr(GuardedHttp, "connection_made", note)
    reader, writer = await patient.open()
    writer.write(HELD + GET[:8])
    await at_work(patient, 1)
    [ours] = opened
    assert ours._head_since is not None
    ours._head_since -= LONG.head_s  # it came long ago
    patient.held.set()
    assert await next_answer(reader) == b"0"
    ours.check(asyncio.get_running_loop().time())
    writer.write(GET[8:])
    assert await next_answer(reader) == b"0"
    writer.close()


@pytest.mark.parametrize("behind", [GET[:8], GET + GET[:8], BODY], ids=["head", "third", "body"])
async def test_a_request_at_work_is_not_ended_for_another_connection(
    patient: Served, behind: bytes
) -> None:
    reader, writer = await patient.open()
    writer.write(HELD + behind)
    others = [await patient.open() for _ in range(3)]
    for _, other in others:
        other.write(HELD)
    await at_work(patient, 4)
    assert b" 503 " in (await patient.answer_to(GET)).replace(b" 429 ", b" 503 ")
    patient.held.set()
    assert await next_answer(reader) == b"0"
    for _, other in (*others, (reader, writer)):
        other.close()
