"""API keys: what one may be allowed, how it is written, and who speaks through it."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

from kuber.identity.types import Principal
from kuber.kernel.ids import UserId

ApiKeyId = NewType("ApiKeyId", UUID)

KEY_START = "kuber_"
_WRITTEN = re.compile(r"kuber_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a key may be allowed to do."""

    QUOTES_WRITE = "quotes:write"
    MARKET_READ = "market:read"
    ACCOUNTS_READ = "accounts:read"
    ORDERS_WRITE = "orders:write"


SCOPES: Mapping[Scope, str] = {
    Scope.QUOTES_WRITE: "Send quotes of your own. Nobody but you sees them.",
    Scope.MARKET_READ: "Read symbols, bars, quotes and the state of markets.",
    Scope.ACCOUNTS_READ: "Read your trading accounts, their ledgers and statements.",
    Scope.ORDERS_WRITE: "Place orders over Kafka, where this installation takes them.",
}
"""What each scope means, for the person who makes a key."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: the only time that `secret` is known here."""

    prefix: str
    """How the key begins; it tells keys apart in lists and opens nothing."""
    secret: str
    """The whole key."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key it is, as the door of the API knows it."""

    key_id: ApiKeyId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class KeyPrincipal(Principal):
    """The account behind a request that a program sends with a key, and what the key allows."""

    key_id: ApiKeyId
    scopes: frozenset[str]


def new_key() -> NewKey:
    """Return a key of 256 random bits behind a prefix of its own."""
    prefix = f"{KEY_START}{secrets.token_hex(4)}"
    return NewKey(prefix, f"{prefix}_{secrets.token_urlsafe(32)}")


def is_written_as_key(text: str) -> bool:
    """Say whether a text has the form of a key; only such texts are looked up."""
    return _WRITTEN.fullmatch(text) is not None


def signature_of(sha256: bytes, message: bytes) -> str:
    """Return how a message is signed with a key: HMAC-SHA256, in hex, under the key's SHA-256.

    Whoever holds the key can make it, and the key itself travels nowhere.
    """
    return hmac.new(sha256, message, hashlib.sha256).hexdigest()


def key_hash(secret: str) -> bytes:
    """Return what is stored of a key.

    It is random, so no slow hash is needed. It is found by an index over hashes: how long that
    takes tells about the hash of what was presented, which nobody can steer towards another's, so
    nothing has to be compared in constant time.
    """
    return hashlib.sha256(secret.encode()).digest()
