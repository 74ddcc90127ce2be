"""PostgreSQL: one engine for units of work, one raw pool for the run engine's hot path."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import DateTime, MetaData, Numeric, Uuid, text
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


class Base(DeclarativeBase):
    """Base of all mapped tables; the migrations see every one of them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        JsonObject: JSONB(),
    }


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
            connect_args={"application_name": application_name, "connect_timeout": 5},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: commits when the block ends, rolls back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        await self.engine.dispose()


RawConnection = AsyncConnection[TupleRow]
RawPool = AsyncConnectionPool[RawConnection]


class Connections(Protocol):
    """Where a connection for one statement comes from: a pool, or one that is held already."""

    def connection(self) -> AbstractAsyncContextManager[RawConnection]: ...


class HeldConnection:
    """Gives out the one connection that its holder keeps; spares the way through the pool."""

    def __init__(self, connection: RawConnection) -> None:
        self._connection = connection

    def connection(self) -> AbstractAsyncContextManager[RawConnection]:
        return nullcontext(self._connection)


def raw_pool(url: str, *, size: int, application_name: str, checked: bool = True) -> RawPool:
    """Return a closed psycopg pool in autocommit mode; the caller opens and closes it.

    `checked` asks PostgreSQL before each use whether the connection still lives, a round trip
    more; without it the first use after a restart of PostgreSQL fails.
    """
    return AsyncConnectionPool(
        url,
        min_size=min(2, size),
        max_size=size,
        open=False,
        check=AsyncConnectionPool.check_connection if checked else None,
        kwargs={"autocommit": True, "application_name": application_name, "connect_timeout": 5},
    )
