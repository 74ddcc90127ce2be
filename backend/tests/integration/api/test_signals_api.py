"""The list of signals, and what a trigger would have started from those on record."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import LiteralString
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from kuber.api.app import create_app
from kuber.bootstrap.api import open_api
from kuber.config import Settings
from kuber.infra.db import JsonObject
from kuber.market.calendars import calendar_for
from kuber.market.instruments import EXCHANGE
from kuber.market.types import to_datetime, to_datetime64
from tests.fakes.api_container import browser
from tests.integration.api.conftest import sign_in

SIGNALS = "/api/v1/signals"
_INSERT = """
    insert into signals (id, idempotency_key, user_id, source, signal_type, occurred_at,
                         received_at, tickers, details, extra, correlation_id)
    values (%(id)s::uuid, %(id)s::text, %(user_id)s, %(source)s, %(signal_type)s, %(occurred_at)s,
            %(received_at)s, %(tickers)s, '{}', '{}', 'c')
"""
_MATCH = """
    insert into signal_matches (signal_id, pipeline_id, symbol, user_id, outcome, reason, detail,
                                confidence, threshold)
    select %s, id, 'AAPL', user_id, %s, %s, 'because', 80, 70 from pipelines where id = %s
"""
NOW = datetime.now(UTC)


class Record:
    """Puts signals on record as the dispatcher does."""

    def __init__(self, postgres_url: str) -> None:
        self._url = postgres_url

    def add(
        self,
        signal_type: str = "rsi",
        *tickers: tuple[str, float],
        age: timedelta = timedelta(minutes=1),
        owner: str | None = None,
        source: str = "generator",
        received_at: datetime | None = None,
    ) -> str:
        """Record a signal; return its id. `owner` is an e-mail address, None the platform."""
        signal_id, at = str(uuid4()), NOW - age
        named = tickers or (("AAPL", 80),)
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute("select id from users where email = %s", (owner,)).fetchone()
            values = {
                "id": signal_id,
                "user_id": row[0] if row else None,
                "source": source,
                "signal_type": signal_type,
                "occurred_at": at,
                "received_at": received_at or at,
                "tickers": Jsonb(
                    [
                        {"ticker": ticker, "signal": "BULLISH", "confidence": confidence}
                        for ticker, confidence in named
                    ]
                ),
            }
            connection.execute(_INSERT, values)
        return signal_id

    def match(self, signal_id: str, pipeline_id: str, outcome: str, reason: str | None) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(_MATCH, (signal_id, outcome, reason, pipeline_id))

    def run(self, signal_id: str, run_id: UUID) -> None:
        """Let the signal have started a run that is no more."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            statement = "update signal_matches set run_id = %s where signal_id = %s"
            connection.execute(statement, (run_id, signal_id))

    def count(self, table: LiteralString) -> int:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(f"select count(*) from {table}").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def record(postgres_url: str) -> Record:
    return Record(postgres_url)


