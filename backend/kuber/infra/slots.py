"""A few slots for a whole installation, held as advisory locks in PostgreSQL.

A slot ends with its connection: the crash of a process frees what it held.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import structlog
from psycopg import AsyncConnection
from psycopg import Error as PsycopgError

from kuber.infra.db import RawConnection

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_PATIENCE_S = 2.0
_TAKE = "select pg_try_advisory_lock(%s, %s)"
_GIVE = "select pg_advisory_unlock(%s, %s)"
_COUNT = """
    select count(*) from pg_locks
    where locktype = 'advisory' and classid = %s::oid and objsubid = 2 and granted
      and database = (select oid from pg_database where datname = current_database())
"""


class AdvisorySlots:
    """Numbered slots under `key`; this process holds all of its own on one connection.

    `key` tells this kind of slot from every other use of two-part advisory locks.
    """

    def __init__(self, database_url: str, key: int, application_name: str) -> None:
        self._url = database_url
        self._key = key
        self._application_name = application_name
        self._connection: RawConnection | None = None
        self._held: set[int] = set()
        self._asking = asyncio.Lock()

    @asynccontextmanager
    async def one(self, most: int) -> AsyncIterator[bool]:
        """Hold a slot of `most` while the block runs; False when all are taken.

        Raises psycopg's Error, OSError or TimeoutError when PostgreSQL does not answer.
        """
        number = await self._take(most)
        try:
            yield number is not None
        finally:
            if number is not None:
                await asyncio.shield(self._give(number))

    async def taken(self) -> int:
        """Return how many slots are taken in the whole installation; raises as `one`."""
        async with self._asking:
            return await self._asked(self._count)

    async def close(self) -> None:
        """Close the connection, which frees what is held."""
        if self._connection is not None:
            await self._connection.close()

    async def _take(self, most: int) -> int | None:
        if len(self._held) >= most:
            return None
        async with self._asking:
            number = await self._asked(partial(self._first_free, most))
            if number is not None:
                self._held.add(number)
            return number

    async def _asked(self, question: Callable[[RawConnection], Awaitable[T]]) -> T:
        """Return the answer; a kept connection that has died meanwhile is replaced once.

        After a failure whether a lock was taken is unknown, so the connection is let go of.
        """
        kept = self._connection is not None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await question(await self._connected())
        except PsycopgError:
            await self._drop()
            if not kept:
                raise
        except BaseException:
            await self._drop()
            raise
        return await self._asked(question)

    async def _first_free(self, most: int, connection: RawConnection) -> int | None:
        for number in range(most):
            # A session may take its own lock again, so what is held here is left out.
            if number not in self._held and await self._ask(connection, _TAKE, number):
                return number
        return None

    async def _count(self, connection: RawConnection) -> int:
        row = await (await connection.execute(_COUNT, (self._key,))).fetchone()
        assert row is not None, "a count has a row"
        return int(row[0])

    async def _give(self, number: int) -> None:
        async with self._asking:
            self._held.discard(number)
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._ask(await self._connected(), _GIVE, number)
            except (PsycopgError, OSError, TimeoutError) as error:
                _log.warning("slot_connection_dropped", error=type(error).__name__)
                await self._drop()

    async def _ask(self, connection: RawConnection, statement: str, number: int) -> bool:
        row = await (await connection.execute(statement, (self._key, number))).fetchone()
        return bool(row and row[0])

    async def _connected(self) -> RawConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                application_name=self._application_name,
                connect_timeout=2,
            )
        return self._connection

    async def _drop(self) -> None:
        """Close the connection; slots of this process that go with it count on in `_held`."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()
