"""A client's event session, against a hub and records that a test fills by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from kuber.realtime import session as session_module
from kuber.realtime.hub import QUEUE_SIZE
from kuber.realtime.topics import Denied
from kuber.runs.errors import RunNotFound
from tests.fakes.event_clients import USER, Client
from tests.fakes.live_events import RUN, ended, event, notices
from tests.fixtures.waiting import LIMIT_S, until_async

LOOKS = 4
"""So many looks at the hub are more than one idle moment's: the session was through with one."""


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client whose session is pumping, with short pauses."""
    monkeypatch.setattr(session_module, "POLL_S", 0.03)
    monkeypatch.setattr(session_module, "CATCH_UP_S", 0.005)
    monkeypatch.setattr(session_module, "LONGEST_GAP_S", 0.1)
    opened = Client()
    pump = asyncio.create_task(opened.session.pump())
    await asyncio.sleep(0)
    yield opened
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    assert opened.hub.listeners == []


async def test_a_subscriber_gets_recorded_events_first_and_then_live_ones(client: Client) -> None:
    client.records = [event(1), event(2)]
    await client.subscribe()
    client.hub.publish(event(3), event(4))
    await client.until(4)
    assert client.sent[0] == {"type": "subscribed", "topic": f"execution:{RUN}"}
    assert client.sequences == [1, 2, 3, 4]


async def test_resuming_after_a_number_repeats_nothing(client: Client) -> None:
    client.records = [event(1), event(2), event(3)]
    await client.subscribe(after=2)
    client.hub.publish(event(2), event(3), event(4))
    await client.until(2)
    assert client.sequences == [3, 4]


async def test_an_event_that_was_broadcast_before_the_subscription_comes_once_recorded(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LONGEST_GAP_S", 60.0)
    client.records = [event(1)]
    await client.subscribe()
    client.reads = 0
    client.hub.publish(event(3))
    await until_async(
        lambda: client.reads >= 2 or client.sequences != [1], "a second look at the records"
    )
    assert client.sequences == [1]
    client.records += [event(2), event(3)]
    await client.until(3)
    assert client.sequences == [1, 2, 3]


async def test_a_number_recorded_before_an_earlier_one_waits_for_it(client: Client) -> None:
    client.records = [event(1), event(3)]
    await client.subscribe()
    assert client.sequences == [1]
    client.records.append(event(2))
    client.hub.publish(event(4))
    await client.until(4)
    assert client.sequences == [1, 2, 3, 4]


async def test_a_gap_that_never_closes_delays_but_hides_nothing_that_is_on_record(
    client: Client,
) -> None:
    client.records = [event(1), event(3)]
    await client.subscribe()
    client.hub.publish(event(5))
    await client.until(3)
    assert client.sequences == [1, 3, 5]


async def test_the_wide_gap_after_a_crash_is_not_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LONGEST_GAP_S", 60.0)
    client.records = [event(1)]
    await client.subscribe()
    client.hub.publish(event(1002))
    await client.until(2)
    assert client.sequences == [1, 1002]


async def test_a_client_falls_back_to_the_records_while_redis_is_away(client: Client) -> None:
    await client.subscribe()
    client.hub.live = False
    client.records = [event(1), ended(2)]
    await client.until(2)
    assert client.sequences == [1, 2]


async def test_what_was_missed_just_before_redis_came_back_is_delivered(client: Client) -> None:
    await client.subscribe()
    for live in (True, False):
        client.hub.live = live
        await until_async(lambda: client.hub.looks >= LOOKS, f"a look that finds it {live}")
    client.records = [ended(1)]
    client.hub.live = True
    await until_async(lambda: client.hub.looks >= LOOKS, "looks after it came back")
    assert client.sequences == [1]


async def test_every_page_of_a_long_record_is_delivered(client: Client) -> None:
    client.page = 10
    client.records = [event(number) for number in range(1, 36)]
    await client.subscribe()
    assert client.sequences == list(range(1, 36))


async def test_a_quiet_client_is_pinged(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "PING_S", 0.06)
    async with asyncio.timeout(LIMIT_S):
        await client.arrived.wait()
    assert client.sent == [{"type": "ping"}]


async def test_another_persons_run_is_refused(client: Client) -> None:
    other = uuid4()
    with pytest.raises(RunNotFound):
        await client.subscribe(topic=f"execution:{other}")
    client.hub.publish(event(1, run_id=other))
    await client.handled()
    assert [item["type"] for item in client.sent] == ["subscribed", "pipelines_missed"]


@pytest.mark.parametrize("topic", ["execution:42", "pipeline:1", "everything", "execution:"])
async def test_an_unknown_topic_is_refused(client: Client, topic: str) -> None:
    with pytest.raises(Denied) as denied:
        await client.subscribe(topic=topic)
    assert denied.value.code == "unknown_topic"


@pytest.mark.parametrize("text", ["", "[]", '{"type": "shout"}', '{"type": "subscribe"}'])
async def test_a_message_that_is_none_is_refused(client: Client, text: str) -> None:
    with pytest.raises(Denied) as denied:
        await client.session.handle(text)
    assert denied.value.code == "bad_message"


async def test_the_user_topic_carries_every_run_without_a_resume(client: Client) -> None:
    other = uuid4()
    await client.subscribe(topic="user")
    client.hub.publish(event(7), event(3, run_id=other))
    await client.until(2)
    assert [item["execution_id"] for item in client.sent[1:]] == [str(RUN), str(other)]


async def test_unsubscribing_stops_the_events(client: Client) -> None:
    await client.subscribe()
    await client.session.handle(f'{{"type": "unsubscribe", "topic": "execution:{RUN}"}}')
    client.hub.publish(event(1))
    await client.handled()
    assert client.sequences == []


async def test_a_client_that_falls_too_far_behind_is_cut_off() -> None:
    slow = Client()
    pump = asyncio.create_task(slow.session.pump())
    await asyncio.sleep(0)
    slow.hub.publish(*(event(number) for number in range(1, QUEUE_SIZE + 2)))
    await asyncio.wait_for(pump, LIMIT_S)
    assert slow.hub.listeners == []


async def test_changes_of_pipelines_are_told_to_whoever_asked_for_them(client: Client) -> None:
    def change(revision: int, user: UUID = USER) -> str:
        told = {"pipeline_id": str(RUN), "revision": revision, "version": 1, "status": "active"}
        return json.dumps({"user_id": str(user), **told})

    await client.subscribe()
    client.pipelines.changed(change(1))  # nobody has asked yet
    client.hub.publish(event(1))
    await client.until(1)
    await client.subscribe(topic="pipelines")
    client.pipelines.changed(change(2, uuid4()))
    client.pipelines.changed(change(3))
    client.pipelines.look_again()
    client.hub.publish(event(2))
    await client.until(2)
    await client.session.handle('{"type": "unsubscribe", "topic": "pipelines"}')
    client.pipelines.changed(change(4))
    client.hub.publish(event(3))
    await client.until(3)
    told = [item for item in client.sent if item["type"].startswith("pipeline")]
    assert told == [
        {
            "type": "pipeline_changed",
            "pipeline_id": str(RUN),
            "revision": 3,
            "version": 1,
            "status": "active",
        },
        {"type": "pipelines_missed"},
    ]


async def test_what_comes_while_the_hub_joins_is_told() -> None:
    client = Client()
    client.hub.may_join.clear()
    client.notices.start()
    pump = asyncio.create_task(client.session.pump())
    await asyncio.sleep(0)
    await client.subscribe(topic="notices")
    await client.subscribe(topic="pipelines")
    client.unread = 1
    client.notices.changed(str(USER))
    client.pipelines.look_again()
    await until_async(lambda: not client.notices._due, "notices that were read again")
    client.hub.may_join.set()
    await client.handled()
    assert client.unread_told == [0, 1]
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    await client.notices.close()


async def test_who_wants_every_event_is_subscribed_once_the_hub_has_joined() -> None:
    client = Client()
    client.hub.may_join.clear()
    pump = asyncio.create_task(client.session.pump())
    await asyncio.sleep(0)
    await client.subscribe(topic="user")
    assert client.sent == []
    client.hub.may_join.set()
    await until_async(lambda: client.sent, "the answer")
    client.hub.publish(event(1))
    await client.until(1)
    assert client.sent[0] == {"type": "subscribed", "topic": "user"}
    assert len(client.sent) == 2
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)


async def test_notices_are_told_to_whoever_asked_for_them(client: Client) -> None:
    client.notices.start()
    client.records = [event(1)]
    await client.subscribe()
    client.hub.publish(notices(9))  # nobody has asked yet
    client.hub.publish(event(2))
    await client.until(2)
    client.unread = 3
    await client.subscribe(topic="notices")
    client.unread = 4
    client.notices.changed(f"{uuid4()} {USER}")
    async with asyncio.timeout(LIMIT_S):
        while client.unread_told != [3, 4]:
            client.arrived.clear()
            await client.arrived.wait()
    await client.session.handle('{"type": "unsubscribe", "topic": "notices"}')
    client.hub.publish(notices(8))
    client.hub.publish(event(3))
    await client.until(3)
    assert client.unread_told == [3, 4]
    await client.notices.close()


def unsubscribing(client: Client) -> asyncio.Task[None]:
    text = f'{{"type": "unsubscribe", "topic": "execution:{RUN}"}}'
    return asyncio.create_task(client.session.handle(text))


async def read_again(client: Client) -> None:
    """Return once the session reads the records, and is kept waiting for them."""
    client.may_read.clear()
    client.reading.clear()
    async with asyncio.timeout(LIMIT_S):
        await client.reading.wait()


async def still_delivered(client: Client) -> None:
    await client.subscribe(topic="user")
    client.hub.publish(event(7))
    async with asyncio.timeout(LIMIT_S):
        while 7 not in client.sequences:
            client.arrived.clear()
            await client.arrived.wait()


async def test_unsubscribing_while_the_records_are_read_ends_nothing_else(client: Client) -> None:
    await client.subscribe()
    client.hub.live = False  # so that the records are read again
    await read_again(client)
    client.records = [event(1)]
    leaving = unsubscribing(client)
    await asyncio.sleep(0)
    client.may_read.set()
    await leaving
    await still_delivered(client)


async def test_unsubscribing_while_a_gap_is_waited_for_ends_nothing_else(client: Client) -> None:
    client.records = [event(1)]
    await client.subscribe()
    client.may_read.clear()
    client.hub.publish(event(3))
    client.reading.clear()
    async with asyncio.timeout(LIMIT_S):
        await client.reading.wait()
    leaving = unsubscribing(client)
    await asyncio.sleep(0)
    client.may_read.set()
    await leaving
    await still_delivered(client)


async def test_a_run_that_is_deleted_meanwhile_ends_nothing_else(client: Client) -> None:
    await client.subscribe()
    client.deleted.add(RUN)
    client.hub.live = False
    client.reading.clear()
    async with asyncio.timeout(LIMIT_S):
        await client.reading.wait()
    await still_delivered(client)


@pytest.mark.parametrize("ticks", range(6))
async def test_a_cancel_that_meets_an_event_is_not_lost(ticks: int) -> None:
    client = Client()
    pump = asyncio.create_task(client.session.pump())
    await asyncio.sleep(0)
    client.hub.publish(event(1))
    for _ in range(ticks):
        await asyncio.sleep(0)
    pump.cancel()
    done, _ = await asyncio.wait((pump,), timeout=LIMIT_S)
    assert done == {pump}
    assert pump.cancelled()
    assert client.hub.listeners == []
