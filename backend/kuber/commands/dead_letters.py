"""`kuber dead-letters`: look at messages that no consumer could use, and send them again."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kuber.infra.models import DeadLetterRow


def show_list(settings: StackSettings, consumer: str | None, limit: int) -> int:
    """Print the newest dead letters; return the exit code."""
    return _run(settings, _show_list(consumer, limit))


def show(settings: StackSettings, letter_id: UUID) -> int:
    """Print one dead letter whole; return the exit code."""
    return _run(settings, _show(letter_id))


def replay(settings: StackSettings, letter_id: UUID) -> int:
    """Let the relay send one message again; return the exit code."""
    return _run(settings, _replay(letter_id))


def _run(settings: StackSettings, work: Coroutine[None, None, int]) -> int:
    use_running_stack(settings)
    return asyncio.run(work)


async def _show_list(consumer: str | None, limit: int) -> int:
    from kuber.infra import dead_letters

    async with _session() as session:
        page = await dead_letters.page(session, consumer, None, limit)
    if not page.items:
        say.line("There are no dead letters.")
        return 0
    say.table(
        ("id", "put away at", "consumer", "topic", "reason", "replayed"),
        [
            (
                str(row.id),
                f"{row.created_at:%Y-%m-%d %H:%M:%S}",
                row.consumer,
                row.topic,
                row.reason,
                "yes" if row.replayed_at else "no",
            )
            for row in page.items
        ],
    )
    if page.next_cursor:
        say.line(f"\nThese are the newest {limit}; --limit shows more.")
    return 0


async def _show(letter_id: UUID) -> int:
    from kuber.infra import dead_letters

    async with _session() as session:
        row = await dead_letters.find(session, letter_id)
    if row is None:
        return _unknown(letter_id)
    for name, value in _facts(row):
        say.line(f"{name:<12} {value}")
    payload, encoding = dead_letters.readable(row.payload)
    say.line(f"\nThe message, as {encoding}:\n{payload}")
    return 0


async def _replay(letter_id: UUID) -> int:
    from kuber.audit.entries import append
    from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
    from kuber.infra import dead_letters
    from kuber.kernel.clock import SystemClock

    try:
        async with _session() as session:
            row = await dead_letters.find(session, letter_id)
            if row is None:
                return _unknown(letter_id)
            await dead_letters.replay(session, SystemClock(), row)
            said = {"dead_letter_id": row.id, "topic": row.topic, "by": "command line"}
            kind, at = AuditEventType.DEAD_LETTER_REPLAYED, SystemClock().now()
            await append(session, AuditEvent(kind, at, current_correlation_id(), None, said))
            topic = row.topic
    except dead_letters.NotReplayable as error:
        say.failure(error.detail)
        return 1
    say.line(f"Will be sent to {topic}. Consumers that have done it already drop it.")
    return 0


def _facts(row: "DeadLetterRow") -> list[tuple[str, str]]:
    from kuber.infra.dead_letters import readable

    facts = {
        "id": str(row.id),
        "put away at": f"{row.created_at:%Y-%m-%d %H:%M:%S %Z}",
        "consumer": row.consumer,
        "topic": f"{row.topic}, partition {row.partition}, offset {row.message_offset}",
        "key": "none" if row.key is None else readable(row.key)[0],
        "reason": row.reason,
        "detail": row.detail,
        "attempts": str(row.attempts),
        "replayed at": f"{row.replayed_at:%Y-%m-%d %H:%M:%S %Z}" if row.replayed_at else "never",
    }
    headers = [(f"  {name}", str(value)) for name, value in sorted(row.headers.items())]
    return [*facts.items(), *([("headers", ""), *headers] if headers else [])]


def _unknown(letter_id: UUID) -> int:
    say.failure(f"There is no dead letter {letter_id}. See: ./kuber dead-letters list")
    return 1


@asynccontextmanager
async def _session() -> "AsyncIterator[AsyncSession]":
    from kuber.infra.db import Database
    from kuber.startup import load_settings, reveal

    database = Database(reveal(load_settings().database_url), pool_size=1)
    try:
        async with database.transaction() as session:
            yield session
    finally:
        await database.close()
