"""Dead letters: what a consumer could not use is kept whole, can be read, and sent again."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.infra.db import JsonObject, RawConnection
from kuber.infra.headers import EVENT_ID, correlation_id_of, event_id_of, traceparent_of
from kuber.infra.kafka import (
    CONSUMERS,
    MAX_MESSAGE_BYTES,
    IncomingMessage,
    dead_letter_topic,
)
from kuber.infra.models import DeadLetterRow
from kuber.infra.outbox import OutboxRow, confirm
from kuber.infra.telemetry import process_name, traceparent
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import ErrorKind, KuberError
from kuber.kernel.ids import new_id

REPLAYED = "kuber_replayed"
"""Header of a message that an administrator sent again: the id of its dead letter."""
MOST_ANNOUNCED = 65_536
"""Characters of a message that are announced: less than Kafka takes even if each is escaped."""
_MOST_DETAIL = 2_000

_PUT = """
    with put as (
        insert into dead_letters (id, fingerprint, consumer, topic, partition, message_offset, key,
                                  payload, headers, reason, detail, attempts, created_at)
        values (%(id)s, %(fingerprint)s, %(consumer)s, %(topic)s, %(partition)s, %(offset)s,
                %(key)s, %(payload)s, %(headers)s, %(reason)s, %(detail)s, %(attempts)s, %(now)s)
        on conflict (fingerprint) do nothing returning id
    )
    insert into outbox (event_id, topic, key, payload, headers)
    select put.id, %(dead_topic)s, %(dead_key)s, %(announced)s, %(announced_headers)s from put
"""


class NotReplayable(KuberError):
    """Kafka will not take the message again, whatever one waits for."""

    kind = ErrorKind.TOO_LARGE
    code = "not_replayable"
    title = "The message cannot be sent again"
    usual_remedy = "Discard the message, and have it sent again in smaller parts."


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that its consumer gave up, and why; `reason` is a code, `detail` a sentence."""

    message: IncomingMessage
    reason: str
    detail: str
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is announced of a message that was put away: where it stood, why, and what it said.

    `payload` is text, or base64 where `encoding` says so. Of a long message it is the beginning, up
    to 65,536 characters, and `cut` is true; the whole is kept under the id that the header
    `idempotency_key` holds: `./kuber dead-letters show ID`.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    attempts: int
    encoding: Literal["utf-8", "base64"]
    payload: str
    cut: bool


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Dead letters, newest first."""

    items: list[DeadLetterRow]
    next_cursor: str | None


async def store_dead_letters(
    connection: RawConnection, clock: Clock, consumer: str, rejected: Sequence[Rejected]
) -> None:
    """Keep `rejected` and announce them on the consumer's dead-letter topic, in the caller's
    transaction, which confirms them, too. A message that was put away before is not kept twice."""
    assert consumer in CONSUMERS, "every consumer has a topic for its dead letters"
    for item in rejected:
        message = item.message
        letter_id = new_id()
        letter, headers = announcement(item, letter_id)
        values: JsonObject = {
            "id": letter_id,
            "fingerprint": _identity(consumer, message),
            "consumer": consumer,
            "topic": message.topic,
            "partition": message.partition,
            "offset": message.offset,
            "key": message.key,
            "payload": message.value,
            "headers": Jsonb(_without_nul(message.headers)),
            "reason": item.reason,
            "detail": letter.detail,
            "attempts": item.attempts,
            "now": clock.now(),
            "dead_topic": dead_letter_topic(consumer),
            "dead_key": readable(message.key or b"")[0][:200].replace("\x00", ""),
            "announced": Jsonb(asdict(letter)),
            "announced_headers": Jsonb(headers),
        }
        await connection.execute(_PUT, values)
    await confirm(connection, [item.message for item in rejected])


def announcement(item: Rejected, letter_id: UUID) -> tuple[DeadLetter, dict[str, str]]:
    """Return value and headers of the message that tells of a dead letter."""
    message = item.message
    text, encoding = readable(message.value)
    letter = DeadLetter(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        reason=item.reason,
        detail=item.detail.replace("\x00", "")[:_MOST_DETAIL],
        attempts=item.attempts,
        encoding=encoding,
        payload=text[:MOST_ANNOUNCED],
        cut=len(text) > MOST_ANNOUNCED,
    )
    return letter, _announced_headers(letter_id, message)


def _announced_headers(letter_id: UUID, message: IncomingMessage) -> dict[str, str]:
    """Return the announcement's headers; it belongs to what the message belonged to."""
    parent = traceparent_of(message.headers) or traceparent()
    return {
        "type": "DeadLetter",
        "schema_version": "1",
        "idempotency_key": str(letter_id),
        "correlation_id": correlation_id_of(message.headers) or str(new_id()),
        "service": process_name(),
        **({"traceparent": parent} if parent else {}),
    }


