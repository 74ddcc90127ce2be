"""Who is asking: the words other packages use about people and their log-ins."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from kuber.kernel.ids import UserId

SessionId = NewType("SessionId", UUID)

DEMO_EMAIL = "demo@kuber.dev"
"""The account that the development stack offers at its log-in page."""


class Role(StrEnum):
    """What a person may do beyond their own things."""

    USER = "user"
    AUTHOR = "author"
    ADMIN = "admin"


class Tier(StrEnum):
    """The plan an account is on."""

    FREE = "FREE"
    BASIC = "BASIC"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, without anything secret."""

    id: UserId
    email: str
    role: Role
    tier: Tier


@dataclass(frozen=True, slots=True)
class Principal:
    """The account behind a request."""

    user_id: UserId
    email: str
    role: Role
    tier: Tier


@dataclass(frozen=True, slots=True)
class SignedIn(Principal):
    """A person, and the session they speak through.

    `expires_at` is when the access token ends; a long-lived connection must end with it.
    """

    session_id: SessionId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """Where a log-in comes from, as far as it helps a person to recognise their sessions."""

    user_agent: str
    ip: str


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a log-in or a refresh hands out; `refresh_token` is shown this once."""

    user_id: UserId
    access_token: str
    access_expires_in_s: int
    refresh_token: str
    refresh_expires_in_s: int
