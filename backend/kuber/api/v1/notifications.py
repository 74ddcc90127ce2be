"""`/api/v1/notifications`: what the caller was told, and how they want to be told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.notice_links import drop_dead_links
from kuber.api.on_record import record
from kuber.api.v1.common import Cursor, Limit
from kuber.audit.types import AuditEventType
from kuber.kernel.wire import Instant
from kuber.notifications.channels import wrong_code
from kuber.notifications.preferences import choose, preferences
from kuber.notifications.schemas import (
    ChannelList,
    ChannelOut,
    ConfirmBody,
    MailList,
    MailOut,
    NoticeList,
    PreferenceList,
    PreferencesBody,
    ReadAnswer,
)
from kuber.notifications.types import NoticeKind

router = APIRouter(prefix="/notifications", tags=["notifications"], route_class=IdempotentRoute)


class ReadBody(BaseModel):
    """Whether the notice counts as read."""

    model_config = ConfigDict(extra="forbid")

    read: bool = True


class ReadAllBody(BaseModel):
    """`up_to_sequence` is the greatest `sequence` on show: what came later stays unread. So do
    notices of other kinds than `kind`, when it is given.

    `up_to` is the time of the newest on show instead, as it was given.
    """

    model_config = ConfigDict(extra="forbid")

    up_to: Instant | None = None
    up_to_sequence: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    kind: NoticeKind | None = None


class TestAnswer(BaseModel):
    """`delivery` is the mail that will be sent; null for a notice in the app."""

    delivery: MailOut | None


@router.get("", operation_id="list_notices")
async def list_notices(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    kind: NoticeKind | None = None,
    unread: Annotated[bool, Query(description="Only those that were not read.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> NoticeList:
    """Return the caller's notices, newest first, and how many are unread."""
    page = await container.notices.page(
        session, user.user_id, kind=kind, unread_only=unread, cursor=cursor, limit=limit
    )
    await drop_dead_links(container, session, user.user_id, page.items)
    return page


@router.post("/read-all", operation_id="read_all_notices")
async def read_all_notices(
    body: ReadAllBody, container: ContainerDep, session: Db, user: CurrentUser
) -> ReadAnswer:
    """Mark notices as read: all, those that were on show, those of one kind."""
    await container.notices.mark_all_read(
        session, user.user_id, body.up_to, sequence=body.up_to_sequence, kind=body.kind
    )
    return ReadAnswer(unread=await container.notices.unread(session, user.user_id))


@router.get("/preferences", operation_id="list_notice_preferences")
async def list_notice_preferences(session: Db, user: CurrentUser) -> PreferenceList:
    """Return which kinds are told where."""
    return await preferences(session, user.user_id)


@router.put("/preferences", operation_id="put_notice_preferences")
async def put_notice_preferences(
    body: PreferencesBody, container: ContainerDep, session: Db, user: CurrentUser
) -> PreferenceList:
    """Change where kinds are told; kinds that are left out stay as they are."""
    before = await preferences(session, user.user_id)
    await choose(session, user.user_id, body.items)
    after = await preferences(session, user.user_id)
    changed = {
        now.kind.value: {"in_app": now.in_app, "mail": now.mail}
        for then, now in zip(before.items, after.items, strict=True)
        if then != now
    }
    if changed:
        kind = AuditEventType.NOTICE_PREFERENCES_CHANGED
        await record(container, session, kind, user.user_id, {"kinds": changed})
    return after


@router.get("/channels", operation_id="list_notice_channels")
async def list_notice_channels(
    container: ContainerDep, session: Db, user: CurrentUser
) -> ChannelList:
    """Return the ways to reach the caller, and what each of them still needs."""
    return await container.channels.all(session, user.user_id, user.email)


@router.post(
    "/channels/in_app/test",
    status_code=202,
    operation_id="test_notice_in_app",
    dependencies=[IDEMPOTENT],
)
async def test_notice_in_app(container: ContainerDep, session: Db, user: CurrentUser) -> TestAnswer:
    """Send the caller a notice that goes the way of all others."""
    await container.notices.test_in_app(session, user.user_id)
    return TestAnswer(delivery=None)


@router.post(
    "/channels/mail/test",
    status_code=202,
    operation_id="test_mail",
    dependencies=[IDEMPOTENT],
)
async def test_mail(container: ContainerDep, session: Db, user: CurrentUser) -> TestAnswer:
    """Send a test to the caller's confirmed address."""
    delivery = await container.channels.test_mail(session, user.user_id, user.email)
    return TestAnswer(delivery=delivery)


@router.post(
    "/channels/mail/code",
    status_code=202,
    operation_id="send_mail_code",
    dependencies=[IDEMPOTENT],
)
async def send_mail_code(container: ContainerDep, session: Db, user: CurrentUser) -> MailOut:
    """Send a code to the account's address, to show that it is the caller's."""
    return await container.channels.send_code(session, user.user_id, user.email)


@router.post("/channels/mail/confirm", operation_id="confirm_mail_address")
async def confirm_mail_address(
    body: ConfirmBody, container: ContainerDep, user: Caller
) -> ChannelOut:
    """Take the code that was sent; from then on notices may be mailed."""
    async with container.database.transaction() as session:
        confirmed = await container.channels.confirm(session, user.user_id, user.email, body.code)
        channel = await container.channels.mail(session, user.user_id, user.email)
        if confirmed:
            await record(container, session, AuditEventType.MAIL_CONFIRMED, user.user_id, {})
    if not confirmed:  # after the commit: a wrong code counts
        raise wrong_code()
    return channel


@router.delete("/channels/mail", status_code=204, operation_id="stop_mail")
async def stop_mail(container: ContainerDep, session: Db, user: CurrentUser) -> None:
    """Send the caller no more mail, until the address is confirmed again."""
    if await container.channels.stop(session, user.user_id):
        await record(container, session, AuditEventType.MAIL_STOPPED, user.user_id, {})


@router.get("/deliveries", operation_id="list_notice_deliveries")
async def list_notice_deliveries(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MailList:
    """Return the mails to the caller and what became of them, newest first."""
    return await container.channels.deliveries(session, user.user_id, cursor, limit)


@router.post("/{notice_id}/read", operation_id="read_notice")
async def read_notice(
    notice_id: UUID, body: ReadBody, container: ContainerDep, session: Db, user: CurrentUser
) -> ReadAnswer:
    """Mark one notice as read, or as unread."""
    await container.notices.mark_read(session, user.user_id, notice_id, read=body.read)
    return ReadAnswer(unread=await container.notices.unread(session, user.user_id))
