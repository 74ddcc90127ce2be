"""Accounts and tokens as the API takes and shows them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kuber.identity.passwords import MAX_LENGTH, MIN_LENGTH
from kuber.identity.types import Account, IssuedTokens, Role, Tier

Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ann@example.com"])]


class RegisterBody(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Annotated[SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]


class LoginBody(BaseModel):
    """Who signs in. Wrong lengths are wrong credentials, so nothing is said about them."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Annotated[SecretStr, Field(max_length=MAX_LENGTH)]


class TokenOut(BaseModel):
    """An access token of `user_id`; `expires_in` is in seconds. The refresh token travels in a
    cookie, which all tabs of a browser share: compare `user_id` after a refresh."""

    user_id: UUID
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  a scheme, not a secret
    expires_in: int

    @classmethod
    def of(cls, tokens: IssuedTokens) -> Self:
        return cls(
            user_id=tokens.user_id,
            access_token=tokens.access_token,
            expires_in=tokens.access_expires_in_s,
        )


class UserOut(BaseModel):
    """An account as its owner sees it."""

    id: UUID
    email: str
    role: Role
    tier: Tier

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(id=account.id, email=account.email, role=account.role, tier=account.tier)


class LimitOut(BaseModel):
    """One limit of an account; `used` is what counts against it now, in `unit`."""

    name: str
    limit: int
    used: int
    unit: str
    sentence: str


class LimitList(BaseModel):
    items: list[LimitOut]
