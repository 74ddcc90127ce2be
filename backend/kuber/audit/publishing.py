"""Sends the chain to Kafka, in its order, from where it was left."""

import json

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from kuber.audit import statements
from kuber.audit.canonical import object_of
from kuber.audit.events import AuditEntryLinked
from kuber.infra.kafka import KafkaProducer, MessagesRefused, OutgoingMessage
from kuber.infra.outbox import outbox_values

log = structlog.get_logger(__name__)

BATCH = 500
_NEXT = f"""
    select l.chain_position, e.event_id, e.correlation_id, e.event_type,
           {statements.shown("e.at")}, e.data, e.user_id, l.hash, l.previous_hash
    from audit_links l join audit_entries e on e.id = l.entry_id
    where l.chain_position > coalesce((select chain_position from audit_published), 0)
    order by l.chain_position limit %s
"""  # noqa: S608
_PUBLISHED = """
    insert into audit_published (id, chain_position) values (1, %s)
    on conflict (id) do update set chain_position = excluded.chain_position
"""


class ChainPublisher:
    """At least once: what was sent when the process died is sent a second time."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer

    async def publish(self, connection: AsyncConnection[TupleRow]) -> int:
        """Send the next entries; return how many. Raises KafkaUnavailable.

        An entry that Kafka never takes is said in the log and holds up nothing.
        """
        rows = await (await connection.execute(_NEXT, (BATCH,))).fetchall()
        if not rows:
            return 0
        try:
            await self._producer.publish([_message(row) for row in rows])
        except MessagesRefused as error:
            for place, reason in error.reasons.items():
                log.error("audit_entry_refused", chain_position=rows[place][0], reason=reason)
        await connection.execute(_PUBLISHED, (rows[-1][0],))
        return len(rows)


def _message(row: TupleRow) -> OutgoingMessage:
    position, event_id, correlation_id, kind, at, data, user_id, hash_, previous_hash = row
    values = outbox_values(
        AuditEntryLinked(
            occurred_at=at,
            correlation_id=correlation_id,
            event_id=event_id,
            chain_position=position,
            event_type=kind,
            user_id=user_id,
            data=object_of(data),
            hash=hash_.hex(),
            previous_hash=previous_hash.hex(),
        )
    )
    payload = json.dumps(values["payload"]).encode()
    return OutgoingMessage(values["topic"], values["key"].encode(), payload, values["headers"])
