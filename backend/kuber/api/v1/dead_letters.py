"""`/api/v1/dead-letters`: messages that no consumer could use; for administrators."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from kuber.api.deps import Admin, ContainerDep, Db
from kuber.api.on_record import record
from kuber.api.v1.common import Cursor, Limit
from kuber.audit.types import AuditEventType
from kuber.infra import dead_letters
from kuber.infra.models import DeadLetterRow
from kuber.kernel.errors import ErrorKind, KuberError

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


class DeadLetterNotFound(KuberError):
    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such dead letter"


class DeadLetterSummary(BaseModel):
    """A message that was put away, with the reason and where it stood."""

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    attempts: int
    created_at: datetime
    replayed_at: datetime | None


class DeadLetterOut(DeadLetterSummary):
    """The same with the message itself, as text or, where it is none, in base64."""

    key: str | None
    payload: str
    encoding: Literal["utf-8", "base64"]
    headers: dict[str, str]


class DeadLetterList(BaseModel):
    items: list[DeadLetterSummary]
    next_cursor: str | None


@router.get("", operation_id="list_dead_letters")
async def list_dead_letters(
    session: Db,
    user: Admin,
    consumer: Annotated[str | None, Query(max_length=60)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeadLetterList:
    """Return dead letters, newest first."""
    page = await dead_letters.page(session, consumer, cursor, limit)
    items = [DeadLetterSummary.model_validate(_columns(row)) for row in page.items]
    return DeadLetterList(items=items, next_cursor=page.next_cursor)


@router.get("/{letter_id}", operation_id="get_dead_letter")
async def get_dead_letter(letter_id: UUID, session: Db, user: Admin) -> DeadLetterOut:
    """Return one dead letter whole."""
    return _whole(await _row(session, letter_id))


@router.post("/{letter_id}/replay", operation_id="replay_dead_letter")
async def replay_dead_letter(
    letter_id: UUID, container: ContainerDep, session: Db, user: Admin
) -> DeadLetterOut:
    """Send the message again to the topic it came from; consumers that know it drop it.

    It leaves once Kafka is there.
    """
    row = await _row(session, letter_id)
    await dead_letters.replay(session, container.clock, row)
    said = {"dead_letter_id": row.id, "topic": row.topic}
    await record(container, session, AuditEventType.DEAD_LETTER_REPLAYED, user.user_id, said)
    return _whole(row)


async def _row(session: Db, letter_id: UUID) -> DeadLetterRow:
    row = await dead_letters.find(session, letter_id)
    if row is None:
        raise DeadLetterNotFound(f"There is no dead letter {letter_id}.")
    return row


def _columns(row: DeadLetterRow) -> dict[str, object]:
    names = DeadLetterSummary.model_fields
    return {name: getattr(row, "message_offset" if name == "offset" else name) for name in names}


def _whole(row: DeadLetterRow) -> DeadLetterOut:
    payload, encoding = dead_letters.readable(row.payload)
    key = None if row.key is None else dead_letters.readable(row.key)[0]
    return DeadLetterOut.model_validate(
        _columns(row)
        | {"key": key, "payload": payload, "encoding": encoding, "headers": row.headers}
    )
