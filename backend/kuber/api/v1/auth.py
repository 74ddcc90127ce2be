"""Sign up, sign in, stay signed in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from kuber.api.container import ApiSettings
from kuber.api.deps import ClientDep, ContainerDep, Db
from kuber.api.idempotency import IDEMPOTENT_FOR_ANYONE, IdempotentRoute
from kuber.identity.errors import NotSignedIn, SessionEnded
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
    return UserOut.of(await container.identity.register(session, body.email, password))


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
    account = await identity.authenticate(stored, body.password.get_secret_value())
    async with transaction() as session:
        tokens = await identity.open_session(session, account.id, client)
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
    if isinstance(outcome, SessionEnded):
        raise outcome
    return _hand_out(outcome, request, response, container.settings)


@router.post("/logout", status_code=204)
async def logout(
    request: Request,
    response: Response,
    container: ContainerDep,
    session: Db,
    refresh_token: RefreshCookie = None,
) -> None:
    """End the session of this browser, at once and for all its tokens; fine without one."""
    if refresh_token:
        await container.identity.log_out(session, refresh_token)
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
