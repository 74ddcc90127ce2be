"""API keys as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kuber.identity.api_keys.types import Scope
from kuber.identity.models import ApiKeyRow
from kuber.kernel.names import Name
from kuber.kernel.wire import Instant


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class ApiKeyCreate(BaseModel):
    """A new key; without `expires_at` it works until it is revoked."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20), AfterValidator(_each_once)]
    expires_at: Instant | None = None


class ApiKeyOut(BaseModel):
    """A key as its owner sees it, without the key: `prefix` is how it begins."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: ApiKeyRow) -> Self:
        return cls.model_validate(row, from_attributes=True)


class ApiKeyWithSecret(ApiKeyOut):
    """The answer that made a key, the only one with the key in it."""

    key: str


class ApiKeyList(BaseModel):
    items: list[ApiKeyOut]
    next_cursor: str | None = None


class ScopeOut(BaseModel):
    """Something that a key may be allowed."""

    scope: Scope
    sentence: str


class ScopeList(BaseModel):
    items: list[ScopeOut]
    next_cursor: str | None = None
