"""Webhook sources and their deliveries as the API takes and shows them."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kuber.kernel.names import Name
from kuber.signals.gateway.types import Delivery, SourceKind
from kuber.signals.types import Confidence, SignalDirection, TickerName, TickerSignal

DEFAULT_RATE_PER_MINUTE = 600
MAX_RATE_PER_MINUTE = 60_000
DEFAULT_OVERLAP_HOURS = 24
MAX_NETWORKS = 50


def _network(text: str) -> str:
    """Return a network in its plain form; raises ValueError."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise ValueError(
            "must be an address or a network, such as 203.0.113.7 or 203.0.113.0/24"
        ) from error


Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]
Networks = Annotated[list[Network], Field(max_length=MAX_NETWORKS)]
Rate = Annotated[int, Field(ge=1, le=MAX_RATE_PER_MINUTE)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookSourceCreate(_Body):
    """A new source. Without `allowed_networks` TradingView's own for that kind, else any."""

    name: Name
    kind: SourceKind
    rate_per_minute: Rate = DEFAULT_RATE_PER_MINUTE
    allowed_networks: Networks | None = None


class WebhookSourceUpdate(_Body):
    """What changes; absent fields stay."""

    name: Name | None = None
    rate_per_minute: Rate | None = None
    allowed_networks: Networks | None = None
    enabled: bool | None = None


class RotateBody(_Body):
    """How long the secret that is replaced stays valid; 0 ends it at once, after a leak."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = DEFAULT_OVERLAP_HOURS


class SampleBody(_Body):
    """What a test delivery says. Left as it is, it starts no pipeline that asks for confidence."""

    ticker: TickerName = "AAPL"
    direction: Literal["BULLISH", "BEARISH", "NEUTRAL"] = "NEUTRAL"
    confidence: Confidence = 0

    def sample(self) -> TickerSignal:
        """Return it as a delivery says it."""
        return TickerSignal(
            ticker=self.ticker, signal=SignalDirection(self.direction), confidence=self.confidence
        )


class DeliveryOut(BaseModel):
    """What came of one delivery; its content is not kept."""

    id: UUID
    received_at: datetime
    status: int
    code: str
    detail: str
    size_bytes: int
    client_network: str
    signal_id: UUID | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOut":
        return cls.model_validate(delivery, from_attributes=True)


class DeliveryList(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None = None


class WebhookSourceOut(BaseModel):
    """A source without its secret: `secret_hint` is its end, `url` ends in `{secret}` where the
    secret belongs into the address."""

    id: UUID
    name: str
    kind: SourceKind
    url: str
    secret_hint: str
    previous_until: datetime | None
    allowed_networks: list[str]
    rate_per_minute: int
    enabled: bool
    created_at: datetime
    updated_at: datetime
    last_delivery: DeliveryOut | None = None


class WebhookSourceWithSecret(WebhookSourceOut):
    """A source with its secret, which is shown this once; `url` is complete."""

    secret: str


class WebhookSourceList(BaseModel):
    items: list[WebhookSourceOut]
    next_cursor: str | None = None


class SignalAccepted(BaseModel):
    """The signal that a delivery raised, now or when it was first sent."""

    signal_id: UUID


class SignalTypeOut(BaseModel):
    """A signal type that pipelines may subscribe to."""

    signal_type: str
    name: str
    description: str


class SignalTypeList(BaseModel):
    items: list[SignalTypeOut]
    next_cursor: str | None = None
