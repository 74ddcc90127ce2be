"""Queries on users, sessions and refresh tokens. Private to this package."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.models import RefreshTokenRow, SessionRow, UserRow


async def insert_user(session: AsyncSession, row: UserRow) -> bool:
    """Add the user; False when the e-mail address is taken."""
    values = {column.name: getattr(row, column.name) for column in UserRow.__table__.columns}
    statement = insert(UserRow).values(values).on_conflict_do_nothing(index_elements=["email"])
    return bool((await session.execute(statement.returning(UserRow.id))).first())


async def user_by_email(session: AsyncSession, email: str) -> UserRow | None:
    return (await session.scalars(select(UserRow).where(UserRow.email == email))).one_or_none()


async def user_by_id(session: AsyncSession, user_id: UUID) -> UserRow | None:
    return await session.get(UserRow, user_id)


async def session_and_user(
    session: AsyncSession, session_id: UUID
) -> tuple[SessionRow, UserRow] | None:
    statement = (
        select(SessionRow, UserRow)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.id == session_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def revoke_sessions(session: AsyncSession, user_id: UUID, now: datetime) -> Sequence[UUID]:
    """End every session of a person, with its access tokens; return which were ended."""
    ended = await session.scalars(
        update(SessionRow)
        .where(SessionRow.user_id == user_id, SessionRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(SessionRow.id)
    )
    return ended.all()


async def lock_session_of(session: AsyncSession, token_hash: bytes) -> SessionRow | None:
    """Return the session that was given this refresh token, locked until the commit.

    The lock lets exchanges of one session happen one after another.
    """
    statement = (
        select(SessionRow)
        .join(RefreshTokenRow, RefreshTokenRow.session_id == SessionRow.id)
        .where(RefreshTokenRow.token_hash == token_hash)
        .with_for_update(of=SessionRow)
    )
    return (await session.scalars(statement)).one_or_none()


async def lock_session(session: AsyncSession, session_id: UUID) -> SessionRow | None:
    """Return the session, locked until the commit."""
    statement = select(SessionRow).where(SessionRow.id == session_id).with_for_update()
    return (await session.scalars(statement)).one_or_none()


async def refresh_token(session: AsyncSession, token_hash: bytes) -> RefreshTokenRow | None:
    return await session.get(RefreshTokenRow, token_hash, populate_existing=True)


async def mark_used(
    session: AsyncSession, session_id: UUID, issued_before: datetime, now: datetime
) -> None:
    """Mark every unused refresh token of the session that was issued before an instant."""
    await session.execute(
        update(RefreshTokenRow)
        .where(
            RefreshTokenRow.session_id == session_id,
            RefreshTokenRow.used_at.is_(None),
            RefreshTokenRow.issued_at < issued_before,
        )
        .values(used_at=now)
    )


async def delete_tokens(session: AsyncSession, session_id: UUID, issued_before: datetime) -> None:
    """Forget refresh tokens of the session that are too old to be taken in any case."""
    await session.execute(
        delete(RefreshTokenRow).where(
            RefreshTokenRow.session_id == session_id, RefreshTokenRow.issued_at < issued_before
        )
    )


async def delete_ended_sessions(session: AsyncSession, user_id: UUID, before: datetime) -> None:
    """Forget sessions of the user that ran out before an instant, with their tokens."""
    await session.execute(
        delete(SessionRow).where(SessionRow.user_id == user_id, SessionRow.expires_at < before)
    )


async def standing_sessions(
    session: AsyncSession, session_ids: Collection[UUID], now: datetime
) -> Sequence[UUID]:
    """Return those of the sessions that are neither revoked nor over, of enabled accounts."""
    statement = (
        select(SessionRow.id)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(
            SessionRow.id.in_(session_ids),
            SessionRow.revoked_at.is_(None),
            SessionRow.expires_at > now,
            UserRow.disabled_at.is_(None),
        )
    )
    return (await session.scalars(statement)).all()


async def notify_ended(session: AsyncSession, channel: str, session_id: UUID) -> None:
    """Tell every process of the API, once this transaction commits, that a session has ended."""
    await session.execute(
        text("select pg_notify(:channel, :session)"),
        {"channel": channel, "session": str(session_id)},
    )
