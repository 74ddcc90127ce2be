"""From a signal on Kafka to its run, and to its first simulated order.

10,000 active pipelines wait on 5,000 tickers; signals come at 200 a second while the workers stand
still, so that the dispatcher alone is measured; its first second after the start, when nothing has
been looked up yet, is a figure of its own. Then, on the idle system, single signals start the
golden-cross pipeline. The end of each is what PostgreSQL tells at the commit, through a trigger
that only this benchmark's database has. Prints figures; exits 0 whatever they are.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from uuid import uuid4

import httpx
import psycopg
from confluent_kafka import Producer

from benchmarks.stack import Stack, running_stack

PIPELINES, TICKERS = 10_000, 5_000
PER_SECOND, SECONDS = 200, 15
ORDERS = 100
GOLDEN_DAY = 1_242_335_600
"""14 May 2009, after the close: the golden-cross pipeline buys AAPL."""

_SETUP = """
    with listing as (
        insert into bar_imports (id, status, source, filename, sha256, size_bytes, done_bytes, said,
                                 found, problems, timeframe, symbols, bar_count, first_at, last_at,
                                 created_at)
        select gen_random_uuid(), 'done', 'imported', 'list', 'x', 0, 0, '{{}}', '{{}}', '[]', '1d',
               array['X'], 1, now(), now(), now()
        returning id
    ), series as (
        insert into bar_series (id, symbol, timeframe, source, state, calendar, import_id,
                                bar_count, first_at, last_at)
        select gen_random_uuid(), 'T' || n, '1d', 'imported', 'active', 'XNYS', listing.id, 1,
               now(), now()
        from listing, generate_series(0, {tickers} - 1) as n
    ), lists as (
        insert into scanners (id, user_id, name, kind, tickers, created_at, updated_at)
        select gen_random_uuid(), p.user_id, 'T' || n, 'manual', array['T' || n], now(), now()
        from pipelines p, generate_series(0, {tickers} - 1) as n where p.id = '{model}'
        returning id, name
    ), copies as (
        insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger, status,
                               revision, version, updated_at)
        select gen_random_uuid(), p.user_id, 'Copy', p.graph, p.graph_digest, p.mode,
               jsonb_build_object('kind', 'signal', 'scanner_id', l.id, 'market_hours_only', false,
                                  'subscriptions', '[{{"signal_type": "rsi",
                                                       "min_confidence": 50}}]'::jsonb),
               'active', 1, 1, now()
        from pipelines p, lists l, generate_series(1, {copies}) where p.id = '{model}'
        returning id, graph, graph_digest, node_count, trigger
    ), kept as (
        insert into pipeline_graphs (id, pipeline_id, digest, graph, node_count, created_at)
        select gen_random_uuid(), id, graph_digest, graph, node_count, now() from copies
        returning id, pipeline_id
    )
    insert into pipeline_versions (pipeline_id, version, graph_id, trigger, created_at)
    select c.id, 1, k.id, c.trigger, now() from copies c join kept k on k.pipeline_id = c.id
"""
_PUBLISH = """
    update pipelines p set published_graph_id = v.graph_id, published_digest = p.graph_digest,
        published_trigger = p.trigger, published_at = now()
    from pipeline_versions v where v.pipeline_id = p.id and p.published_graph_id is null
"""
_TELL = """
    create function tell_{table}() returns trigger language plpgsql as $$
    begin perform pg_notify('bench', '{table}:' || new.{column}); return null; end $$;
    create trigger tell after insert on {table} for each row execute function tell_{table}();
