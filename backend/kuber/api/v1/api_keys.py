"""`/api/v1/api-keys`: keys with which programs speak for me."""

from uuid import UUID

from fastapi import APIRouter

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.on_record import record
from kuber.audit.types import AuditEventType
from kuber.identity.api_keys.schemas import (
    ApiKeyCreate,
    ApiKeyList,
    ApiKeyWithSecret,
    ScopeList,
    ScopeOut,
)
from kuber.identity.api_keys.types import SCOPES

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=IdempotentRoute)


@router.get("", operation_id="list_api_keys")
async def list_api_keys(container: ContainerDep, session: Db, user: CurrentUser) -> ApiKeyList:
    """Return the caller's keys, newest first, those that ended lately among them."""
    return ApiKeyList(items=await container.api_keys.all_of(session, user.user_id))


@router.get("/scopes", operation_id="list_api_key_scopes")
async def list_api_key_scopes(user: CurrentUser) -> ScopeList:
    """Return what a key may be allowed."""
    return ScopeList(
        items=[ScopeOut(scope=scope, sentence=sentence) for scope, sentence in SCOPES.items()]
    )


@router.post("", status_code=201, operation_id="create_api_key", dependencies=[IDEMPOTENT])
async def create_api_key(
    body: ApiKeyCreate, container: ContainerDep, session: Db, user: CurrentUser
) -> ApiKeyWithSecret:
    """Make a key. It is shown in this answer and never again."""
    made = await container.api_keys.make(session, user.user_id, body)
    said = {
        "key_id": made.id,
        "prefix": made.prefix,
        "scopes": made.scopes,
        "expires_at": made.expires_at,
    }
    await record(container, session, AuditEventType.API_KEY_CREATED, user.user_id, said)
    return made


@router.delete("/{key_id}", status_code=204, operation_id="revoke_api_key")
async def revoke_api_key(
    key_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> None:
    """End a key: what is sent with it is refused from now on. Fine when it has ended already."""
    if await container.api_keys.revoke(session, user.user_id, key_id):
        said = {"key_id": key_id}
        await record(container, session, AuditEventType.API_KEY_REVOKED, user.user_id, said)