async def listed(client: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the ids of one page of signals."""
    answer = await client.get(SIGNALS, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def preview(
    client: httpx.AsyncClient, tickers: Sequence[str], least: dict[str, float], **more: object
) -> JsonObject:
    """Return what a trigger on a scanner with `tickers` would have started."""
    scanner = {"name": "Mine", "kind": "manual", "tickers": list(tickers)}
    made = await client.post(
        "/api/v1/scanners", json=scanner, headers={"Idempotency-Key": str(uuid4())}
    )
    assert made.status_code == 201, made.text
    body = {
        "scanner_id": made.json()["id"],
        "subscriptions": [
            {"signal_type": kind, "min_confidence": value} for kind, value in least.items()
        ],
        **more,
    }
    answer = await client.post(f"{SIGNALS}/preview", json=body)
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


async def test_signals_come_newest_first_page_by_page_and_none_twice(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, record: Record
) -> None:
    together = NOW - timedelta(minutes=9)  # received in one batch: the id decides
    twins = sorted(record.add(received_at=together) for _ in range(3))
    own = record.add(owner="ann@example.com", age=timedelta(minutes=5))
    newest = record.add(age=timedelta(minutes=1))
    theirs = record.add(owner="bob@example.com", age=timedelta(minutes=3))
    pages: list[list[str]] = []
    cursor = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await ann.get(SIGNALS, params=query)).json()
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one for page in pages for one in page] == [newest, own, *reversed(twins)]
    assert (await listed(bob))[:2] == [newest, theirs]
    assert own not in await listed(bob)
    assert (await ann.get(f"{SIGNALS}/{theirs}")).status_code == 404
    assert (await ann.get(SIGNALS, params={"cursor": "not one of ours"})).status_code == 422


async def test_signals_are_found_by_type_source_and_ticker_in_any_spelling(
    ann: httpx.AsyncClient, record: Record
) -> None:
    rsi = record.add("rsi", ("AAPL", 80), ("BTCUSD", 60))
    cross = record.add("golden_cross", ("MSFT", 80), source="elsewhere")
    assert await listed(ann, signal_type="golden_cross") == [cross]
    assert await listed(ann, source="generator") == [rsi]
    for spelling in ("BTC/USD", "btc-usd", "BTCUSD"):
        assert await listed(ann, ticker=spelling) == [rsi], spelling
    assert await listed(ann, ticker="aapl") == [rsi]
    for nothing in ("AAP", "no symbol!"):
        assert await listed(ann, ticker=nothing) == []
    assert await listed(ann, ticker="MSFT", signal_type="rsi") == []


async def test_signals_are_found_by_what_they_meant_for_the_callers_pipelines(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, record: Record
) -> None:
    made = await ann.post(
        "/api/v1/pipelines",
        json={"name": "Mine", "template": "golden-cross"},
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert made.status_code == 201, made.text
    started, skipped, nothing = (record.add(age=timedelta(minutes=n)) for n in (1, 2, 3))
    record.match(started, made.json()["id"], "started", None)
    record.match(skipped, made.json()["id"], "skipped", "below_threshold")
    assert await listed(ann, outcome="started") == [started]
    assert await listed(ann, outcome="skipped") == [skipped]
    assert await listed(ann) == [started, skipped, nothing]
    assert await listed(bob, outcome="started") == []
    shown = (await ann.get(f"{SIGNALS}/{skipped}")).json()
    assert (shown["started"], shown["skipped"]) == (0, 1)
    [match] = shown["matches"]
    assert (match["pipeline_name"], match["reason"]) == ("Mine", "below_threshold")
    assert shown["unmatched"] is None


async def test_a_signal_keeps_what_it_matched_when_the_pipeline_is_deleted(
    ann: httpx.AsyncClient, record: Record
) -> None:
    made = await ann.post("/api/v1/pipelines", json={"name": "Mine", "template": "golden-cross"})
    pipeline = made.json()["id"]
    started, skipped, alone = (record.add(age=timedelta(minutes=n)) for n in (1, 2, 3))
    record.match(started, pipeline, "started", None)
    record.match(skipped, pipeline, "skipped", "not_active")
    record.run(started, uuid4())
    [before] = (await ann.get(f"{SIGNALS}/{started}")).json()["matches"]
    assert before["execution_id"] is not None
    assert (await ann.delete(f"/api/v1/pipelines/{pipeline}")).status_code == 204
    assert (await ann.get(f"/api/v1/pipelines/{pipeline}")).status_code == 404
    assert (await ann.get("/api/v1/pipelines")).json()["items"] == []
    [after] = (await ann.get(f"{SIGNALS}/{started}")).json()["matches"]
    gone = {"pipeline_deleted": True, "execution_id": None}
    assert after == {**before, **gone}, "its run is deleted, and no link leads there"
    assert after["pipeline_name"] == "Mine"
    [match] = (await ann.get(f"{SIGNALS}/{skipped}")).json()["matches"]
    assert (match["reason"], match["pipeline_deleted"]) == ("not_active", True)
    assert (await ann.get(f"{SIGNALS}/{alone}")).json()["matches"] == []


async def test_a_pipeline_that_no_signal_named_is_deleted_without_a_trace(
    ann: httpx.AsyncClient, record: Record
) -> None:
    made = await ann.post("/api/v1/pipelines", json={"name": "Mine", "template": "golden-cross"})
    await ann.delete(f"/api/v1/pipelines/{made.json()['id']}")
    assert record.count("pipelines") == 0


async def test_a_signal_that_matched_nothing_says_why(
    ann: httpx.AsyncClient, record: Record
) -> None:
    signal = record.add("rsi", ("AAPL", 80))

    async def why() -> tuple[str, str]:
        [listed] = (await ann.get(SIGNALS)).json()["items"]
        shown = (await ann.get(f"{SIGNALS}/{signal}")).json()
        assert listed["unmatched"] == shown["unmatched"]
        return shown["unmatched"]["reason"], shown["unmatched"]["detail"]

    assert (await why())[0] == "no_pipeline"
    scanner = await ann.post(
        "/api/v1/scanners",
        json={"name": "Mine", "kind": "manual", "tickers": ["TSLA"]},
        headers={"Idempotency-Key": str(uuid4())},
    )
    trigger = {
        "kind": "signal",
        "scanner_id": scanner.json()["id"],
        "subscriptions": [{"signal_type": "rsi", "min_confidence": 70}],
    }
    made = await ann.post(
        "/api/v1/pipelines",
        json={"name": "Mine", "template": "golden-cross", "trigger": trigger},
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert made.status_code == 201, made.text
    assert (await why())[0] == "no_pipeline"
    switched_on = await ann.post(f"/api/v1/pipelines/{made.json()['id']}/activate")
    assert switched_on.status_code == 200, switched_on.text
    reason, detail = await why()
    assert (reason, "AAPL" in detail) == ("ticker", True)


async def test_a_preview_counts_the_tickers_that_are_sure_enough(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, record: Record
) -> None:
    record.add("rsi", ("AAPL", 80), ("MSFT", 69.9), ("TSLA", 99))
    record.add("rsi", ("AAPL", 70), age=timedelta(days=29))
    record.add("rsi", ("AAPL", 99), age=timedelta(days=31))
    record.add("rsi", ("TSLA", 99), owner="ann@example.com")
    record.add("rsi", ("AAPL", 99), owner="bob@example.com")
    record.add("golden_cross", ("AAPL", 99))
    found = await preview(ann, ["AAPL", "MSFT"], {"rsi": 70, "macd_crossover": 0})
    assert (found["days"], found["recorded"], found["signals"], found["runs"]) == (30, 3, 3, 2)
    rsi, macd = found["by_type"]
    assert rsi == {
        "signal_type": "rsi",
        "recorded": 3,
        "signals": 3,
        "below_threshold": 1,
        "market_closed": 0,
        "tier_allows": True,
        "runs": 2,
    }
    assert (macd["recorded"], macd["runs"]) == (0, 0)
    assert (await preview(bob, ["AAPL"], {"rsi": 90.5}))["runs"] == 1


async def test_a_preview_for_market_hours_leaves_out_what_came_while_the_market_was_closed(
    ann: httpx.AsyncClient, record: Record
) -> None:
    opened, closed = last_session()
    for moment in (opened, closed - timedelta(seconds=1)):  # open
        record.add("rsi", ("AAPL", 80), ("BTCUSD", 80), age=NOW - moment)
    for moment in (opened - timedelta(seconds=1), closed):  # closed, the close itself included
        record.add("rsi", ("AAPL", 80), ("BTCUSD", 80), ("MSFT", 10), age=NOW - moment)
    tickers = ["AAPL", "MSFT", "BTC/USD"]
    assert (await preview(ann, tickers, {"rsi": 70}))["runs"] == 8
    found = await preview(ann, tickers, {"rsi": 70}, market_hours_only=True)
    assert (found["signals"], found["runs"]) == (10, 6)  # crypto trades always
    [rsi] = found["by_type"]
    assert (rsi["below_threshold"], rsi["market_closed"]) == (2, 2)


def last_session() -> tuple[datetime, datetime]:
    """Return when New York's last session that is over began and ended."""
    now = to_datetime64(NOW)
    hours = calendar_for(EXCHANGE).hours(now, now)
    last = int(hours.closes.searchsorted(now)) - 1
    return to_datetime(hours.opens[last]), to_datetime(hours.closes[last])


@pytest.fixture
async def strict(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A person on the free tier of an installation that holds tiers to their limits."""
    limited = settings.model_copy(update={"enforce_subscription_limits": True})
    application = create_app(partial(open_api, limited))
    async with (
        application.router.lifespan_context(application),
        browser(application) as opened,
    ):
        await sign_in(opened, "eve@example.com")
        yield opened


async def test_a_preview_starts_nothing_by_a_type_that_the_tier_lacks(
    strict: httpx.AsyncClient, record: Record
) -> None:
    record.add("rsi", ("AAPL", 80))
    record.add("external", ("AAPL", 80))
    found = await preview(strict, ["AAPL"], {"rsi": 70, "external": 70})
    assert (found["signals"], found["runs"]) == (2, 1)
    assert [item["tier_allows"] for item in found["by_type"]] == [False, True]


async def test_a_preview_wants_a_scanner_of_the_callers_own_and_a_span_it_can_count(
    ann: httpx.AsyncClient,
) -> None:
    body: JsonObject = {
        "scanner_id": str(UUID(int=7)),
        "subscriptions": [{"signal_type": "rsi", "min_confidence": 70}],
    }
    assert (await ann.post(f"{SIGNALS}/preview", json=body)).status_code == 404
    wrongs: list[JsonObject] = [{"days": 91}, {"days": 0}, {"subscriptions": []}]
    for wrong in wrongs:
        answer = await ann.post(f"{SIGNALS}/preview", json=body | wrong)
        assert answer.status_code == 422, wrong
