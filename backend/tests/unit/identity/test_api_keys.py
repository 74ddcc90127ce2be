"""How an API key is written, what is kept of it, and what its door asks the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from kuber.identity.api_keys import door as door_module
from kuber.identity.api_keys.door import FRESH_S, KeyDoor
from kuber.identity.api_keys.schemas import ApiKeyCreate
from kuber.identity.api_keys.service import require_scope
from kuber.identity.api_keys.types import (
    SCOPES,
    ApiKeyId,
    KeyPrincipal,
    Scope,
    is_written_as_key,
    key_hash,
    new_key,
)
from kuber.identity.errors import MissingScope
from kuber.identity.types import Role, Tier
from kuber.infra.db import Database
from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId


class _Row:
    def __init__(self) -> None:
        self.id, self.user_id = uuid4(), uuid4()


class _Session:
    def __init__(self, database: "FakeDatabase") -> None:
        self._database = database

    async def execute(self, _statement: object, values: dict[str, object]) -> "_Session":
        self._database.asked.append(values["sha256"])
        if self._database.away:
            raise OperationalError("select", {}, OSError("away"))
        await self._database.answers.wait()
        return self

    def one_or_none(self) -> _Row | None:
        return self._database.row


class FakeDatabase:
    """Answers every look-up with one row, or none."""

    def __init__(self, row: _Row | None) -> None:
        self.row = row
        self.away = False
        self.asked: list[object] = []
        self.answers = asyncio.Event()
        self.answers.set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_Session]:
        yield _Session(self)


def door_of(database: FakeDatabase, clock: FixedClock) -> KeyDoor:
    return KeyDoor(cast(Database, database), clock)


def test_a_key_says_what_it_is_and_holds_256_random_bits() -> None:
    one, other = new_key(), new_key()
    assert one.secret.startswith(f"{one.prefix}_")
    assert one.prefix.startswith("kuber_")
    assert len(one.secret) - len(one.prefix) - 1 == 43
    assert one.secret != other.secret
    assert is_written_as_key(one.secret)
    assert len(key_hash(one.secret)) == 32


@pytest.mark.parametrize(
    "text", ["", "kuber_", "kuber_0123abcd_short", "eyJhbGciOi", "kuber_0123ABCD_" + "x" * 43]
)
def test_what_is_not_written_as_a_key_is_no_key(text: str) -> None:
    assert not is_written_as_key(text)
    assert not is_written_as_key(new_key().secret + "\n")


def test_each_scope_has_a_sentence() -> None:
    assert set(SCOPES) == set(Scope)


def test_scopes_are_kept_once_each_and_in_order() -> None:
    body = ApiKeyCreate.model_validate(
        {"name": "Feed", "scopes": ["quotes:write", "market:read", "quotes:write"]}
    )
    assert body.scopes == [Scope.MARKET_READ, Scope.QUOTES_WRITE]


def test_a_missing_scope_is_named_with_what_the_key_allows() -> None:
    principal = KeyPrincipal(
        UserId(uuid4()),
        "ann@example.com",
        Role.USER,
        Tier.FREE,
        ApiKeyId(uuid4()),
        frozenset({"market:read"}),
    )
    require_scope(principal, Scope.MARKET_READ)
    with pytest.raises(MissingScope) as refused:
        require_scope(principal, Scope.QUOTES_WRITE)
    [problem] = refused.value.problems
    assert problem.code == "quotes:write"
    assert "market:read" in problem.message


async def test_the_door_asks_once_for_a_while_also_for_a_key_that_nobody_has(
    clock: FixedClock,
) -> None:
    for row in (_Row(), None):
        database, secret = FakeDatabase(row), new_key().secret
        door = door_of(database, clock)
        found = [await door.holder(secret) for _ in range(3)]
        assert len(database.asked) == 1
        assert [one and one.user_id for one in found] == [row and row.user_id] * 3
        clock.advance(timedelta(seconds=FRESH_S))
        await door.holder(secret)
        assert len(database.asked) == 2


async def test_requests_of_one_key_at_the_same_time_ask_once(clock: FixedClock) -> None:
    database, secret = FakeDatabase(_Row()), new_key().secret
    door = door_of(database, clock)
    found = await asyncio.gather(*(door.holder(secret) for _ in range(20)))
    assert len(database.asked) == 1
    assert all(found)


async def test_only_so_many_keys_are_looked_up_at_a_time(clock: FixedClock) -> None:
    database = FakeDatabase(_Row())
    database.answers.clear()
    door = door_of(database, clock)
    waiting = [
        asyncio.create_task(door.holder(new_key().secret)) for _ in range(door_module._MOST_ASKING)
    ]
    await asyncio.sleep(0)
    assert await door.holder(new_key().secret) is None
    database.answers.set()
    assert all(await asyncio.gather(*waiting))
    assert len(database.asked) == door_module._MOST_ASKING


async def test_what_is_not_written_as_a_key_is_never_looked_up(clock: FixedClock) -> None:
    database = FakeDatabase(_Row())
    assert await door_of(database, clock).holder("kuber_guess") is None
    assert database.asked == []


async def test_a_key_that_a_route_refused_is_a_strangers_at_once(clock: FixedClock) -> None:
    database, secret = FakeDatabase(_Row()), new_key().secret
    door = door_of(database, clock)
    assert await door.holder(secret) is not None
    door.forget(secret)
    assert await door.holder(secret) is None


async def test_while_the_database_is_away_a_key_is_a_strangers_and_nothing_fails(
    clock: FixedClock,
) -> None:
    database, secret = FakeDatabase(_Row()), new_key().secret
    database.away = True
    door = door_of(database, clock)
    assert await door.holder(secret) is None
    database.away = False
    assert await door.holder(secret) is not None, "an absence is not kept as an answer"
