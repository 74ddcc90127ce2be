"""The gateway's own statements: read a source, keep an accepted delivery, note a refused one.

Each is one round trip. That of an accepted delivery writes the delivery and the announcement of
its signal together, so that there is either both or nothing.

Sources are remembered for a moment, because the same few send most deliveries. A delivery is
accepted only while its source is still as it was read, so nothing gets in by what was remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from cachetools import LRUCache
from psycopg import OperationalError
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from kuber.infra.db import RawPool
from kuber.infra.outbox import ANNOUNCEMENT, outbox_values
from kuber.kernel.ids import UserId
from kuber.notifications.outbox import TO_TELL, TOLD
from kuber.signals.events import SignalRaised
from kuber.signals.gateway.keys import SecretKeeper
from kuber.signals.gateway.types import Delivery, Proof, Source, SourceId, SourceKind

REFUSALS_KEPT = 200
REMEMBERED = timedelta(seconds=1)
_MOST_REMEMBERED = 10_000
_PATIENCE_S = 5.0
"""How long a delivery waits for a connection."""

_SOURCE = """
    select user_id, name, kind, secrets, previous_until, allowed_networks, rate_per_minute, enabled,
      updated_at
    from webhook_sources where id = %s
"""

# The row of the source is asked again: it may have been changed or deleted meanwhile.
_ACCEPT = f"""
    with source as (
      select id from webhook_sources
      where id = %(source_id)s and enabled and updated_at = %(version)s for key share
    ), delivery as (
      insert into webhook_deliveries
        (id, source_id, external_id, nonce, fingerprint, received_at, status, code, detail,
         size_bytes, client_network, signal_id)
      select %(id)s, source.id, %(external_id)s, %(nonce)s, %(fingerprint)s, %(received_at)s,
        %(status)s, %(code)s, %(detail)s, %(size_bytes)s, %(client_network)s, %(signal_id)s
      from source
      on conflict do nothing
      returning signal_id
    )
    {ANNOUNCEMENT}
    select %(event_id)s, %(topic)s, %(key)s, %(payload)s, %(headers)s from delivery
    returning event_id
"""  # noqa: S608

_EARLIER = """
    select id, received_at, status, code, detail, size_bytes, client_network, signal_id,
      fingerprint, nonce
    from webhook_deliveries where source_id = %s and external_id = %s
"""

_KNOWS_NONCE = "select 1 from webhook_deliveries where source_id = %s and nonce = %s"

_REPEAT = """
    insert into webhook_deliveries
      (id, source_id, nonce, received_at, status, code, detail, size_bytes, client_network,
       signal_id)
    select %(id)s, id, %(nonce)s, %(received_at)s, %(status)s, %(code)s, %(detail)s,
      %(size_bytes)s, %(client_network)s, %(signal_id)s
    from webhook_sources where id = %(source_id)s
    on conflict (source_id, nonce) do nothing
    returning id
"""

_REFUSE = f"""
    with refused as (
      insert into webhook_deliveries
        (id, source_id, received_at, status, code, detail, size_bytes, client_network)
      select %(id)s, id, %(received_at)s::timestamptz, %(status)s, %(code)s::text,
        %(detail)s::text, %(size_bytes)s, %(client_network)s
      from webhook_sources where id = %(source_id)s
      returning source_id
    )
    {TO_TELL}
    select s.user_id, 'webhook_refused', %(received_at)s::timestamptz,
      jsonb_build_object('source_id', s.id, 'source_name', s.name, 'code', %(code)s::text,
                         'detail', %(detail)s::text),
      %(told_as)s::text
    from refused r join webhook_sources s on s.id = r.source_id
    where not exists ({TOLD} (s.user_id, %(told_as)s::text))