"""


def main() -> None:
    """Measure and print."""
    with running_stack() as stack:
        asyncio.run(_measure(stack))


async def _measure(stack: Stack) -> None:
    async with (
        httpx.AsyncClient(base_url=stack.url, timeout=120) as client,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as database,
        await psycopg.AsyncConnection.connect(stack.database_url, autocommit=True) as listener,
    ):
        await stack.sign_up(client)
        golden = await _golden_cross(client)
        values = {"tickers": TICKERS, "copies": PIPELINES // TICKERS, "model": golden}
        await database.execute(_SETUP.format(**values).encode())
        await database.execute(_PUBLISH)
        for table, column in (("runs", "signal_id"), ("orders", "run_id")):
            await database.execute(_TELL.format(table=table, column=column).encode())
        await database.execute("select pg_notify('kuber_subscriptions', 'user:' || user_id)"
                               " from pipelines where id = %s", (golden,))  # fmt: skip
        await listener.execute("listen bench")
        await asyncio.sleep(5)
        producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "linger.ms": 0})
        with stack.paused("worker"):
            enqueued_ms = await _storm(producer, listener)
            await database.execute("update runs set status = 'cancelled', finished_at = now()")
        first_order_ms = await _orders(producer, listener, database)
        producer.flush(10)
    _print("enqueued at 200/s", enqueued_ms[PER_SECOND:], "targets 15 and 50")
    _print("its first second", enqueued_ms[:PER_SECOND], "no target")
    _print("first order, idle", first_order_ms, "target p99 1000")


async def _golden_cross(client: httpx.AsyncClient) -> str:
    """Create the golden-cross pipeline, waiting for golden crosses of AAPL; return its id."""
    scanner = await client.post(
        "/api/v1/scanners", json={"name": "AAPL", "kind": "manual", "tickers": ["AAPL"]}
    )
    trigger = {
        "kind": "signal",
        "scanner_id": scanner.raise_for_status().json()["id"],
        "subscriptions": [{"signal_type": "golden_cross", "min_confidence": 50}],
    }
    body = {"name": "Golden cross", "template": "golden-cross", "trigger": trigger}
    made = (await client.post("/api/v1/pipelines", json=body)).raise_for_status().json()
    (await client.post(f"/api/v1/pipelines/{made['id']}/activate")).raise_for_status()
    return str(made["id"])


async def _storm(producer: Producer, listener: psycopg.AsyncConnection) -> list[float]:
    """Send signals at a steady pace; return the milliseconds until each run was committed."""
    sent: dict[str, float] = {}
    late: list[float] = []
    count = PER_SECOND * (SECONDS + 1)

    async def send() -> None:
        began = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            signal_id = _publish(producer, f"T{number % TICKERS}", "rsi", time.time())
            sent[signal_id] = time.perf_counter()

    sending = asyncio.create_task(send())
    # Both runs of a signal are committed together, and PostgreSQL tells equal things once.
    async for notice in listener.notifies(timeout=SECONDS + 21):
        kind, _, key = notice.payload.partition(":")
        if kind == "runs":
            late.append((time.perf_counter() - sent[key]) * 1000)
        if len(late) == count:
            break
    await sending
    assert len(late) == count, f"{len(late)} of {count} signals started runs"
    return late


async def _orders(
    producer: Producer, listener: psycopg.AsyncConnection, database: psycopg.AsyncConnection
) -> list[float]:
    """Start the golden-cross pipeline signal by signal; return milliseconds to its first order.

    A run whose simulated venue has nothing to do with it still records its order's intent.
    """
    late = []
    for _ in range(ORDERS):
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        _publish(producer, "AAPL", "golden_cross", GOLDEN_DAY)
        async for notice in listener.notifies(timeout=5):
            if notice.payload.startswith("orders:"):
                late.append((time.perf_counter() - began) * 1000)
                await _finished(database, notice.payload.partition(":")[2])
                break
    assert len(late) == ORDERS, f"{len(late)} of {ORDERS} orders came"
    return late


async def _finished(database: psycopg.AsyncConnection, run_id: str) -> None:
    query = "select 1 from runs where id = %s and finished_at is not null"
    while await (await database.execute(query, (run_id,))).fetchone() is None:  # noqa: ASYNC110
        await asyncio.sleep(0.002)


def _publish(producer: Producer, ticker: str, signal_type: str, at: float) -> str:
    signal_id = str(uuid4())
    message = {
        "signal_id": signal_id,
        "timestamp": at,
        "source": "bench",
        "signal_type": signal_type,
        "tickers": [{"ticker": ticker, "signal": "BULLISH", "confidence": 85}],
    }
    producer.produce("signals.raw", json.dumps(message).encode(), key=ticker.encode())
    producer.poll(0)  # reports of what was delivered are taken in passing
    return signal_id


def _print(what: str, late_ms: Sequence[float], target: str) -> None:
    p99 = statistics.quantiles(late_ms, n=100)[98]
    print(
        f"{what:20} p50 {statistics.median(late_ms):8.1f} ms   p99 {p99:8.1f} ms"
        f"   ({len(late_ms)} measured; {target})"
    )


if __name__ == "__main__":
    main()
