"""What routes ask for: the container, a unit of work, the person who is asking.

Most routes are for signed-in people. One that programs may call with an API key says so by its
scope: `MarketReader` and the like. There is no other way in for a key.
"""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from kuber.api.container import Container
from kuber.api.credentials import KEY_HEADER, credentials_of
from kuber.identity.api_keys.service import require_scope
from kuber.identity.api_keys.types import Scope
from kuber.identity.errors import AdminOnly, KeyNotTaken, NotSignedIn
from kuber.identity.types import Client, Principal, Role
from kuber.kernel.errors import KuberError

T = TypeVar("T")

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="access_token",
    description="The access token of POST /api/v1/auth/login.",
)
_api_key = APIKeyHeader(
    name=KEY_HEADER,
    auto_error=False,
    scheme_name="api_key",
    description="A key of POST /api/v1/api-keys with the scope that the call names.",
)


# Async although nothing is awaited: plain functions would each be sent through a thread.
async def _container(request: Request) -> Container:
    return cast(Container, request.app.state.container)


ContainerDep = Annotated[Container, Depends(_container)]


async def _unit_of_work(container: ContainerDep) -> AsyncIterator[AsyncSession]:
    async with container.database.transaction() as session:
        yield session


# With the scope "function" the transaction ends before the answer is sent: what a client was told
# has happened is committed, and a failed commit still becomes an error answer.
Db = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
"""The request's transaction, one per request; takes a connection at its first statement."""


# Who asks is read by `credentials_of`; as dependencies these say in the contract what is taken.
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_Key = Annotated[str | None, Depends(_api_key)]


async def _current_user(
    request: Request, container: ContainerDep, session: Db, _: Credentials
) -> Principal:
    return await _person(request, container, session)


async def _caller(request: Request, container: ContainerDep, _: Credentials) -> Principal:
    async with container.database.transaction() as session:
        return await _person(request, container, session)


CurrentUser = Annotated[Principal, Depends(_current_user)]
"""The signed-in person, found in the transaction of `Db`; without one the route answers 401."""


async def principal_of(request: Request) -> Principal:
    """Return the signed-in person outside of FastAPI's dependencies, in a transaction of its own.

    Raises NotSignedIn.
    """
    return await _caller(request, await _container(request), None)


async def _admin(user: CurrentUser) -> Principal:
    if user.role is not Role.ADMIN:
        raise AdminOnly("Only an administrator may do this.")
    return user


Admin = Annotated[Principal, Depends(_admin)]
"""The signed-in person when that is an administrator; everybody else is answered 403."""

Caller = Annotated[Principal, Depends(_caller)]
"""As CurrentUser, for routes that then wait for others: no transaction stays open meanwhile."""


class _Allowed:
    """Finds the signed-in person, or whose API key it is when that has the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(
        self, request: Request, container: ContainerDep, _: Credentials, __: _Key
    ) -> Principal:
        async with container.database.transaction() as session:
            credentials = credentials_of(request.scope)
            if credentials is None or not credentials.is_key:
                return await _person(request, container, session)
            principal = await container.api_keys.principal(session, credentials.token)
        bind_contextvars(user_id=str(principal.user_id), api_key_id=str(principal.key_id))
        require_scope(principal, self.scope)
        return principal


MarketReader = Annotated[Principal, Depends(_Allowed(Scope.MARKET_READ))]
"""As Caller; an API key with the scope `market:read` reaches the route too."""

AccountReader = Annotated[Principal, Depends(_Allowed(Scope.ACCOUNTS_READ))]
"""As Caller; an API key with the scope `accounts:read` reaches the route too."""

QuoteSender = Annotated[Principal, Depends(_Allowed(Scope.QUOTES_WRITE))]
"""As Caller; an API key with the scope `quotes:write` reaches the route too."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of work that was done before a request's transaction.

    What it raises waits for the route: a repeated request gets its first answer first.
    """

    value: T | None
    error: KuberError | None

    @classmethod
    async def of(cls, work: Awaitable[T]) -> "Outcome[T]":
        try:
            return cls(await work, None)
        except KuberError as error:
            return cls(None, error)

    def get(self) -> T:
        """Return what was found; raises what finding it raised."""
        if self.error is not None:
            raise self.error
        return cast(T, self.value)


async def _person(request: Request, container: Container, session: AsyncSession) -> Principal:
    credentials = credentials_of(request.scope)
    if credentials is None:
        raise NotSignedIn("Sign in first: this needs an access token.")
    if credentials.is_key:
        await container.api_keys.principal(session, credentials.token)
        raise KeyNotTaken("API keys do not reach this: sign in, and send the access token.")
    if credentials.claims is not None:  # the signature was checked
        principal = await container.identity.principal_of(session, credentials.claims)
    else:
        principal = await container.identity.principal(session, credentials.token)
    bind_contextvars(user_id=str(principal.user_id))
    return principal


async def _client(request: Request) -> Client:
    return Client(
        user_agent=request.headers.get("user-agent", ""),
        ip=request.client.host if request.client else "",
    )


ClientDep = Annotated[Client, Depends(_client)]
