"""What happens in an account is read once and told to its owner, in order."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from kuber.infra.db import JsonObject
from kuber.realtime import account_push as push_module
from kuber.realtime import session as session_module
from kuber.realtime.topics import Denied
from tests.fakes.account_news import order_out, position_out
from tests.fakes.event_clients import Client
from tests.fixtures.waiting import until_async


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    opened = Client()
    opened.accounts.start()
    pump = asyncio.create_task(opened.session.pump())
    yield opened
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)
    opened.session.close()
    await opened.accounts.close()
    assert opened.accounts.watched() == set()


@pytest.fixture
async def account(client: Client) -> UUID:
    """An account of the client, which watches it."""
    opened = client.books.open_account()
    await client.subscribe(topic=f"account:{opened}")
    return opened


def told(client: Client) -> list[JsonObject]:
    return [item for item in client.sent if item["type"] != "subscribed"]


async def types_are(client: Client, *types: str) -> None:
    await until_async(lambda: [item["type"] for item in told(client)] == list(types), str(types))


async def test_events_are_told_in_order_with_what_they_are_of(
    client: Client, account: UUID
) -> None:
    order, position = order_out(account), position_out(account)
    client.books.orders[order.id] = order
    client.books.positions[position.id] = position
    client.accounts.changed(
        f"{account} order_updated {order.id}\n{account} position_opened {position.id}\n"
        f"{account} account_changed"
    )
    await types_are(client, "order_updated", "position_opened", "account_changed")
    first, second, third = told(client)
    assert {item["account_id"] for item in (first, second, third)} == {str(account)}
    assert (first["data"]["id"], first["data"]["reference_price"]) == (str(order.id), "150.50")
    assert (second["data"]["id"], second["data"]["stop"]) == (str(position.id), "148.00")
    assert (third["data"]["id"], third["data"]["cash"]) == (str(account), "100000")
    assert client.books.reads == 1
    assert not any("sequence" in item for item in client.sent)


async def test_one_line_may_name_several_and_what_is_gone_is_left_out(
    client: Client, account: UUID
) -> None:
    positions = [position_out(account, "open"), position_out(account, "closed")]
    client.books.positions = {one.id: one for one in positions}
    ids = f"{positions[0].id} {uuid4()} {positions[1].id}"
    client.accounts.changed(f"{account} position_closed {ids}")
    await types_are(client, "position_closed", "position_closed")
    assert [item["data"]["status"] for item in told(client)] == ["open", "closed"]


async def test_what_cannot_be_read_is_to_be_looked_at_and_what_follows_is_told(
    client: Client, account: UUID
) -> None:
    order = order_out(account)
    client.books.orders[order.id] = order
    client.books.fails = 1
    client.accounts.changed(f"{account} order_updated {order.id}")
    await types_are(client, "look_again")
    client.accounts.changed(f"{account} order_updated {order.id}")
    await types_are(client, "look_again", "order_updated")


async def test_of_what_happens_twice_before_it_is_read_the_last_is_told(
    client: Client, account: UUID
) -> None:
    orders = [order_out(account), order_out(account)]
    for order in orders:
        client.accounts.changed(f"{account} order_updated {order.id}")
    client.books.orders = {one.id: one for one in orders}
    client.accounts.changed(f"{account} order_updated {orders[0].id}")
    await types_are(client, "order_updated", "order_updated")
    assert [item["data"]["id"] for item in told(client)] == [str(one.id) for one in orders]
    assert client.books.reads == 1


async def test_who_has_lost_something_is_told_to_look_again(
    client: Client, account: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_module, "_MOST_DUE", 3)
    again = {"type": "look_again", "topic": f"account:{account}"}
    many = " ".join(str(uuid4()) for _ in range(4))
    payloads = (
        f"{account} look_again",
        f"{account} an_event_of_later {uuid4()}",
        f"{account} order_updated {many}",
    )
    for count, payload in enumerate(payloads, start=1):
        client.accounts.changed(payload)
        await types_are(client, *["look_again"] * count)
    client.accounts.look_again()
    await types_are(client, *["look_again"] * 4)
    assert told(client) == [again] * 4
    assert client.books.reads == 0


async def test_nobody_else_hears_of_it(client: Client, account: UUID) -> None:
    other = client.books.open_account()
    client.accounts.changed(f"{other} account_changed")
    client.accounts.changed(f"{account} account_changed")
    await types_are(client, "account_changed")
    assert told(client)[0]["account_id"] == str(account)
    client.accounts.look_again()  # is in the queue when the client leaves
    await client.session.handle(f'{{"type": "unsubscribe", "topic": "account:{account}"}}')
    client.accounts.changed(f"{account} account_changed")
    client.accounts.look_again()
    await client.handled()
    assert len([item for item in told(client) if item["type"] != "pipelines_missed"]) == 1
    assert client.books.reads == 1


async def test_anothers_account_is_refused_as_a_topic_that_is_not_there(client: Client) -> None:
    said = set()
    for topic in (f"account:{uuid4()}", "account:42", "nothing:1"):
        with pytest.raises(Denied) as denied:
            await client.subscribe(topic=topic)
        said.add((denied.value.code, denied.value.detail))
    assert len(said) == 1
    assert client.accounts.watched() == set()


async def test_no_more_accounts_are_watched_than_may_be(
    client: Client, account: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "MOST_ACCOUNTS", 1)
    await client.subscribe(topic=f"account:{account}")
    other = client.books.open_account()
    with pytest.raises(Denied, match="A socket follows 1 accounts"):
        await client.subscribe(topic=f"account:{other}")
