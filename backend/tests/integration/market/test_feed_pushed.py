"""The feed announces what users sent for themselves, as what it is."""

import json
from decimal import Decimal

from sqlalchemy import text

from kuber.infra.db import Database
from kuber.kernel.ids import UserId, new_id
from kuber.market.feed.pushed.intake import PushedQuotes
from kuber.market.feed.pushed.schemas import QuotePush
from tests.fakes.feeds import Feeds, ScriptedSource, SilentProducer, counted, stored
from tests.fixtures.waiting import until_async

ANN = UserId(new_id())


async def test_what_a_user_sent_is_announced_once_as_what_it_is(
    database: Database, feeds: Feeds
) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "insert into users (id, email, password_hash, role, tier, created_at)"
                " values (:id, 'ann@example.com', 'x', 'user', 'FREE', now())"
            ),
            {"id": ANN},
        )
        push = QuotePush(
            symbol="NVDA",
            last_price=Decimal(7),
            source="alpaca",
            ts=feeds.clock.now(),
        )
        await PushedQuotes(feeds.clock).take(session, ANN, push)
    producer, source = SilentProducer(), ScriptedSource()
    async with feeds.run(source, producer) as feed:
        await until_async(lambda: counted(feed, "published", 1), "an announcement")
        source.script.put_nowait([feeds.quote("AMD", 50)])
        await until_async(lambda: counted(feed, "published", 2), "a quote of the feed")
        assert feed.status()["believed"] == 1, "what a user sent is no quote of the feed"
    told, other = producer.messages
    assert told.key == f"{ANN}:NVDA".encode()
    assert told.headers["type"] == "QuotePushed"
    assert other.headers["type"] == "QuoteReceived"
    said = json.loads(told.value)
    assert (said["source"], said["sender"], said["user_id"]) == ("pushed", "alpaca", str(ANN))
    assert set(await stored(database)) == {"AMD"}
