"""API keys: make, list, revoke; and who speaks through one."""

import hmac
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.api_keys.schemas import ApiKeyCreate, ApiKeyOut, ApiKeyWithSecret
from kuber.identity.api_keys.types import (
    ApiKeyId,
    KeyPrincipal,
    Scope,
    is_written_as_key,
    key_hash,
    new_key,
    signature_of,
)
from kuber.identity.errors import (
    AccountDisabled,
    BadKeyRequest,
    KeyEnded,
    KeyNotFound,
    MissingScope,
    NotSignedIn,
)
from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, one_at_a_time, quota_reached
from kuber.identity.models import ApiKeyRow, UserRow
from kuber.identity.types import Role, Tier
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id

_ENDED_KEPT = 100
"""How many keys that work no more are shown; older ones are forgotten when a new one is made."""


class ApiKeys:
    """Everybody's keys. Every method works in the caller's transaction and never commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def all_of(self, session: AsyncSession, user_id: UserId) -> list[ApiKeyOut]:
        """Return a person's keys, newest first, those that work no more among them."""
        statement = (
            select(ApiKeyRow).where(ApiKeyRow.user_id == user_id).order_by(ApiKeyRow.id.desc())
        )
        return [ApiKeyOut.of(row) for row in await session.scalars(statement)]

    async def working(self, session: AsyncSession, user_id: UserId) -> int:
        """Return how many keys of a person work now."""
        statement = select(func.count()).where(ApiKeyRow.user_id == user_id, ~self._ended())
        return await session.scalar(statement) or 0

    async def make(
        self, session: AsyncSession, user_id: UserId, body: ApiKeyCreate
    ) -> ApiKeyWithSecret:
        """Make a key and return it with its secret. Raises BadKeyRequest, QuotaReached."""
        now = self._clock.now()
        if body.expires_at is not None and body.expires_at <= now:
            raise _expired_already()
        await one_at_a_time(session, user_id, "api keys")
        most = await limit_of(session, user_id, LimitName.API_KEYS)
        if await self.working(session, user_id) >= most:
            raise quota_reached(
                LimitName.API_KEYS,
                most,
                f"You have {most} API keys that work, as many as you may.",
                "Revoke a key that nothing uses any more.",
            )
        await self._forget_old(session, user_id)
        made = new_key()
        row = ApiKeyRow(
            id=new_id(),
            user_id=user_id,
            name=body.name,
            prefix=made.prefix,
            sha256=key_hash(made.secret),
            scopes=[scope.value for scope in body.scopes],
            created_at=now,
            last_used_at=None,
            expires_at=body.expires_at,
            revoked_at=None,
        )
        session.add(row)
        await session.flush()
        return ApiKeyWithSecret(**ApiKeyOut.of(row).model_dump(), key=made.secret)

    async def revoke(self, session: AsyncSession, user_id: UserId, key_id: UUID) -> bool:
        """End a key; return whether that was still to be done. Raises KeyNotFound."""
        row = await session.get(ApiKeyRow, key_id, with_for_update=True)
        if row is None or row.user_id != user_id:
            raise KeyNotFound("You have no such API key.")
        if row.revoked_at is not None:
            return False
        row.revoked_at = self._clock.now()
        await session.flush()
        return True

    async def principal(self, session: AsyncSession, secret: str) -> KeyPrincipal:
        """Return who speaks through a key.

        Asks the database, so that revoking a key and disabling an account work at once.
        Raises NotSignedIn, KeyEnded, AccountDisabled.
        """
        found = await self._found(session, secret)
        if found is None:
            raise NotSignedIn("The API key is not one of ours.")
        return self._speaker(*found)

    async def signer(
        self, session: AsyncSession, prefix: str, message: bytes, signature: str
    ) -> KeyPrincipal:
        """Return who signed a message with a key, of which only the prefix travels.

        Raises NotSignedIn, KeyEnded, AccountDisabled.
        """
        statement = (
            select(ApiKeyRow, UserRow)
            .join(UserRow, UserRow.id == ApiKeyRow.user_id)
            .where(ApiKeyRow.prefix == prefix)
        )
        for row, user in await session.execute(statement):
            if hmac.compare_digest(signature_of(row.sha256, message), signature):
                return self._speaker(row, user)
        raise NotSignedIn("The signature is not one of an API key of ours.")

    def _speaker(self, row: ApiKeyRow, user: UserRow) -> KeyPrincipal:
        if user.disabled_at is not None:
            raise AccountDisabled("This account is disabled. Ask an administrator to enable it.")
        if row.revoked_at is not None:
            raise KeyEnded(f"The API key {row.prefix} was revoked. Make a new one.")
        if row.expires_at is not None and row.expires_at <= self._clock.now():
            raise KeyEnded(f"The API key {row.prefix} has expired. Make a new one.")
        return KeyPrincipal(
            user_id=UserId(user.id),
            email=user.email,
            role=Role(user.role),
            tier=Tier(user.tier),
            key_id=ApiKeyId(row.id),
            scopes=frozenset(row.scopes),
        )

    async def _found(self, session: AsyncSession, secret: str) -> tuple[ApiKeyRow, UserRow] | None:
        if not is_written_as_key(secret):
            return None
        statement = (
            select(ApiKeyRow, UserRow)
            .join(UserRow, UserRow.id == ApiKeyRow.user_id)
            .where(ApiKeyRow.sha256 == key_hash(secret))
        )
        row = (await session.execute(statement)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def _forget_old(self, session: AsyncSession, user_id: UserId) -> None:
        ended = ApiKeyRow.user_id == user_id, self._ended()
        kept = select(ApiKeyRow.id).where(*ended).order_by(ApiKeyRow.id.desc()).limit(_ENDED_KEPT)
        await session.execute(
            delete(ApiKeyRow)
            .where(*ended, ApiKeyRow.id.not_in(kept))
            .execution_options(synchronize_session=False)
        )

    def _ended(self) -> ColumnElement[bool]:
        expires_at = func.coalesce(ApiKeyRow.expires_at, text("'infinity'"))
        return or_(ApiKeyRow.revoked_at.is_not(None), expires_at <= self._clock.now())


def require_scope(principal: KeyPrincipal, scope: Scope) -> None:
    """Raise MissingScope unless the key allows `scope`."""
    if scope in principal.scopes:
        return
    raise MissingScope(
        f"The API key does not have the scope {scope}.",
        [
            Problem(
                f"The key allows {', '.join(sorted(principal.scopes))} only.",
                f"Make a key with the scope {scope} and send that.",
                field="scopes",
                code=scope,
            )
        ],
    )


def _expired_already() -> BadKeyRequest:
    message = "The key would have expired already."
    remedy = "Give a time to come, or leave expires_at out."
    return BadKeyRequest(message, [Problem(message, remedy, field="expires_at")])
