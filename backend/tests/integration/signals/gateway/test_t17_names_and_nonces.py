"""T17: what a delivery is known by, across the end of a minute and a Redis that forgot it all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import psycopg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from kuber.api.errors import STATUS
from kuber.infra.db import Database, raw_pool
from kuber.infra.redis import connect_redis
from kuber.infra.retention import Retention
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.signals.catalog import signal_types
from kuber.signals.gateway.assembly import GatewayOptions, make_gateway
from kuber.signals.gateway.errors import NameReused, NonceReplayed, SignatureMalformed
from kuber.signals.gateway.retention import KEPT, OLD_DELIVERIES
from kuber.signals.gateway.schemas import WebhookSourceCreate
from kuber.signals.gateway.service import WebhookGateway
from kuber.signals.gateway.sources import Addresses, WebhookSources
from kuber.signals.gateway.types import Incoming, Receipt, SourceId, SourceKind
from tests.fakes.webhook_senders import body_of, hmac_headers, standard_headers

ALERT = b"AAPL buy 80"


class Sender:
    """One source of one person, and the system outside that sends to it."""

    def __init__(self, gateway: WebhookGateway, source_id: SourceId, secret: str) -> None:
        self.gateway, self.source_id, self.secret = gateway, source_id, secret

    async def alert(self, body: bytes = ALERT) -> Receipt:
        return await self._send(body, {"content-type": "text/plain"}, self.secret)

    async def signed(self, headers: dict[str, str], body: bytes) -> Receipt:
        return await self._send(body, headers, None)

    async def _send(self, body: bytes, headers: dict[str, str], secret: str | None) -> Receipt:
        async def chunks() -> AsyncIterator[bytes]:
            yield body

        lower = {name.lower(): value for name, value in headers.items()}
        incoming = Incoming(lower, chunks(), None, str(new_id()), secret)
        return await self.gateway.receive(self.source_id, incoming)


class Gateways:
    """A gateway on a clock that the test moves, and its sources."""

    def __init__(
        self, gateway: WebhookGateway, sources: WebhookSources, database: Database
    ) -> None:
        self.gateway, self.sources, self.database = gateway, sources, database

    async def sender(self, kind: SourceKind) -> Sender:
        user_id = UserId(new_id())
        body = WebhookSourceCreate(name="Mine", kind=kind)
        async with self.database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO users (id, email, password_hash, role, tier, created_at)"
                    " VALUES (:id, :email, 'x', 'user', 'FREE', now())"
                ),
                {"id": user_id, "email": f"{user_id}@example.com"},
            )
            made = await self.sources.create(session, user_id, body, Addresses("http://k.test"))
        return Sender(self.gateway, SourceId(made.id), made.secret)

    async def signals(self) -> int:
        query = text("SELECT count(*) FROM outbox WHERE topic = 'signals.raw'")
        async with self.database.transaction() as session:
            return int(await session.scalar(query) or 0)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def gateways(database: Database, redis: Redis, clock: FixedClock) -> AsyncIterator[Gateways]:
    pool = raw_pool(database.url, size=4, application_name="kuber-test")
    await pool.open()
    options = GatewayOptions("a-secret-for-this-test-alone", 1000, 10)
    made = make_gateway(pool, redis, clock, options, signal_types, STATUS.__getitem__)
    yield Gateways(*made, database)
    await pool.close()


async def test_t17_an_alert_repeated_across_the_end_of_a_minute_counts_once(
    gateways: Gateways, clock: FixedClock
) -> None:
    sender = await gateways.sender(SourceKind.TRADINGVIEW)
    clock.instant = datetime(2026, 1, 5, 15, 0, 59, tzinfo=UTC)
    first = await sender.alert()
    clock.instant += timedelta(seconds=2)
    again = await sender.alert()
    assert (again.signal_id, first.repeated, again.repeated) == (first.signal_id, False, True)
    other = await sender.alert(b"AAPL sell 80")
    assert not other.repeated
    assert await gateways.signals() == 2


async def test_t17_the_alert_of_a_later_bar_counts_again(
    gateways: Gateways, clock: FixedClock, redis: Redis
) -> None:
    sender = await gateways.sender(SourceKind.TRADINGVIEW)
    await sender.alert()
    key = f"kuber:webhook:alert:{sender.source_id}:{sha256(ALERT).hexdigest()}"
    assert 50 < await redis.ttl(key) < 60, "one alert a minute is not the same one"
    await redis.delete(key)  # its time is over
    clock.instant += timedelta(seconds=60)
    assert not (await sender.alert()).repeated
    assert await gateways.signals() == 2


async def test_t17_an_alert_that_failed_by_our_fault_may_come_again(
    gateways: Gateways, clock: FixedClock
) -> None:
    sender = await gateways.sender(SourceKind.TRADINGVIEW)
    clock.instant = datetime(2026, 1, 5, 15, 0, 59, tzinfo=UTC)
    async with gateways.database.transaction() as session:
        await session.execute(text("ALTER TABLE outbox RENAME TO away"))
    with pytest.raises(psycopg.Error):
        await sender.alert()
    async with gateways.database.transaction() as session:
        await session.execute(text("ALTER TABLE away RENAME TO outbox"))
    clock.instant += timedelta(seconds=5)
    assert not (await sender.alert()).repeated
    assert await gateways.signals() == 1


@pytest.mark.parametrize("header", ["X-Correlation-Id", "Idempotency-Key"])
@pytest.mark.parametrize("named", [False, True])
async def test_t17_a_flushed_redis_lets_no_nonce_through_under_another_name(
    gateways: Gateways, clock: FixedClock, redis: Redis, header: str, named: bool
) -> None:
    sender = await gateways.sender(SourceKind.HMAC)
    body = body_of()
    headers = hmac_headers(sender.secret, body, int(clock.now().timestamp()))
    if named:
        headers[header] = "order-1"
    await sender.signed(headers, body)
    await redis.flushall()
    with pytest.raises(NonceReplayed):
        await sender.signed({**headers, header: "order-2"}, body)
    assert await gateways.signals() == 1


async def test_t17_the_nonce_of_a_repeated_delivery_is_used_up_too(
    gateways: Gateways, clock: FixedClock, redis: Redis
) -> None:
    sender = await gateways.sender(SourceKind.HMAC)
    body, now_s = body_of(), int(clock.now().timestamp())
    first, headers = [
        hmac_headers(sender.secret, body, now_s, **{"X-Correlation-Id": "order-1"})
        for _ in range(2)
    ]
    await sender.signed(first, body)
    receipt = await sender.signed(headers, body)
    assert receipt.repeated
    await redis.flushall()
    with pytest.raises(NonceReplayed):
        await sender.signed({**headers, "X-Correlation-Id": "order-2"}, body)
    assert await gateways.signals() == 1


@pytest.mark.parametrize("kind", [SourceKind.HMAC, SourceKind.STANDARD_WEBHOOKS])
async def test_t17_a_name_stands_for_one_signal_whenever_it_is_written(
    gateways: Gateways, clock: FixedClock, kind: SourceKind
) -> None:
    sender = await gateways.sender(kind)

    async def send(**more: object) -> Receipt:
        now_s = int(clock.now().timestamp())
        body = body_of(timestamp=now_s, **more)
        if kind is SourceKind.HMAC:
            named = hmac_headers(sender.secret, body, now_s, **{"X-Correlation-Id": "order-1"})
        else:
            named = standard_headers(sender.secret, body, now_s, message_id="order-1")
        return await sender.signed(named, body)

    first = await send()
    clock.instant += timedelta(seconds=40)
    again = await send()
    assert (again.signal_id, again.repeated) == (first.signal_id, True)
    aapl = {"ticker": "AAPL", "signal": "BULLISH", "confidence": 1}
    for other in ({"metadata": {"k": 1}}, {"signal_type": "rsi"}, {"tickers": [aapl]}):
        with pytest.raises(NameReused) as refused:
            await send(**other)
        assert refused.value.code == "correlation_id_reused"
    assert await gateways.signals() == 1


async def test_t17_a_nonce_holds_no_dot(gateways: Gateways, clock: FixedClock) -> None:
    sender = await gateways.sender(SourceKind.HMAC)
    body, now_s = body_of(), int(clock.now().timestamp())
    headers = hmac_headers(sender.secret, body, now_s, nonce="a.b")
    with pytest.raises(SignatureMalformed, match="other than the dot"):
        await sender.signed(headers, body)


async def test_old_deliveries_are_forgotten_batch_by_batch_also_of_silent_sources(
    gateways: Gateways, clock: FixedClock
) -> None:
    senders = [await gateways.sender(SourceKind.HMAC) for _ in range(2)]
    now = clock.now()
    old, kept = now - KEPT - timedelta(days=1), now - KEPT + timedelta(days=1)
    for sender in senders:
        for at in (old, old, old, kept):
            await _delivery(gateways.database, sender.source_id, at)
    async with raw_pool(gateways.database.url, size=1, application_name="kuber-test") as pool:
        retention = Retention(pool, clock, replace(OLD_DELIVERIES, batch=4))
        assert [await retention.run_once() for _ in range(3)] == [4, 2, 0]
        await _delivery(gateways.database, senders[0].source_id, old)
        assert await retention.run_once() == 0, "not again within the hour"
        clock.instant += timedelta(hours=1)
        assert await retention.run_once() == 1
    async with gateways.database.transaction() as session:
        left = await session.scalar(text("SELECT count(*) FROM webhook_deliveries"))
    assert left == 2


async def _delivery(database: Database, source_id: SourceId, at: datetime) -> None:
    delivery_id = UUID(int=int(at.timestamp() * 1000) << 80 | uuid4().int & (1 << 64) - 1)
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO webhook_deliveries (id, source_id, external_id, received_at, status,"
                " code, detail, size_bytes, client_network, signal_id) VALUES"
                " (:id, :source, :name, :at, 202, 'accepted', '', 1, 'test', :id)"
            ),
            {"id": delivery_id, "source": source_id, "name": str(delivery_id), "at": at},
        )
