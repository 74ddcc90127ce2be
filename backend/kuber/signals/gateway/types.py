"""Who may send signals from outside, and what arrives from there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from kuber.kernel.ids import UserId

SourceId = NewType("SourceId", UUID)

MAX_BODY_BYTES = 64_000
"""The largest delivery that is read."""

WINDOW_S = 300
"""How far a delivery's timestamp may lie from our clock, either way."""

TRADINGVIEW_NETWORKS = (
    "52.89.214.238/32",
    "34.212.75.30/32",
    "54.218.53.128/32",
    "52.32.178.7/32",
)
"""Where TradingView says its alerts come from (tradingview.com/support/solutions/43000529348)."""


class SourceKind(StrEnum):
    """How a source proves that a delivery is its own."""

    HMAC = "hmac"
    STANDARD_WEBHOOKS = "standard_webhooks"
    TRADINGVIEW = "tradingview"


@dataclass(frozen=True, slots=True)
class Source:
    """A place outside that may send signals for one user, with its secrets in the clear.

    `secrets` are those that were valid at `read_at`, newest first. `version` changes with every
    change of the source.
    """

    id: SourceId
    user_id: UserId
    name: str
    kind: SourceKind
    secrets: tuple[str, ...] = field(repr=False)
    allowed_networks: tuple[str, ...]
    rate_per_minute: int
    enabled: bool
    version: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request to the gateway before anything of it is believed.

    `headers` have lower-case names, several of one name joined by commas. `client_ip` is None for
    a test that Kuber itself sends. `path_secret` is what stood behind the source in the address.
    """

    headers: Mapping[str, str]
    body: AsyncIterator[bytes]
    client_ip: str | None
    correlation_id: str
    path_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """What checking the signature of a delivery brought to light.

    `nonce` may be used once; `external_id` names the delivery, however often it is sent. `alert`
    stands for what an alert says, which has no name of its own: the same soon after is the same.
    """

    nonce: str | None
    external_id: str
    alert: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An accepted delivery; `repeated` when an earlier one had raised the signal already."""

    signal_id: UUID
    repeated: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one delivery, as its owner may see it."""

    id: UUID
    received_at: datetime
    status: int
    code: str
    detail: str
    size_bytes: int
    client_network: str
    signal_id: UUID | None
