"""The dispatcher's index follows the database, also when the connection falls silent."""

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import Database
from kuber.pipelines.subscriptions import CHANNEL
from kuber.signals.subscriptions import SubscriptionWatch
from tests.fakes.links import link_to
from tests.fakes.subscribers import add_pipeline, add_user
from tests.fixtures.waiting import LIMIT_S, until_async

CHECK_EVERY_S = 0.3


async def tickers_of(_: AsyncSession, scanners: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    return dict.fromkeys(scanners, ("AAPL",))


def notify(url: str, pipeline: UUID) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_notify(%s, %s)", (CHANNEL, f"pipeline:{pipeline}"))


async def reaches(watch: SubscriptionWatch, pipelines: int) -> None:
    await until_async(
        lambda: len(watch.index) == pipelines,
        lambda: f"{pipelines} pipelines in the index, not {len(watch.index)}",
    )


async def test_a_connection_that_fell_silent_is_given_up_and_what_was_missed_is_read_again(
    postgres_url: str,
) -> None:
    port = urlsplit(postgres_url).port
    assert port is not None
    user = add_user(postgres_url)
    add_pipeline(postgres_url, user)
    async with link_to(port) as link:
        database = Database(postgres_url.replace(f":{port}/", f":{link.port}/"), pool_size=1)
        watch = SubscriptionWatch(database, tickers_of, lambda _: None, CHECK_EVERY_S)
        following = asyncio.create_task(watch.run(ready := asyncio.Event()))
        await until_async(ready.is_set, "the first index")
        await asyncio.sleep(3 * CHECK_EVERY_S)
        assert not following.done(), "a connection that is only idle is kept"

        link.open.clear()
        notify(postgres_url, add_pipeline(postgres_url, user))
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(following, LIMIT_S)
        assert len(watch.index) == 1

        link.open.set()
        again = asyncio.create_task(watch.run(ready := asyncio.Event()))
        await until_async(ready.is_set, "the first index")
        assert len(watch.index) == 2
        notify(postgres_url, add_pipeline(postgres_url, user))
        await reaches(watch, 3)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        await database.close()
