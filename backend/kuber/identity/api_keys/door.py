"""Whose key a request brings, for the door that counts requests; the route decides by itself."""

import asyncio
from datetime import datetime

import structlog
from cachetools import TTLCache
from psycopg import Error as PsycopgError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kuber.identity.api_keys.types import ApiKeyId, KeyHolder, is_written_as_key, key_hash
from kuber.infra.db import Database
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId

_log = structlog.get_logger(__name__)

FRESH_S = 5.0
"""How long an answer is used without looking again."""
_MOST_KEPT = 10_000
_MOST_ASKING = 50
"""More keys than that are not looked up at the same time; whoever made them up waits for none."""
_PATIENCE_S = 1.0

# The last use is written here: at most once a minute, and never in the transaction of a request,
# where requests of one key would wait for one another.
_LOOK_UP = text("""
    with found as (
        select k.id, k.user_id from api_keys k join users u on u.id = k.user_id
        where k.sha256 = :sha256 and k.revoked_at is null and u.disabled_at is null
            and coalesce(k.expires_at, 'infinity') > :now
    ), used as (
        update api_keys k set last_used_at = :now from found
        where k.id = found.id and coalesce(k.last_used_at, '-infinity')
            <= cast(:now as timestamptz) - interval '1 minute'
    )
    select id, user_id from found
""")


class KeyDoor:
    """Knows the holders of working keys for some seconds; never raises.

    A key that it does not know, because nobody does, because it ended or because the database is
    slow, makes its request a stranger's: that takes a stranger's share of places. `database` is
    best one of its own, as for limits.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: TTLCache[bytes, KeyHolder | None] = TTLCache(
            _MOST_KEPT, FRESH_S, lambda: clock.now().timestamp()
        )
        self._asking: dict[bytes, asyncio.Task[None]] = {}

    async def holder(self, secret: str) -> KeyHolder | None:
        """Return whose key it is, None of one that is not known to work."""
        if not is_written_as_key(secret):
            return None
        sha256 = key_hash(secret)
        if sha256 in self._known:
            return self._known[sha256]
        task = self._asking.get(sha256)
        if task is None:
            if len(self._asking) >= _MOST_ASKING:
                return None
            task = self._asking[sha256] = asyncio.create_task(self._ask(sha256))
        await asyncio.wait([task], timeout=_PATIENCE_S)
        return self._known.get(sha256)

    def forget(self, secret: str) -> None:
        """Take a key for unknown: a route has refused it."""
        self._known[key_hash(secret)] = None

    async def _ask(self, sha256: bytes) -> None:
        try:
            self._known[sha256] = await self._look_up(sha256, self._clock.now())
        except (SQLAlchemyError, PsycopgError, OSError) as error:
            _log.warning("key_not_looked_up", error=type(error).__name__)
        finally:
            del self._asking[sha256]

    async def _look_up(self, sha256: bytes, now: datetime) -> KeyHolder | None:
        async with self._database.transaction() as session:
            found = await session.execute(_LOOK_UP, {"sha256": sha256, "now": now})
            row = found.one_or_none()
        return None if row is None else KeyHolder(ApiKeyId(row.id), UserId(row.user_id))
