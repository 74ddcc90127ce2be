"""A signal that means much to many is done in bounded pieces, and others get on in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from kuber.infra.db import RawPool, raw_pool
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.ids import PipelineId, UserId
from kuber.signals.dispatcher import Dispatcher
from tests.fakes.dispatchers import index_of, message_of, new_dispatcher
from tests.fakes.kafka import signal
from tests.fakes.subscribers import add_pipeline, add_user, count, list_tickers

TICKERS = [f"W{number:03d}" for number in range(30)]
PIPELINES = 4
AT_ONCE = 10


@dataclass(frozen=True)
class Crowd:
    """Pipelines of one user that all want the same tickers."""

    url: str
    pool: RawPool
    user: UserId
    pipelines: list[PipelineId]

    def dispatcher(self) -> Dispatcher:
        return new_dispatcher(
            self.pool, index_of(self.user, self.pipelines, TICKERS), at_once=AT_ONCE
        )


@pytest.fixture
async def crowd(postgres_url: str) -> AsyncIterator[Crowd]:
    user = add_user(postgres_url)
    pipelines = [add_pipeline(postgres_url, user) for _ in range(PIPELINES)]
    list_tickers(postgres_url, TICKERS)
    pool = raw_pool(postgres_url, size=4, application_name="test")
    await pool.open()
    yield Crowd(postgres_url, pool, user, pipelines)
    await pool.close()


def transactions(url: str, table: str) -> int:
    return count(url, f"(select distinct xmin::text from {table}) as written")


async def test_a_batch_that_means_much_is_done_in_several_transactions_of_whole_signals(
    crowd: Crowd,
) -> None:
    batch = [message_of(number, signal(TICKERS[number])) for number in range(6)]
    assert await crowd.dispatcher().handle(batch) == []
    assert count(crowd.url, "runs") == 6 * PIPELINES
    assert count(crowd.url, "signal_matches where outcome = 'started'") == 6 * PIPELINES
    assert transactions(crowd.url, "signals") == 3  # two signals make eight candidates


async def test_one_wide_signal_is_one_transaction_of_many_statements_and_others_get_on(
    crowd: Crowd,
) -> None:
    wide = signal()
    wide["tickers"] = [
        {"ticker": ticker, "signal": "BULLISH", "confidence": 80} for ticker in TICKERS
    ]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    assert await crowd.dispatcher().handle([message_of(0, wide)]) == []
    beside.cancel()
    everything = len(TICKERS) * PIPELINES
    assert count(crowd.url, "signal_matches where outcome = 'started'") == everything
    assert count(crowd.url, "runs") == everything
    assert transactions(crowd.url, "signal_matches") == 1
    assert turns > everything // AT_ONCE
    [announced] = [
        count(crowd.url, "outbox where (payload ->> 'started')::int = %s", everything),
    ]
    assert announced == 1


async def test_wide_signals_that_dispatchers_handle_at_once_wait_for_nobody_in_a_circle(
    crowd: Crowd,
) -> None:
    def wide(offset: int, tickers: list[str]) -> list[IncomingMessage]:
        found = signal(source=f"wide {offset}")
        found["tickers"] = [
            {"ticker": ticker, "signal": "BULLISH", "confidence": 80} for ticker in tickers
        ]
        return [message_of(offset, found)]

    # They name the same tickers in opposite order; a deadlock would raise.
    await asyncio.gather(
        crowd.dispatcher().handle(wide(0, TICKERS)),
        crowd.dispatcher().handle(wide(1, TICKERS[::-1])),
        crowd.dispatcher().handle(wide(2, TICKERS)),
    )
    assert count(crowd.url, "runs") == len(TICKERS) * PIPELINES
    assert count(crowd.url, "signal_matches") == 3 * len(TICKERS) * PIPELINES
