"""PostgreSQL: one engine for units of work, one raw pool for the run engine's hot path."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import Any, ClassVar
from typing import cast as typing_cast
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    MetaData,
    Numeric,
    Text,
    TypeDecorator,
    Uuid,
    cast,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

JsonObject = dict[str, Any]
"""A JSON object as the JSONB driver takes and gives it; typed models stand on either side of it."""


set_json_dumps(orjson.dumps)


IMPATIENT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A machine that is gone without a word is noticed after some seconds, not after hours."""
_POOL_GIVES_UP_AFTER_S = 5.0
UNUSED_S = 15.0
"""After so long a pool closes one of the connections that nobody has used meanwhile: each is a
process of PostgreSQL with some megabytes of its own."""


class Base(DeclarativeBase):
    """Base of all mapped tables; the migrations see every one of them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        JsonObject: JSONB(),
    }


class JsonText(TypeDecorator[bytes]):
    """A JSONB column that is written and read as text: nobody makes objects of a large document."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> orjson.Fragment | None:
        return None if value is None else orjson.Fragment(value)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(cast(column, Text), self)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else value.encode()


MONEY = Numeric(20, 8)
"""Column type of prices, quantities and amounts."""


class Database:
    """A pool of connections to one PostgreSQL; makes units of work.

    `url` is a libpq URL (`postgresql://user:secret@host:port/name`).
    """

    def __init__(self, url: str, *, pool_size: int = 10, application_name: str = "kuber") -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=10,
            connect_args={"application_name": application_name, **IMPATIENT},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: commits when the block ends, rolls back when it raises.

        It takes a connection at its first statement; `set_down` ends it earlier.
        """
        async with self._sessions() as session:
            yield session
            await session.commit()

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        await self.engine.dispose()


ONE_TRANSACTION = "one transaction"
"""In the `info` of a session that must not be set down: all of what it does is kept, or nothing."""


SET_DOWN = "set down"
"""In the `info` of a session that was: what it has read before may have changed since."""


async def set_down(session: AsyncSession) -> None:
    """Commit and give the connection back, so that none is held while others are waited for.

    The next statement begins another transaction, which reads rows anew.
    """
    assert ONE_TRANSACTION not in session.info, "it is all done or nothing of it"
    session.info[SET_DOWN] = True
    await session.commit()
    session.expunge_all()


RawConnection = AsyncConnection[TupleRow]


async def raw_connection(session: AsyncSession) -> RawConnection:
    """Return the connection of a session, within its transaction, for what speaks psycopg."""
    held = await (await session.connection()).get_raw_connection()
    connection = typing_cast(RawConnection, held.driver_connection)
    if connection.info.transaction_status is TransactionStatus.IDLE:
        await session.execute(text("select"))  # else a block of psycopg would commit by itself
    assert connection.info.transaction_status is TransactionStatus.INTRANS, "it has begun"
    return connection


class RawPool(AsyncConnectionPool[RawConnection]):
    """Plain connections; gives out none that has ended while it lay idle.

    To look costs no round trip. psycopg's own `check` does, and pauses after each dead connection,
    longer each time, so that a pool of them answers only after the patience of whoever asks.
    """

    async def getconn(self, timeout: float | None = None) -> RawConnection:  # noqa: ASYNC109
        until = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            connection = await super().getconn(until - monotonic())
            if not _has_ended(connection):
                return connection
            await connection.close()
            await self.putconn(connection)  # which makes another one in its place


def _has_ended(connection: RawConnection) -> bool:
    """Say whether the idle `connection` is of no use: PostgreSQL says nothing unasked but farewell.

    A machine that went without a word is known after the keepalives of `IMPATIENT`.
    """
    if connection.closed:
        return True
    said = select.poll()
    said.register(connection.fileno(), select.POLLIN)
    return bool(said.poll(0))


class DatabaseProbe:
    """Asks PostgreSQL for a sign of life, on connections of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: RawConnection | None = None

    async def ask(self) -> None:
        """Return once PostgreSQL has answered. Raises when it refuses."""
        connection, self._idle = self._idle, None
        if connection is None or _has_ended(connection):
            if connection is not None:
                await connection.close()
            connection = await AsyncConnection.connect(
                self._url, autocommit=True, application_name="kuber-probe", **IMPATIENT
            )
        try:
            await connection.execute("select 1")
        except BaseException:
            await connection.close()
            raise
        surplus = self._keep(connection)
        if surplus is not None:
            await surplus.close()

    async def close(self) -> None:
        if self._idle is not None:
            await self._idle.close()

    def _keep(self, connection: RawConnection) -> RawConnection | None:
        """Keep a connection for the next question; return one that is not needed."""
        surplus, self._idle = self._idle, connection
        return surplus


def raw_pool(
    url: str,
    *,
    size: int,
    application_name: str,
    patience_s: float = 30.0,
    unused_s: float = UNUSED_S,
) -> RawPool:
    """Return a closed psycopg pool in autocommit mode; the caller opens and closes it.

    Whoever waits longer than `patience_s` for a connection gets PoolTimeout. Of more than two
    connections, one goes after each `unused_s` in which not all were used.
    """
    return RawPool(
        url,
        min_size=min(2, size),
        max_size=size,
        timeout=patience_s,
        max_idle=unused_s,
        open=False,
        kwargs={"autocommit": True, "application_name": application_name, **IMPATIENT},
        # Left to itself the pool would wait twice as long after each failure, up to minutes.
        reconnect_timeout=_POOL_GIVES_UP_AFTER_S,
        reconnect_failed=_begin_anew,
    )


async def _begin_anew(pool: AsyncConnectionPool[Any]) -> None:
    if not pool.get_stats().get("pool_available"):
        await pool.check()  # with nothing to check it makes a connection
