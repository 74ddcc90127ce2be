"""Accounts and sessions: sign up, sign in, stay signed in, sign out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity import repository
from kuber.identity.emails import normalise
from kuber.identity.errors import (
    AccountDisabled,
    BadCredentials,
    EmailTaken,
    InvalidAccount,
    NotSignedIn,
    SessionEnded,
)
from kuber.identity.models import RefreshTokenRow, SessionRow, UserRow
from kuber.identity.passwords import PasswordHasher, check_choice
from kuber.identity.tokens import AccessTokens, new_refresh_token, refresh_token_hash
from kuber.identity.types import (
    DEMO_EMAIL,
    Account,
    Client,
    IssuedTokens,
    Principal,
    Role,
    SessionId,
    Tier,
)
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id

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

    async def ensure_demo_user(self, session: AsyncSession, password: str) -> Account:
        """Return the demo account, made or changed so that it can sign in with `password`."""
        row = await repository.user_by_email(session, DEMO_EMAIL)
        if row is None:
            return await self.register(session, DEMO_EMAIL, password)
        if not await self._hasher.verify(password, row.password_hash):
            row.password_hash = await self._hasher.hash(password)
        row.disabled_at = None
        return _account(row)

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
            row.revoked_at = now
            return SessionEnded("The session was used from two places. Sign in again.")
        if token.used_at is None:
            token.used_at = now
        # Branches that a race left behind end here, so that a stolen one is noticed when used.
        await repository.mark_used(session, row.id, now - REFRESH_GRACE, now)
        await repository.delete_tokens(session, row.id, now - self._refresh_lifetime)
        row.expires_at = now + self._refresh_lifetime
        return await self._issue(session, row)

    async def log_out(self, session: AsyncSession, refresh_token: str) -> None:
        """End the session of this refresh token, if there is one, with its access tokens."""
        row = await repository.lock_session_of(session, refresh_token_hash(refresh_token))
        if row is not None and row.revoked_at is None:
            row.revoked_at = self._clock.now()

    async def principal(self, session: AsyncSession, access_token: str) -> Principal:
        """Return who speaks through an access token.

        Asks the database, so that signing out and disabling an account work at once.
        Raises NotSignedIn, TokenExpired, SessionEnded or AccountDisabled.
        """
        claims = self._tokens.read(access_token)
        found = await repository.session_and_user(session, claims.session_id)
        if found is None or found[1].id != claims.user_id:
            raise NotSignedIn("The access token belongs to no session.")
        row, user = found
        if user.disabled_at is not None:
            raise AccountDisabled("This account is disabled. Ask an administrator to enable it.")
        if row.revoked_at is not None:
            raise SessionEnded("The session has ended. Sign in again.")
        account = _account(user)
        return Principal(
            user_id=account.id,
            session_id=claims.session_id,
            email=account.email,
            role=account.role,
            tier=account.tier,
            expires_at=claims.expires_at,
        )

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
