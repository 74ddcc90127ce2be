"""Every expected run exists once: dispatchers and workers die all the time, batches come again."""

import json
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from kuber.costs.service import CostService
from kuber.identity.types import Tier
from kuber.infra.db import raw_pool
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import PipelineId, UserId
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.signals.catalog import signal_types
from kuber.signals.dispatcher import Dispatcher
from kuber.signals.index import Subscriber, SubscriptionIndex
from kuber.signals.tiers import TierPolicy
from tests.fakes.graphs import steps
from tests.fakes.kafka import own_broker, publish, signal
from tests.fixtures.traders import Trader
from tests.fixtures.workers import Installation, NewInstallation, Program
from tests.integration.signals.test_dispatch import settle, subscribed

PIPELINES = 10
TICKERS = 500
SIGNALS = PIPELINES * TICKERS
ROUNDS = 200
KILL_EVERY_S = 2.5
FINISHED_WITHIN_S = 150


@pytest.fixture
def crowded(new_installation: NewInstallation, tmp_path: Path) -> Iterator[Installation]:
    with own_broker(tmp_path) as kafka:
        made = new_installation(kafka=kafka, KUBER_RUNS_PER_PROCESS="8")
        api = made.api()
        made.beat()
        api.wait_ready()
        list_tickers(made)
        yield made


def list_tickers(made: Installation) -> None:
    """Make every ticker an instrument that has prices, as far as the dispatcher asks."""
    names = [ticker for number in range(PIPELINES) for ticker in tickers_of(number)]
    made.query(
        """
        with listing as (
            insert into bar_imports (id, source, filename, sha256, timeframe, symbols, bar_count,
                                     first_at, last_at, created_at)
            values (gen_random_uuid(), 'imported', 'list', 'x', '1d', %s, 1, now(), now(), now())
            returning id
        )
        insert into bar_series (id, symbol, timeframe, source, import_id, bar_count, first_at,
                                last_at)
        select gen_random_uuid(), name, '1d', 'imported', listing.id, 1, now(), now()
        from listing, unnest(%s::text[]) as name
        """,
        names,
        names,
    )


def tickers_of(number: int) -> tuple[str, ...]:
    return tuple(f"T{number}{ticker:03d}" for ticker in range(TICKERS))


def test_two_dispatchers_and_two_workers_under_random_kill_lose_and_double_nothing(
    crowded: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    trader = crowded.sign_up()
    for number in range(PIPELINES):
        subscribed(trader, 50, tickers=tickers_of(number), graph=steps(work={}))
    programs = _start(crowded)
    settle()
    messages = [
        signal(ticker, confidence=80, source="storm")
        for pair in zip(*(tickers_of(number) for number in range(PIPELINES)), strict=True)
        for ticker in pair
    ]
    dice = random.Random(20261121)
    kills, sent, began = {"dispatcher": 0, "worker": 0}, 0, time.monotonic()
    while True:
        if sent < SIGNALS:
            publish(crowded.kafka_bootstrap, "signals.raw", *messages[sent : sent + 500])
            sent += 500
        if _finished(crowded) == SIGNALS:
            break
        assert time.monotonic() - began < FINISHED_WITHIN_S, _counts(crowded)
        if sent < SIGNALS or _recorded(crowded) < SIGNALS:
            kind, place = dice.choice(("dispatcher", "worker")), dice.randrange(2)
            programs[kind][place].kill()
            kills[kind] += 1
            programs[kind][place] = _one(crowded, kind)
        time.sleep(KILL_EVERY_S)
    counts = _counts(crowded)
    with capsys.disabled():
        sys.stdout.write(f"\n{SIGNALS} signals, {kills} kills: {counts}\n")
    assert kills["dispatcher"]
    assert kills["worker"]
    assert counts == {
        "signals": SIGNALS,
        "matches": SIGNALS,
        "runs": SIGNALS,
        "succeeded": SIGNALS,
        "pairs": SIGNALS,
        "dead": 0,
    }


async def test_t04_a_dispatcher_that_dies_before_its_offsets_are_committed_repeats_nothing(
    crowded: Installation,
) -> None:
    trader = crowded.sign_up()
    pipeline = subscribed(trader, 50, tickers=tickers_of(0))
    index = _index_of(crowded, trader, pipeline)
    pool = raw_pool(crowded.database_url, size=2, application_name="test")
    await pool.open()
    clock = SystemClock()
    market = MarketService(pool, clock, MarketSimulator(7))
    woken = 0

    async def wake() -> None:
        nonlocal woken
        woken += 1

    for number in range(ROUNDS):
        batch = [_message(number, tickers_of(0)[number])]
        for _ in range(2):  # the second one is what the next dispatcher gets after the kill
            dispatcher = Dispatcher(
                pool, market, _costs(), TierPolicy(False), clock, signal_types(), wake
            )
            dispatcher.index = index
            assert await dispatcher.handle(batch) == []
    await pool.close()
    assert woken == ROUNDS
    assert _counts(crowded)["runs"] == ROUNDS
    assert _counts(crowded)["matches"] == ROUNDS


def _costs() -> CostService:
    return CostService(SystemClock(), Decimal(5), Decimal(25))


def _index_of(crowded: Installation, trader: Trader, pipeline: str) -> SubscriptionIndex:
    return SubscriptionIndex(
        [
            Subscriber(
                PipelineId(UUID(pipeline)),
                UserId(UUID(trader.id)),
                Tier.FREE,
                {"golden_cross": 50},
                tickers_of(0),
            )
        ]
    )


def _message(offset: int, ticker: str) -> IncomingMessage:
    value = json.dumps(signal(ticker)).encode()
    return IncomingMessage("signals.raw", 0, offset, 1_700_000_000_000, b"", value, {})


def _start(crowded: Installation) -> dict[str, list[Program]]:
    programs = {kind: [_one(crowded, kind) for _ in range(2)] for kind in ("dispatcher", "worker")}
    for program in [*programs["dispatcher"], *programs["worker"]]:
        program.wait_ready()
    return programs


def _one(crowded: Installation, kind: str) -> Program:
    if kind == "worker":
        return crowded.worker(wait=False)
    return crowded.services("dispatcher", wait=False)


def _finished(crowded: Installation) -> int:
    return _count(crowded, "runs where status = 'succeeded'")


def _recorded(crowded: Installation) -> int:
    return _count(crowded, "signals")


def _count(crowded: Installation, what: str) -> int:
    [[count]] = crowded.query(f"select count(*) from {what}")
    assert isinstance(count, int)
    return count


def _counts(crowded: Installation) -> dict[str, int]:
    return {
        "signals": _recorded(crowded),
        "matches": _count(crowded, "signal_matches where outcome = 'started'"),
        "runs": _count(crowded, "runs"),
        "succeeded": _finished(crowded),
        "pairs": _count(crowded, "(select distinct pipeline_id, symbol from runs) as pair"),
        "dead": _count(crowded, "dead_letters"),
    }
