"""Hostile messages against the real database: kept, or put away with a reason, at once."""

import json
from typing import Any

from hypothesis import given, settings
from prometheus_client import REGISTRY

from kuber.infra.db import raw_pool
from kuber.infra.dead_letters import Rejected, store_dead_letters
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.clock import SystemClock
from kuber.signals.index import SubscriptionIndex
from tests.fakes.dispatchers import new_dispatcher
from tests.fakes.hostile_signals import HEADERS, PATIENT, SIGNALS
from tests.fakes.kafka import signal

COUNT = 150
KEYED = {"idempotency_key": "1"}


def hostile_messages() -> list[IncomingMessage]:
    """Return the same hostile messages at each run."""
    made: list[IncomingMessage] = []

    @settings(PATIENT, max_examples=COUNT)
    @given(SIGNALS, HEADERS)
    def collect(value: dict[str, Any], headers: dict[str, str]) -> None:
        raw = json.dumps(value).encode()
        made.append(IncomingMessage("signals.raw", 0, len(made), 1, b"\x00\xff", raw, headers))

    collect()
    return made


async def test_whatever_comes_no_message_is_tried_twice_or_lost(postgres_url: str) -> None:
    messages = hostile_messages()
    async with raw_pool(postgres_url, size=2, application_name="test") as pool:
        dispatcher = new_dispatcher(pool, SubscriptionIndex(()))
        rejected = list(await dispatcher.handle(messages))
        assert COUNT / 10 < len(rejected) < COUNT
        broken = IncomingMessage(
            "signals.raw", 0, 10**6, 1, None, b"\x00" * 990_000, {"a\x00": "\x00"}
        )
        rejected.append(Rejected(broken, "not_json", "\x00" * 5_000))
        async with pool.connection() as connection:
            await store_dead_letters(connection, SystemClock(), "dispatcher", rejected)
            kept = await (await connection.execute("select count(*) from signals")).fetchone()
            away = await (await connection.execute("select count(*) from dead_letters")).fetchone()
            sizes = await (
                await connection.execute("select max(octet_length(payload::text)) from outbox")
            ).fetchone()
    assert kept is not None
    assert kept[0] > COUNT / 10
    assert away == (len(rejected),)
    assert sizes is not None
    assert sizes[0] < 1_000_000


async def test_what_comes_twice_is_counted_as_repeated_and_kept_once(postgres_url: str) -> None:
    keyed = [
        IncomingMessage(
            "signals.raw", 0, offset, 1, None, json.dumps(signal(source=source)).encode(), KEYED
        )
        for offset, source in enumerate(("one", "two", "one"))
    ]
    before = repeated()
    async with raw_pool(postgres_url, size=2, application_name="test") as pool:
        dispatcher = new_dispatcher(pool, SubscriptionIndex(()))
        for _ in range(2):
            assert await dispatcher.handle(keyed) == []
        async with pool.connection() as connection:
            kept = await connection.execute("select source from signals order by source")
            assert await kept.fetchall() == [("one",), ("two",)]
    assert repeated() - before == 4


def repeated() -> float:
    return REGISTRY.get_sample_value("kuber_signals_repeated_total") or 0
