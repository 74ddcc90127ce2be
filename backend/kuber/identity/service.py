"""Accounts and sessions: sign up, sign in, stay signed in, sign out."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity import repository
from kuber.identity.emails import normalise
from kuber.identity.errors import (
    AccountDisabled,
    BadCredentials,
    EmailTaken,
    IdentityError,
    InvalidAccount,
    NotSignedIn,
    SessionEnded,
    TokenUsedTwice,
)
from kuber.identity.models import RefreshTokenRow, SessionRow, UserRow
from kuber.identity.passwords import NO_PASSWORD, PasswordHasher, check_choice
from kuber.identity.tokens import AccessClaims, AccessTokens, new_refresh_token, refresh_token_hash
from kuber.identity.types import (
    DEMO_EMAIL,
    Account,
    Client,
    IssuedTokens,
    Role,
    SessionId,
    SignedIn,
    Tier,
)
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id

SESSIONS_CHANNEL = "kuber_sessions"
"""PostgreSQL notifies here, at commit, the id of each session that was ended."""
REFRESH_GRACE = timedelta(seconds=10)
"""How long an exchanged refresh token still works: two tabs may present it at the same time."""


@dataclass(frozen=True, slots=True)
class StoredCredentials:
    """What a log-in is checked against; `password_hash` is None when there is no such account."""

    account: Account | None
    password_hash: str | None
    disabled: bool


async def tiers_of(session: AsyncSession, user_ids: Collection[UserId]) -> dict[UserId, Tier]:
    """Return the tier of each account that exists and may be used."""
    rows = await session.execute(
        select(UserRow.id, UserRow.tier).where(
            UserRow.id.in_(user_ids), UserRow.disabled_at.is_(None)
        )
    )
    return {UserId(user_id): Tier(tier) for user_id, tier in rows}


async def find_account(session: AsyncSession, who: str) -> Account | None:
    """Return the account with this id or e-mail address."""
    try:
        row = await repository.user_by_id(session, UUID(who))
    except ValueError:
        try:
            row = await repository.user_by_email(session, normalise(who))
        except InvalidAccount:
            return None
    return None if row is None else _account(row)


async def set_role(session: AsyncSession, user_id: UserId, role: Role) -> Role:
    """Give an account that exists a role; return the one before."""
    row = await session.get_one(UserRow, user_id, with_for_update=True)
    before, row.role = Role(row.role), role.value
    return before


class IdentityService:
    """Knows people by their e-mail address and their sessions by their tokens.

    Methods that take `session` work within the caller's transaction and never commit.
    """

    def __init__(
        self,
        tokens: AccessTokens,
        clock: Clock,
        *,
        refresh_token_s: int,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._refresh_lifetime = timedelta(seconds=refresh_token_s)
        self._hasher = hasher or PasswordHasher()

    async def register(
        self, session: AsyncSession, email: str, password: str, role: Role = Role.USER
    ) -> Account:
        """Create an account; raises InvalidAccount or EmailTaken."""
        address = normalise(email)
        check_choice(password, address)
        row = UserRow(
            id=new_id(),
            email=address,
            password_hash=await self._hasher.hash(password),
            role=role,
            tier=Tier.FREE,
            created_at=self._clock.now(),
            disabled_at=None,
        )
        if not await repository.insert_user(session, row):
            raise EmailTaken(
                "There is already an account with this e-mail address.",
                [Problem("The address is taken.", "Sign in, or use another one.", field="email")],
            )
        return _account(row)

    async def ensure_demo_user(self, session: AsyncSession, password: str) -> tuple[Account, bool]:
        """Return the demo account, made or changed so that it can sign in with `password`, and
        whether anything had to be done for that."""
        row = await repository.user_by_email(session, DEMO_EMAIL)
        if row is None:
            return await self.register(session, DEMO_EMAIL, password), True
        changed = row.disabled_at is not None
        if not await self._hasher.verify(password, row.password_hash):
            row.password_hash, changed = await self._hasher.hash(password), True
        row.disabled_at = None
        return _account(row), changed

    async def retire_demo_user(self, session: AsyncSession) -> UserId | None:
        """Take the demo account's password and end its sessions; return its id, None when it has
        no password.

        What it owns stays, for the day when it may be used again.
        """
        row = await repository.user_by_email(session, DEMO_EMAIL)
        if row is None or row.password_hash == NO_PASSWORD:
            return None
        row.password_hash = NO_PASSWORD
        for session_id in await repository.revoke_sessions(session, row.id, self._clock.now()):
            await repository.notify_ended(session, SESSIONS_CHANNEL, session_id)
        return UserId(row.id)

    async def credentials(self, session: AsyncSession, email: str) -> StoredCredentials:
        """Return what a log-in with `email` has to match, whether or not there is an account."""
        try:
            row = await repository.user_by_email(session, normalise(email))
        except InvalidAccount:
            row = None
        if row is None:
            return StoredCredentials(None, None, disabled=False)
        return StoredCredentials(_account(row), row.password_hash, row.disabled_at is not None)

    async def authenticate(self, stored: StoredCredentials, password: str) -> Account:
        """Return the account when `password` is its own; raises BadCredentials, AccountDisabled.

        Slow on purpose and needs no database: call it outside a transaction. Whether there is an
        account shows neither in the answer nor in the time it takes.
        """
        right = await self._hasher.verify(password, stored.password_hash)
        if not right or stored.account is None:
            raise BadCredentials("The e-mail address and the password do not match.")
        if stored.disabled:
            raise AccountDisabled("This account is disabled. Ask an administrator to enable it.")
        return stored.account

    async def open_session(
        self, session: AsyncSession, user_id: UserId, client: Client
    ) -> IssuedTokens:
        """Start a session for someone who has been authenticated."""
        now = self._clock.now()
        await repository.delete_ended_sessions(session, user_id, now)
        row = SessionRow(
            id=new_id(),
            user_id=user_id,
            created_at=now,
            expires_at=now + self._refresh_lifetime,
            revoked_at=None,
            user_agent=client.user_agent[:200],
            network=_network(client.ip),
        )
        session.add(row)
        await session.flush()
        return await self._issue(session, row)

    async def refresh(
        self, session: AsyncSession, refresh_token: str
    ) -> IssuedTokens | SessionEnded:
        """Exchange a refresh token for new tokens of the same session.

        A token that was exchanged more than REFRESH_GRACE ago is in two hands: its session is
        revoked. The refusal is returned, not raised, because the caller has to commit that.
        """
        now = self._clock.now()
        token_hash = refresh_token_hash(refresh_token)
        row = await repository.lock_session_of(session, token_hash)
        token = await repository.refresh_token(session, token_hash)
        if row is None or token is None:
            return SessionEnded("There is no session for this token. Sign in again.")
        user = await repository.user_by_id(session, row.user_id)
        if row.revoked_at or row.expires_at <= now or user is None or user.disabled_at:
            return SessionEnded("The session has ended. Sign in again.")
        if token.used_at is not None and now - token.used_at > REFRESH_GRACE:
            await self._end(session, row)
            detail = "The session was used from two places. Sign in again."
            return TokenUsedTwice(detail, UserId(row.user_id), row.id)
        if token.used_at is None:
            token.used_at = now
        # Branches that a race left behind end here, so that a stolen one is noticed when used.
        await repository.mark_used(session, row.id, now - REFRESH_GRACE, now)
        await repository.delete_tokens(session, row.id, now - self._refresh_lifetime)
        row.expires_at = now + self._refresh_lifetime
        return await self._issue(session, row)

    async def log_out(
        self, session: AsyncSession, refresh_token: str | None, access_token: str | None
    ) -> list[UserId]:
        """End the sessions of these tokens with all their tokens; return whose they were.

        A token that is unknown or too old ends nothing; nor does one whose session has ended.
        """
        found = []
        if refresh_token:
            hashed = refresh_token_hash(refresh_token)
            found.append(await repository.lock_session_of(session, hashed))
        if access_token:
            with suppress(IdentityError):
                session_id = self._tokens.read(access_token).session_id
                found.append(await repository.lock_session(session, session_id))
        ended = []
        for row in found:
            if row is not None and row.revoked_at is None:
                await self._end(session, row)
                ended.append(UserId(row.user_id))
        return ended

    async def knows(self, session: AsyncSession, refresh_token: str) -> bool:
        """Say whether a refresh token was issued here, whatever became of its session."""
        return (
            await repository.refresh_token(session, refresh_token_hash(refresh_token)) is not None
        )

    async def ended_among(
        self, session: AsyncSession, session_ids: Collection[SessionId]
    ) -> set[SessionId]:
        """Return which of these sessions nobody may speak through any more."""
        standing = await repository.standing_sessions(session, session_ids, self._clock.now())
        return set(session_ids) - {SessionId(found) for found in standing}

    async def principal(self, session: AsyncSession, access_token: str) -> SignedIn:
        """Return who speaks through an access token.

        Raises NotSignedIn, TokenExpired, SessionEnded or AccountDisabled.
        """
        return await self.principal_of(session, self._tokens.read(access_token))

    async def principal_of(self, session: AsyncSession, claims: AccessClaims) -> SignedIn:
        """Return who speaks through a token that was read already.

        Asks the database, so that signing out and disabling an account work at once.
        Raises NotSignedIn, SessionEnded or AccountDisabled.
        """
        found = await repository.session_and_user(session, claims.session_id)
        if found is None or found[1].id != claims.user_id:
            raise NotSignedIn("The access token belongs to no session.")
        row, user = found
        if user.disabled_at is not None:
            raise AccountDisabled("This account is disabled. Ask an administrator to enable it.")
        if row.revoked_at is not None:
            raise SessionEnded("The session has ended. Sign in again.")
        account = _account(user)
        return SignedIn(
            user_id=account.id,
            session_id=claims.session_id,
            email=account.email,
            role=account.role,
            tier=account.tier,
            expires_at=claims.expires_at,
        )

    async def _end(self, session: AsyncSession, row: SessionRow) -> None:
        row.revoked_at = self._clock.now()
        await repository.notify_ended(session, SESSIONS_CHANNEL, row.id)

    async def _issue(self, session: AsyncSession, row: SessionRow) -> IssuedTokens:
        secret = new_refresh_token()
        session.add(
            RefreshTokenRow(
                token_hash=refresh_token_hash(secret),
                session_id=row.id,
                issued_at=self._clock.now(),
                used_at=None,
            )
        )
        return IssuedTokens(
            user_id=UserId(row.user_id),
            access_token=self._tokens.issue(UserId(row.user_id), SessionId(row.id)),
            access_expires_in_s=self._tokens.lifetime_s,
            refresh_token=secret,
            refresh_expires_in_s=int(self._refresh_lifetime.total_seconds()),
        )


def _account(row: UserRow) -> Account:
    return Account(UserId(row.id), row.email, Role(row.role), Tier(row.tier))


def _network(ip: str) -> str:
    """Return the neighbourhood of an address: enough to recognise, not enough to follow."""
    try:
        prefix = 24 if ip_address(ip).version == 4 else 48
    except ValueError:
        return ""
    return str(ip_network(f"{ip}/{prefix}", strict=False))