def fingerprint(consumer: str, message: IncomingMessage) -> str:
    """Return what tells one message from all others, also after a broker began again at zero."""
    digest = hashlib.sha256(f"{consumer}|{message.topic}|{message.partition}|".encode())
    digest.update(f"{message.offset}|{message.timestamp_ms}|".encode())
    digest.update(message.value)
    return digest.hexdigest()


def _identity(consumer: str, message: IncomingMessage) -> str:
    """Return what tells a dead letter from all others: one of ours that was sent a second time,
    because a broker lost it, stands somewhere else and is the same."""
    event_id = event_id_of(message.headers)
    if event_id is None:
        return fingerprint(consumer, message)
    digest = hashlib.sha256(f"{consumer}|{message.topic}|event|{event_id}|".encode())
    digest.update(message.value)
    return digest.hexdigest()


def readable(payload: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    """Return the payload as text and its encoding: `utf-8`, or `base64` for what is no text."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode(), "base64"
    if "\x00" in text:
        return base64.b64encode(payload).decode(), "base64"
    return text, "utf-8"


async def page(
    session: AsyncSession, consumer: str | None, cursor: str | None, limit: int
) -> DeadLetterPage:
    """Return one page, newest first."""
    query = select(DeadLetterRow).order_by(DeadLetterRow.id.desc()).limit(limit + 1)
    if consumer:
        query = query.where(DeadLetterRow.consumer == consumer)
    if cursor:
        query = query.where(DeadLetterRow.id < _id_of(cursor))
    rows = list((await session.scalars(query)).all())
    more = len(rows) > limit
    rows = rows[:limit]
    return DeadLetterPage(rows, encode_cursor(str(rows[-1].id)) if more else None)


async def find(session: AsyncSession, letter_id: UUID) -> DeadLetterRow | None:
    """Return one dead letter, None when there is none."""
    return await session.get(DeadLetterRow, letter_id)


async def replay(session: AsyncSession, clock: Clock, letter: DeadLetterRow) -> None:
    """Have the message sent again to the topic that it came from, by the outbox.

    It carries its old headers, so that consumers that have seen it drop it. Raises NotReplayable
    when Kafka would not take it.
    """
    event_id = new_id()
    headers = {**letter.headers, REPLAYED: str(letter.id), EVENT_ID: str(event_id)}
    size = sum(len(name.encode()) + len(text.encode()) for name, text in headers.items())
    size += len(letter.payload) + len(letter.key or b"")
    if size > MAX_MESSAGE_BYTES:
        raise NotReplayable(
            f"The message is too large to be sent: {size:,} bytes, {MAX_MESSAGE_BYTES:,} can be."
        )
    values = {
        "event_id": event_id,
        "topic": letter.topic,
        "key": "",
        "payload": {},
        "headers": headers,
        "dead_letter_id": letter.id,
    }
    await session.execute(insert(OutboxRow), [values])
    letter.replayed_at = clock.now()
    await session.flush()


def _without_nul(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("\x00", ""): text.replace("\x00", "") for name, text in headers.items()}


def _id_of(cursor: str) -> UUID:
    try:
        return UUID(decode_cursor(cursor, 1)[0])
    except ValueError as error:
        raise bad_cursor() from error
