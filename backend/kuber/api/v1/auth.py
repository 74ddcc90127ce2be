"""Sign up, sign in, stay signed in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from kuber.api.deps import ClientDep, ContainerDep, Credentials, Db
from kuber.api.failed_logins import FailedLogins
from kuber.api.idempotency import IDEMPOTENT_FOR_ANYONE, IdempotentRoute
from kuber.api.on_record import record
from kuber.api.refresh_cookie import RefreshCookie
from kuber.audit.types import AuditEventType
from kuber.identity.errors import (
    AccountDisabled,
    BadCredentials,
    NotSignedIn,
    SessionEnded,
    TokenUsedTwice,
)
from kuber.identity.schemas import LoginBody, RegisterBody, TokenOut, UserOut

router = APIRouter(prefix="/auth", tags=["auth"], route_class=IdempotentRoute)


def _refresh_cookie(request: Request, container: ContainerDep) -> RefreshCookie:
    return RefreshCookie.of(request, container.settings)


CookieDep = Annotated[RefreshCookie, Depends(_refresh_cookie)]


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
    await container.accounts.ensure_first(session, account.id)
    return UserOut.of(account)


@router.post("/login")
async def login(
    body: LoginBody,
    request: Request,
    response: Response,
    container: ContainerDep,
    client: ClientDep,
    cookie: CookieDep,
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
    cookie.put(response, tokens)
    return TokenOut.of(tokens)


@router.post("/refresh")
async def refresh(response: Response, container: ContainerDep, cookie: CookieDep) -> TokenOut:
    """Exchange the refresh cookie for a new one and a new access token. Code: session_ended."""
    if not cookie.token:
        raise NotSignedIn("There is no session in this browser. Sign in first.")
    async with container.database.transaction() as session:
        outcome = await container.identity.refresh(session, cookie.token)
        if isinstance(outcome, TokenUsedTwice):
            said = {"reason": "token_used_twice", "session_id": outcome.session_id}
            kind = AuditEventType.SESSIONS_REVOKED
            await record(container, session, kind, outcome.user_id, said)
    if isinstance(outcome, SessionEnded):
        raise outcome
    cookie.put(response, outcome)
    if cookie.is_former:
        cookie.drop_former(response)
    return TokenOut.of(outcome)


@router.post("/logout", status_code=204)
async def logout(
    response: Response,
    container: ContainerDep,
    session: Db,
    credentials: Credentials,
    cookie: CookieDep,
) -> None:
    """End the session of this browser and that of the access token, at once and for all their
    tokens; fine without either."""
    access_token = credentials.credentials if credentials else None
    ended = await container.identity.log_out(session, cookie.own, access_token)
    if cookie.former and await container.identity.knows(session, cookie.former):
        ended += await container.identity.log_out(session, cookie.former, None)
        cookie.drop_former(response)
    for user_id in ended:
        await record(container, session, AuditEventType.USER_LOGGED_OUT, user_id, {})
    cookie.drop(response)