"""  # noqa: S608
"""The owner is told once an hour: a sender that goes wrong goes wrong with every delivery."""

_TRIM = """
    delete from webhook_deliveries
    where source_id = %(source_id)s and signal_id is null and id <= (
      select id from webhook_deliveries where source_id = %(source_id)s and signal_id is null
      order by id desc offset %(kept)s limit 1)
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A delivery that was accepted before, the keyed hash of what it said, and its nonce."""

    delivery: Delivery
    fingerprint: bytes
    nonce: str | None


class GatewayStore:
    """Statements on a pool in autocommit mode."""

    def __init__(self, pool: RawPool, keeper: SecretKeeper) -> None:
        self._pool = pool
        self._keeper = keeper
        self._remembered: LRUCache[SourceId, Source] = LRUCache(_MOST_REMEMBERED)

    async def source(self, source_id: SourceId, now: datetime) -> Source | None:
        """Return the source as it was at most `REMEMBERED` ago; raises SecretUnreadable."""
        found = self._remembered.get(source_id)
        if found is not None and now - found.read_at < REMEMBERED:
            return found
        return await self.fresh_source(source_id, now)

    async def fresh_source(self, source_id: SourceId, now: datetime) -> Source | None:
        """Return the source as it is, with the secrets that are valid now.

        Raises SecretUnreadable.
        """
        self._remembered.pop(source_id, None)
        row = await self._one_row(_SOURCE, (source_id,))
        if row is None:
            return None
        user_id, name, kind, boxes, previous_until, networks, rate_per_minute, enabled, version = (
            row
        )
        valid = boxes if previous_until is not None and now < previous_until else boxes[:1]
        found = Source(
            id=source_id,
            user_id=UserId(user_id),
            name=name,
            kind=SourceKind(kind),
            secrets=self._open(source_id, valid),
            allowed_networks=tuple(networks),
            rate_per_minute=rate_per_minute,
            enabled=enabled,
            version=version,
            read_at=now,
        )
        if enabled:
            self._remembered[source_id] = found
        return found

    async def accept(
        self,
        source: Source,
        delivery: Delivery,
        proof: Proof,
        fingerprint: bytes,
        event: SignalRaised,
    ) -> bool:
        """Keep a delivery and announce its signal; False when the source is not as it was
        read any more, or has sent a delivery of this name or with this nonce before."""
        announced = outbox_values(event)
        values = {
            **_columns(delivery),
            "source_id": source.id,
            "version": source.version,
            "external_id": proof.external_id,
            "nonce": proof.nonce,
            "fingerprint": fingerprint,
            **announced,
            "payload": Jsonb(announced["payload"]),
            "headers": Jsonb(announced["headers"]),
        }
        return await self._one_row(_ACCEPT, values) is not None

    async def earlier(self, source_id: SourceId, external_id: str) -> Earlier | None:
        """Return the accepted delivery with this name."""
        row = await self._one_row(_EARLIER, (source_id, external_id))
        return None if row is None else Earlier(Delivery(*row[:8]), bytes(row[8] or b""), row[9])

    async def knows_nonce(self, source_id: SourceId, nonce: str) -> bool:
        """Say whether an accepted delivery of the source had this nonce."""
        return await self._one_row(_KNOWS_NONCE, (source_id, nonce)) is not None

    async def repeat(self, source_id: SourceId, delivery: Delivery, nonce: str) -> bool:
        """Put a repeated delivery on record; False when its nonce was used before."""
        values = {**_columns(delivery), "source_id": source_id, "nonce": nonce}
        return await self._one_row(_REPEAT, values) is not None

    async def refuse(self, source_id: SourceId, delivery: Delivery) -> None:
        """Put a refusal on record and forget all but the newest `REFUSALS_KEPT` of the source."""
        hour = delivery.received_at.strftime("%Y-%m-%dT%H")
        values = {
            **_columns(delivery),
            "source_id": source_id,
            "told_as": f"webhook_refused {source_id} {hour}",
        }
        async with self._pool.connection(_PATIENCE_S) as connection:
            await connection.execute(_REFUSE, values)
            await connection.execute(_TRIM, {"source_id": source_id, "kept": REFUSALS_KEPT})

    async def _one_row(
        self, statement: str, values: Sequence[object] | Mapping[str, object]
    ) -> TupleRow | None:
        """Return the first row. A statement whose connection breaks is repeated once: each may
        run twice, because the delivery's name decides."""
        try:
            return await self._first_row(statement, values)
        except PoolTimeout:
            raise
        except OperationalError:
            return await self._first_row(statement, values)

    async def _first_row(
        self, statement: str, values: Sequence[object] | Mapping[str, object]
    ) -> TupleRow | None:
        async with self._pool.connection(_PATIENCE_S) as connection:
            return await (await connection.execute(statement, values)).fetchone()

    def _open(self, source_id: UUID, boxes: Sequence[bytes]) -> tuple[str, ...]:
        return tuple(self._keeper.open(source_id, bytes(box)) for box in boxes)


def _columns(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "received_at": delivery.received_at,
        "status": delivery.status,
        "code": delivery.code,
        "detail": delivery.detail,
        "size_bytes": delivery.size_bytes,
        "client_network": delivery.client_network,
        "signal_id": delivery.signal_id,
    }
