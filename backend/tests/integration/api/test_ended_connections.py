"""The first request after PostgreSQL ended every connection is answered as any other."""

import httpx
import psycopg

from tests.fakes.webhook_senders import body_of
from tests.integration.api.webhook_tools import deliveries_of, make_sender, outbox


def end_all_connections(url: str) -> None:
    """End every other connection to this test's database, as a restart of PostgreSQL does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


async def test_no_delivery_is_lost_to_connections_that_have_ended(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    for number in range(3):
        end_all_connections(postgres_url)
        answer = await sender.deliver(body_of(metadata={"number": number}))
        assert answer.status_code == 202, answer.text
    assert len(outbox(postgres_url)) == 3
    assert [one["code"] for one in await deliveries_of(sender)] == ["accepted"] * 3


async def test_a_refused_delivery_is_on_record_although_connections_have_ended(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    sender = await make_sender(ann)
    end_all_connections(postgres_url)
    assert (await sender.deliver(b"{}")).status_code == 422
    (refused,) = await deliveries_of(sender)
    assert refused["status"] == 422


async def test_prices_are_read_although_connections_have_ended(
    ann: httpx.AsyncClient, postgres_url: str
) -> None:
    end_all_connections(postgres_url)
    answer = await ann.get("/api/v1/market/symbols/AAPL")
    assert answer.status_code == 200, answer.text
    end_all_connections(postgres_url)
    assert (await ann.get("/api/v1/market/symbols/AAPL")).status_code == 200
