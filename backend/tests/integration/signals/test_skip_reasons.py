"""Why did my pipeline not run? Every reason there is, from the dispatcher to `GET /signals`.

The real dispatcher handles messages in this process; the API answers from the same database.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import httpx
import pytest
from pydantic import SecretStr

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.costs.service import CostService
from kuber.infra.db import Database, JsonObject, RawPool, raw_pool
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.clock import SystemClock
from kuber.market.scanners.service import tickers_of
from kuber.market.service import MarketService
from kuber.signals.catalog import signal_types
from kuber.signals.dispatcher import Dispatcher
from kuber.signals.index import SubscriptionIndex
from kuber.signals.subscriptions import SubscriptionWatch
from kuber.signals.tiers import TierPolicy
from kuber.signals.types import SkipReason
from tests.fakes.api_container import SECRET, browser
from tests.fakes.graphs import chain, node
from tests.fakes.kafka import signal
from tests.fakes.troubled_market import AWAY, UNLISTED, TroubledMarket

PLENTY = Decimal(1000)
TICKERS = {
    SkipReason.BELOW_THRESHOLD: "AMD",
    SkipReason.ALREADY_RUNNING: "NVDA",
    SkipReason.TIER: "TSLA",
    SkipReason.BUDGET: "JPM",
    SkipReason.MARKET_CLOSED: "AMZN",
    SkipReason.UNKNOWN_SYMBOL: UNLISTED,
    SkipReason.MARKET_UNAVAILABLE: AWAY,
    SkipReason.NOT_ACTIVE: "META",
    SkipReason.QUEUE_FULL: "NFLX",
}
"""One pipeline waits for each of them, so that a signal on the ticker meets that one only."""

DETAILS = {
    SkipReason.BELOW_THRESHOLD: "Confidence 20 is below the threshold of 50.",
    SkipReason.ALREADY_RUNNING: "A run of the pipeline on NVDA was not over yet.",
    SkipReason.TIER: "The tier FREE has no golden_cross signals.",
    SkipReason.BUDGET: "$30.00 of the daily budget of $25.00 is spent.",
    SkipReason.MARKET_CLOSED: "The market of AMZN was closed at 2023-12-10 18:56 UTC.",
    SkipReason.UNKNOWN_SYMBOL: f"There are no prices for {UNLISTED}.",
    SkipReason.MARKET_UNAVAILABLE: (f"There were no prices to be had for {AWAY}: Nobody answered."),
    SkipReason.NOT_ACTIVE: "The pipeline was not active any more.",
    SkipReason.QUEUE_FULL: (
        "No run on NFLX was started: as many of your runs were waiting as may be."
    ),
}


@dataclass
class World:
    """One signed-in person with an API, and dispatchers beside it that share an index."""

    http: httpx.AsyncClient
    database: Database
    pool: RawPool
    index: SubscriptionIndex

    async def waiting(self, ticker: str, *, market_hours_only: bool = False) -> str:
        """Return an active pipeline that waits for golden crosses of 50 on `ticker`."""
        scanner = {"name": ticker, "kind": "manual", "tickers": [ticker]}
        trigger = {
            "kind": "signal",
            "scanner_id": (await self.post("/scanners", scanner))["id"],
            "subscriptions": [{"signal_type": "golden_cross", "min_confidence": 50}],
            "market_hours_only": market_hours_only,
        }
        graph = chain(node("data", "market_data"))
        body = {"name": f"On {ticker}", "graph": graph, "trigger": trigger}
        made = str((await self.post("/pipelines", body))["id"])
        await self.post(f"/pipelines/{made}/activate", {})
        return made

    async def post(self, path: str, body: JsonObject) -> JsonObject:
        answer = await self.http.post(path, json=body)
        assert answer.is_success, answer.text
        given: JsonObject = answer.json()
        return given

    async def load(self) -> None:
        """Read the subscriptions as a dispatcher does when it starts."""

        def use(index: SubscriptionIndex) -> None:
            self.index = index

        await SubscriptionWatch(self.database, tickers_of, use).load()

    async def send(
        self, *messages: JsonObject, tiers: bool = False, per_day: Decimal = PLENTY
    ) -> None:
        clock = SystemClock()
        dispatcher = Dispatcher(
            self.pool,
            MarketService(self.pool, clock, TroubledMarket()),
            CostService(clock, Decimal(5), per_day),
            TierPolicy(tiers),
            clock,
            signal_types(),
            _nobody_to_wake,
        )
        dispatcher.index = self.index
        assert await dispatcher.handle([_read(message) for message in messages]) == []

    async def spend(self, amount: int) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into daily_spend (user_id, day, amount) select id, %s, %s from users",
                (SystemClock().now().date(), amount),
            )

    async def limit_queue(self, runs: int) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "insert into limits (scope, name, value)"
                " select concat('user:', id), 'queued_runs', %s from users",
                (runs,),
            )

    async def shown(self, **filters: str) -> list[JsonObject]:
        answer = await self.http.get("/signals", params=filters)
        items: list[JsonObject] = answer.json()["items"]
        return items


@pytest.fixture
async def world(postgres_url: str, redis_url: str, kafka_bootstrap: str) -> AsyncIterator[World]:
    settings = Settings(
        database_url=SecretStr(postgres_url),
        redis_url=SecretStr(redis_url),
        kafka_bootstrap=kafka_bootstrap,
        jwt_secret=SecretStr(SECRET),
        log_level="WARNING",
    )
    app = create_app(partial(open_api, settings))
    database = Database(postgres_url, pool_size=2)
    pool = raw_pool(postgres_url, size=2, application_name="test")
    await pool.open()
    async with app.router.lifespan_context(app), browser(app) as client:
        account = {"email": "ann@example.com", "password": "three quiet herons"}
        await client.post("/api/v1/auth/register", json=account)
        answer = await client.post("/api/v1/auth/login", json=account)
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        client.base_url = httpx.URL("http://127.0.0.1/api/v1")
        yield World(client, database, pool, SubscriptionIndex())
    await pool.close()
    await database.close()


async def _nobody_to_wake() -> None:
    """Runs stay pending: there are no workers."""


def _read(message: JsonObject) -> IncomingMessage:
    value = json.dumps(message).encode()
    headers = {"idempotency_key": str(message["source"])}
    return IncomingMessage("signals.raw", 0, 0, 1_702_234_567_000, b"", value, headers)


def _on(reason: SkipReason, confidence: float = 85) -> JsonObject:
    return signal(TICKERS[reason], confidence, source=reason.value)


async def test_every_reason_for_which_a_pipeline_does_not_run_is_shown(world: World) -> None:
    pipelines = {
        reason: await world.waiting(ticker, market_hours_only=reason is SkipReason.MARKET_CLOSED)
        for reason, ticker in TICKERS.items()
    }
    await world.load()
    # The dispatchers have not heard yet that this one was switched off.
    await world.post(f"/pipelines/{pipelines[SkipReason.NOT_ACTIVE]}/deactivate", {})
    await world.send(signal("NVDA", source="first"), _on(SkipReason.ALREADY_RUNNING))
    await world.send(_on(SkipReason.BELOW_THRESHOLD, 20), _on(SkipReason.MARKET_CLOSED))
    await world.send(_on(SkipReason.UNKNOWN_SYMBOL), _on(SkipReason.MARKET_UNAVAILABLE))
    await world.send(_on(SkipReason.NOT_ACTIVE))
    await world.send(_on(SkipReason.TIER), tiers=True)
    await world.limit_queue(1)
    await world.send(_on(SkipReason.QUEUE_FULL))
    await world.spend(30)
    await world.send(_on(SkipReason.BUDGET), per_day=Decimal(25))

    shown = {item["source"]: item for item in await world.shown()}
    assert (shown["first"]["started"], shown["first"]["skipped"]) == (1, 0)
    told = {}
    for reason, ticker in TICKERS.items():
        item = shown[reason.value]
        [match] = item["matches"]
        assert (item["started"], item["skipped"]) == (0, 1)
        assert (match["outcome"], match["reason"]) == ("skipped", reason.value)
        assert (match["pipeline_id"], match["symbol"]) == (pipelines[reason], ticker)
        assert match["execution_id"] is None
        assert (await world.http.get(f"/signals/{item['id']}")).json() == item
        told[reason] = match["detail"]
    assert told == DETAILS
    skipped = await world.shown(outcome="skipped")
    assert {item["source"] for item in skipped} == {reason.value for reason in TICKERS}


async def test_a_signal_exactly_at_the_threshold_starts_the_pipeline(world: World) -> None:
    await world.waiting("AMD")
    await world.load()
    await world.send(signal("AMD", 50, source="exactly"))
    [item] = await world.shown()
    [match] = item["matches"]
    assert (match["outcome"], match["reason"]) == ("started", None)
    assert match["detail"] == "Confidence 50 reaches the threshold of 50."


async def test_a_tier_that_has_the_signals_is_started_by_them(world: World) -> None:
    await world.waiting("TSLA")
    async with world.pool.connection() as connection:
        await connection.execute("update users set tier = 'BASIC'")
    await world.load()
    await world.send(_on(SkipReason.TIER), tiers=True)
    [item] = await world.shown()
    assert (item["started"], item["skipped"]) == (1, 0)


async def test_a_full_queue_takes_the_first_runs_of_a_batch_and_names_the_others(
    world: World,
) -> None:
    """What already runs takes no place from those that could start."""
    for ticker in ("AMD", "AMZN", "META", "NVDA"):
        await world.waiting(ticker)
    await world.load()
    await world.send(signal("AMD", source="first"))
    await world.limit_queue(3)
    await world.send(*(signal(name, source=name) for name in ("AMD", "AMZN", "META", "NVDA")))
    told = {item["source"]: item["matches"][0] for item in await world.shown()}
    assert {name: told[name]["reason"] for name in ("AMD", "AMZN", "META", "NVDA")} == {
        "AMD": "already_running",
        "AMZN": None,
        "META": None,
        "NVDA": "queue_full",
    }
