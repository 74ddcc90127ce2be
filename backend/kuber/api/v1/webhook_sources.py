"""`/api/v1/webhook-sources`: who outside may send signals for me."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute, KeyHeader
from kuber.api.on_record import record
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.audit.types import AuditEventType
from kuber.kernel.ids import UserId
from kuber.signals.gateway.schemas import (
    DeliveryList,
    DeliveryOut,
    RotateBody,
    SampleBody,
    WebhookSourceCreate,
    WebhookSourceList,
    WebhookSourceOut,
    WebhookSourceUpdate,
    WebhookSourceWithSecret,
)
from kuber.signals.gateway.sources import Addresses
from kuber.signals.gateway.types import SourceId

router = APIRouter(prefix="/webhook-sources", tags=["webhooks"], route_class=IdempotentRoute)


async def _addresses(request: Request, container: ContainerDep) -> Addresses:
    return Addresses(container.settings.public_url or str(request.base_url).rstrip("/"))


At = Annotated[Addresses, Depends(_addresses)]


@router.get("", operation_id="list_webhook_sources")
async def list_webhook_sources(
    container: ContainerDep, session: Db, user: CurrentUser, at: At
) -> WebhookSourceList:
    """Return the caller's sources, newest first, each with its last delivery."""
    return await container.webhook_sources.page(session, user.user_id, at)


@router.post("", status_code=201, operation_id="create_webhook_source", dependencies=[IDEMPOTENT])
async def create_webhook_source(
    body: WebhookSourceCreate, container: ContainerDep, session: Db, user: CurrentUser, at: At
) -> WebhookSourceWithSecret:
    """Make a source. Its secret is shown in this answer and never again."""
    made = await container.webhook_sources.create(session, user.user_id, body, at)
    said = {"source_id": made.id, "kind": made.kind}
    await record(container, session, AuditEventType.WEBHOOK_SOURCE_CREATED, user.user_id, said)
    return made


@router.get("/{source_id}", operation_id="get_webhook_source")
async def get_webhook_source(
    source_id: UUID, container: ContainerDep, session: Db, user: CurrentUser, at: At
) -> WebhookSourceOut:
    """Return one source, without its secret."""
    return await container.webhook_sources.get(session, user.user_id, SourceId(source_id), at)


@router.put("/{source_id}", operation_id="update_webhook_source")
async def update_webhook_source(
    source_id: UUID,
    body: WebhookSourceUpdate,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    at: At,
) -> WebhookSourceOut:
    """Change name, limits or networks, or switch the source off and on."""
    changed = await container.webhook_sources.update(
        session, user.user_id, SourceId(source_id), body, at
    )
    said = {"source_id": source_id, "changed": sorted(body.model_fields_set - {"name"})}
    await record(container, session, AuditEventType.WEBHOOK_SOURCE_CHANGED, user.user_id, said)
    return changed


@router.delete("/{source_id}", status_code=204, operation_id="delete_webhook_source")
async def delete_webhook_source(
    source_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> None:
    """Delete a source; deliveries to it are refused from now on."""
    await container.webhook_sources.delete(session, user.user_id, SourceId(source_id))
    said = {"source_id": source_id}
    await record(container, session, AuditEventType.WEBHOOK_SOURCE_DELETED, user.user_id, said)


@router.post("/{source_id}/rotate", operation_id="rotate_webhook_source", dependencies=[IDEMPOTENT])
async def rotate_webhook_source(
    source_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    at: At,
    body: RotateBody | None = None,
) -> WebhookSourceWithSecret:
    """Make a new secret, shown this once; the one before stays valid for a while."""
    rotated = await container.webhook_sources.rotate(
        session, user.user_id, SourceId(source_id), body or RotateBody(), at
    )
    said = {"source_id": source_id}
    await record(container, session, AuditEventType.WEBHOOK_SECRET_ROTATED, user.user_id, said)
    return rotated


@router.post("/{source_id}/test", operation_id="send_test_delivery", dependencies=[IDEMPOTENT])
async def send_test_delivery(
    source_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
    key: KeyHeader = None,
    body: SampleBody | None = None,
) -> DeliveryOut:
    """Send a signed sample through the gateway; it starts what subscribes to it.

    Without a body it is neutral on AAPL with confidence 0. Says what came of it.
    """
    await container.webhook_sources.require(session, user.user_id, SourceId(source_id))
    name = _short_name(user.user_id, key) if key is not None else correlation_id
    sample = (body or SampleBody()).sample()
    return DeliveryOut.of(await container.webhooks.send_test(SourceId(source_id), sample, name))


@router.get("/{source_id}/deliveries", operation_id="list_webhook_deliveries")
async def list_webhook_deliveries(
    source_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryList:
    """Return what came of the last deliveries, newest first; refused ones: the last 200."""
    return await container.webhook_sources.deliveries(
        session, user.user_id, SourceId(source_id), cursor, limit
    )


def _short_name(user_id: UserId, key: str) -> str:
    """Return a name for the test that a repeated request makes again."""
    return hashlib.blake2b(f"{user_id}/{key}".encode(), digest_size=16).hexdigest()
