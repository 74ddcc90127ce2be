"""Sign up, sign in, stay signed in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from kuber.api.container import ApiSettings
from kuber.api.deps import ClientDep, ContainerDep, Credentials, Db
from kuber.api.failed_logins import FailedLogins
from kuber.api.idempotency import IDEMPOTENT_FOR_ANYONE, IdempotentRoute
from kuber.api.on_record import record
from kuber.audit.types import AuditEventType
from kuber.identity.errors import (
    AccountDisabled,
    BadCredentials,
    NotSignedIn,
    SessionEnded,
    TokenUsedTwice,
)
from kuber.identity.schemas import LoginBody, RegisterBody, TokenOut, UserOut
from kuber.identity.types import IssuedTokens

REFRESH_COOKIE = "kuber_refresh"
_COOKIE_PATH = "/api/v1/auth"

router = APIRouter(prefix="/auth", tags=["auth"], route_class=IdempotentRoute)

RefreshCookie = Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)]


async def _limit_registrations(container: ContainerDep, client: ClientDep) -> None:
    await container.throttle.register(client.ip)


@router.post(
    "/register",
    status_code=201,
    dependencies=[Depends(_limit_registrations), IDEMPOTENT_FOR_ANYONE],
)
async def register(body: RegisterBody, container: ContainerDep, session: Db) -> UserOut:
    """Create an account. Codes: email_taken, invalid, rate_limited."""
    password = body.password.get_secret_value()
    account = await container.identity.register(session, body.email, password)
    said = {"tier": account.tier, "role": account.role}
    email = {"email": account.email}
    await record(container, session, AuditEventType.USER_REGISTERED, account.id, said, email)
    return UserOut.of(account)


@router.post("/login")
async def login(
    body: LoginBody,
    request: Request,
    response: Response,
    container: ContainerDep,
    client: ClientDep,
) -> TokenOut:
    """Sign in. The refresh token is set as a cookie. Codes: bad_credentials, rate_limited."""
    await container.throttle.log_in(body.email, client.ip)
    identity, transaction = container.identity, container.database.transaction
    # The slow comparison of hashes stands between two transactions, so that it holds no connection.
    async with transaction() as session:
        stored = await identity.credentials(session, body.email)
    try:
        account = await identity.authenticate(stored, body.password.get_secret_value())
    except (BadCredentials, AccountDisabled) as error:
        if stored.account is not None:
            failed: FailedLogins = request.app.state.failed_logins
            failed.record(stored.account.id, error.code)
        raise
    async with transaction() as session:
        tokens = await identity.open_session(session, account.id, client)
        address = {"address": client.ip}
        await record(container, session, AuditEventType.USER_LOGGED_IN, account.id, {}, address)
    return _hand_out(tokens, request, response, container.settings)


@router.post("/refresh")
async def refresh(
    request: Request,
    response: Response,
    container: ContainerDep,
    refresh_token: RefreshCookie = None,
) -> TokenOut:
    """Exchange the refresh cookie for a new one and a new access token. Code: session_ended."""
    if not refresh_token:
        raise NotSignedIn("There is no session in this browser. Sign in first.")
    async with container.database.transaction() as session:
        outcome = await container.identity.refresh(session, refresh_token)
        if isinstance(outcome, TokenUsedTwice):
            said = {"reason": "token_used_twice", "session_id": outcome.session_id}
            kind = AuditEventType.SESSIONS_REVOKED
            await record(container, session, kind, outcome.user_id, said)
    if isinstance(outcome, SessionEnded):
        raise outcome
    return _hand_out(outcome, request, response, container.settings)


@router.post("/logout", status_code=204)
async def logout(
    request: Request,
    response: Response,
    container: ContainerDep,
    session: Db,
    credentials: Credentials,
    refresh_token: RefreshCookie = None,
) -> None:
    """End the session of this browser and that of the access token, at once and for all their
    tokens; fine without either."""
    access_token = credentials.credentials if credentials else None
    for user_id in await container.identity.log_out(session, refresh_token, access_token):
        await record(container, session, AuditEventType.USER_LOGGED_OUT, user_id, {})
    response.delete_cookie(
        REFRESH_COOKIE,
        path=_COOKIE_PATH,
        secure=_is_secure(request, container.settings),
        httponly=True,
        samesite="strict",
    )


def _hand_out(
    tokens: IssuedTokens, request: Request, response: Response, settings: ApiSettings
) -> TokenOut:
    response.set_cookie(
        REFRESH_COOKIE,
        tokens.refresh_token,
        max_age=tokens.refresh_expires_in_s,
        path=_COOKIE_PATH,
        secure=_is_secure(request, settings),
        httponly=True,
        samesite="strict",
    )
    return TokenOut.of(tokens)


def _is_secure(request: Request, settings: ApiSettings) -> bool:
    """Say whether the cookie may travel over TLS only: always in production, unless the operator
    has declared a plain http address."""
    if settings.public_url:
        return settings.public_url.startswith("https://")
    return request.url.scheme == "https" or settings.environment == "production"
