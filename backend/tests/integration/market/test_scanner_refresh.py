"""Scanners looked up on schedule: by one instance each, and written only while they still fit."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from kuber.infra.db import Database, JsonObject, RawPool
from kuber.infra.outbound import OutboundClient, OutboundLimits
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.providers import simulator
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.providers.universe import UNIVERSE
from kuber.market.sample.seed import seed_sample
from kuber.market.scanners import refresh
from kuber.market.scanners.refresh import ScannerRefresher
from kuber.market.scanners.schemas import ScannerBody, ScannerOut
from kuber.market.scanners.service import ScannerService, tickers_of
from kuber.market.scanners.types import ScannerFilter, ScannerId, ScannerKind
from kuber.market.service import MarketService
from tests.fakes.list_server import ListServer, list_server
from tests.fixtures.traders import Trader
from tests.fixtures.waiting import until
from tests.fixtures.workers import Installation
from tests.integration.market.conftest import add_user

MINUTES = 30
QUICK = OutboundLimits(read_s=0.5, total_s=2, attempts=1)


@pytest.fixture
async def outbound() -> AsyncIterator[OutboundClient]:
    opened = OutboundClient(QUICK, trusted_networks=(ip_network("127.0.0.1/32"),))
    yield opened
    await opened.close()


@pytest.fixture
def scanners(
    pool: RawPool, outbound: OutboundClient, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> ScannerService:
    monkeypatch.setattr(simulator, "UNIVERSE", {"NVDA": UNIVERSE["NVDA"]})
    return ScannerService(MarketService(pool, clock, MarketSimulator(7)), outbound, clock)


@pytest.fixture
def refresher(
    database: Database, scanners: ScannerService, outbound: OutboundClient, clock: FixedClock
) -> ScannerRefresher:
    return ScannerRefresher(database, scanners, outbound, clock)


@pytest.fixture
async def server() -> AsyncIterator[ListServer]:
    async with list_server() as running:
        yield running


class Scanners:
    """What the tests do with scanners, each act in a transaction of its own."""

    def __init__(self, database: Database, service: ScannerService, user: UserId) -> None:
        self.database, self.service, self.user = database, service, user

    async def make(self, url: str | None = None, **body: object) -> ScannerId:
        fields = {"kind": ScannerKind.API, "url": url, "refresh_minutes": MINUTES, **body}
        async with self.database.transaction() as session:
            made = await self.service.create(
                session, self.user, ScannerBody.model_validate({"name": "Mine", **fields})
            )
        return ScannerId(made.id)

    async def replace(self, scanner_id: ScannerId, **body: object) -> None:
        async with self.database.transaction() as session:
            await self.service.replace(
                session,
                self.user,
                scanner_id,
                ScannerBody.model_validate({"name": "Mine", **body}),
            )

    async def get(self, scanner_id: ScannerId) -> ScannerOut:
        async with self.database.transaction() as session:
            return await self.service.get(session, self.user, scanner_id)


@pytest.fixture
def mine(database: Database, scanners: ScannerService, user: UserId) -> Scanners:
    return Scanners(database, scanners, user)


async def test_a_scanner_is_looked_up_when_it_is_due_and_not_before(
    mine: Scanners, refresher: ScannerRefresher, server: ListServer, clock: FixedClock
) -> None:
    made = await mine.make(server.url)
    assert await refresher.refresh_due() == 1
    found = await mine.get(made)
    assert (found.tickers, found.refreshed_at) == (["AAPL", "MSFT"], clock.now())
    assert found.next_refresh_at == clock.now() + timedelta(minutes=MINUTES)
    clock.advance(timedelta(minutes=MINUTES) - timedelta(seconds=1))
    assert await refresher.refresh_due() == 0
    clock.advance(timedelta(seconds=1))
    server.answer(["GOOG"])
    assert await refresher.refresh_due() == 1
    assert (await mine.get(made)).tickers == ["GOOG"]


async def test_a_filter_follows_the_bars_of_its_owner(
    database: Database, mine: Scanners, refresher: ScannerRefresher, clock: FixedClock
) -> None:
    wanted = ScannerFilter.model_validate(
        {"all": [{"field": "sector", "op": "in", "value": ["Technology"]}]}
    )
    made = await mine.make(kind="filter", filter=wanted)
    assert (await mine.get(made)).tickers == ["NVDA"], "what the simulator trades is looked at too"
    async with database.transaction() as session:
        await seed_sample(session, clock)
    clock.advance(timedelta(minutes=MINUTES))
    assert await refresher.refresh_due() == 1
    assert sorted((await mine.get(made)).tickers) == ["AAPL", "MSFT", "NVDA"]


async def test_many_instances_look_each_scanner_up_once(
    mine: Scanners, refresher: ScannerRefresher, server: ListServer
) -> None:
    for _ in range(12):
        await mine.make(server.url)
    server.before_s = 0.1
    done = 0
    while done < 12:
        done += sum(await asyncio.gather(*(refresher.refresh_due(limit=3) for _ in range(6))))
    assert await refresher.refresh_due() == 0
    assert done == len(server.requests) == 12


async def test_nobody_waits_behind_the_many_scanners_of_somebody(
    database: Database, mine: Scanners, refresher: ScannerRefresher, server: ListServer
) -> None:
    for _ in range(12):
        await mine.make(server.url)
    other = Scanners(database, mine.service, await add_user(database))
    last = await other.make(server.url)
    assert await refresher.refresh_due(limit=6) == 4, "three of the one, one of the other"
    assert (await other.get(last)).tickers == ["AAPL", "MSFT"]


async def test_a_list_that_is_long_in_coming_holds_up_no_filter(
    mine: Scanners,
    refresher: ScannerRefresher,
    server: ListServer,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refresh, "_FILTERS_EVERY_S", 0.02)
    wanted = {"all": [{"field": "price", "op": ">", "value": 0}]}
    screened = await mine.make(kind="filter", filter=wanted)
    await mine.make(server.url)
    server.before_s = 10
    before = (await mine.get(screened)).refreshed_at
    under_way = asyncio.create_task(refresher.refresh_due())
    await server.asked.wait()
    clock.advance(timedelta(minutes=MINUTES))
    while (await mine.get(screened)).refreshed_at == before:
        assert not under_way.done(), "the filter had to wait for the list"
        await asyncio.sleep(0.01)
    assert await under_way == 2


async def test_what_a_dead_instance_had_taken_is_due_again(
    database: Database, mine: Scanners, refresher: ScannerRefresher, clock: FixedClock
) -> None:
    async with list_server() as server:
        made = await mine.make(server.url)
        server.before_s = 10
        dying = asyncio.create_task(refresher.refresh_due())
        await server.asked.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert await refresher.refresh_due() == 0, "still put off by the one that died"
        clock.advance(timedelta(minutes=2))
        server.before_s = 0
        assert await refresher.refresh_due() == 1
    assert (await mine.get(made)).tickers == ["AAPL", "MSFT"]


async def test_an_answer_for_what_the_scanner_no_longer_is_comes_to_nothing(
    mine: Scanners, refresher: ScannerRefresher, server: ListServer
) -> None:
    made = await mine.make(server.url)
    server.before_s = 0.2
    under_way = asyncio.create_task(refresher.refresh_due())
    await server.asked.wait()
    await mine.replace(made, kind="manual", tickers=["TSLA"])
    await under_way
    assert (await mine.get(made)).tickers == ["TSLA"]


async def test_a_scanner_deleted_during_its_look_up_stays_deleted(
    database: Database, mine: Scanners, refresher: ScannerRefresher, server: ListServer
) -> None:
    made = await mine.make(server.url)
    server.before_s = 0.2
    under_way = asyncio.create_task(refresher.refresh_due())
    await server.asked.wait()
    async with database.transaction() as session:
        await mine.service.delete(session, mine.user, made)
    assert await under_way == 1
    async with database.transaction() as session:
        assert await tickers_of(session, [made]) == {}


async def test_one_broken_address_does_not_keep_the_others_waiting(
    mine: Scanners, refresher: ScannerRefresher, server: ListServer
) -> None:
    broken = await mine.make("http://127.0.0.1:9/nobody")
    good = await mine.make(server.url)
    assert await refresher.refresh_due() == 2
    assert "cannot be reached" in ((await mine.get(broken)).refresh_error or "")
    assert (await mine.get(good)).tickers == ["AAPL", "MSFT"]


def test_the_service_looks_up_what_is_due(installation: Installation, trader: Trader) -> None:
    wanted = {"all": [{"field": "sector", "op": "in", "value": ["Currencies"]}]}
    body = {"name": "Pairs", "kind": "filter", "filter": wanted}
    made = trader.http.post("/scanners", json=body).json()
    installation.query(
        "update scanners set tickers = '{}', next_refresh_at = now() where id = %s", made["id"]
    )
    service = installation.services("scanners")

    def scanner() -> JsonObject:
        answer: JsonObject = trader.http.get(f"/scanners/{made['id']}").json()
        return answer

    until(lambda: scanner()["tickers"], "the tickers of a scanner that is due")
    found = scanner()
    service.stop()
    assert found["tickers"] == made["tickers"]
    assert {"EURUSD", "GBPUSD"} <= set(found["tickers"])
    assert found["refreshed_at"] > made["refreshed_at"]


async def test_the_dispatcher_reads_the_tickers_of_many_scanners_at_once(
    database: Database, mine: Scanners
) -> None:
    one = await mine.make(kind="manual", tickers=["AAPL", "MSFT"], refresh_minutes=None)
    two = await mine.make(kind="manual", tickers=["GOOG"], refresh_minutes=None)
    async with database.transaction() as session:
        found = await tickers_of(session, {one, two, new_id()})
        assert found == {one: ("AAPL", "MSFT"), two: ("GOOG",)}
        assert await tickers_of(session, []) == {}
