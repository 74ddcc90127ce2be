"""From a message on `decisions.order_intent` to an order ticket, or to why it is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kuber.infra.dead_letters import Rejected
from kuber.infra.headers import correlation_id_of
from kuber.infra.kafka import IncomingMessage
from kuber.kernel.ids import new_id
from kuber.kernel.orders import OrderType, Side, TimeInForce
from kuber.market.symbols import MAX_WRITTEN
from kuber.trading.tickets.schemas import OrderTicket, Price, Quantity, Reference

KEY_HEADER, SIGNATURE_HEADER = "kuber_key", "kuber_signature"
"""Headers: how the API key begins, and the signature of the message's value."""
SCHEMA_VERSION = 1
MAX_MESSAGE_BYTES = 16_000
LATE_AFTER = timedelta(seconds=60)
_AHEAD = timedelta(seconds=5)
_MOST_PROBLEMS = 1_000


class OutsideRisk(BaseModel):
    """The exit plan: where the position is left."""

    model_config = ConfigDict(extra="ignore")

    stop_loss: Price
    targets: Annotated[list[Price], Field(max_length=2)] = []


class OutsideIntent(BaseModel):
    """What an outside agent wants. Fields that nobody knows are ignored."""

    model_config = ConfigDict(extra="ignore")

    idempotency_key: Reference
    decided_at: AwareDatetime
    account_id: UUID
    agent_id: Annotated[str, StringConstraints(max_length=100)] | None = None
    symbol: Annotated[str, Field(min_length=1, max_length=MAX_WRITTEN)]
    side: Side
    quantity: Quantity
    order_type: OrderType = OrderType.MARKET
    limit_price: Price | None = None
    stop_price: Price | None = None
    time_in_force: TimeInForce | None = None
    risk_params: OutsideRisk

    def ticket(self) -> OrderTicket:
        """Return it as a person's order; its key is the order's name in its account."""
        return OrderTicket(
            account_id=self.account_id,
            symbol=self.symbol,
            side=self.side,
            type=self.order_type,
            quantity=self.quantity,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            time_in_force=self.time_in_force,
            client_order_id=self.idempotency_key,
            stop_loss=self.risk_params.stop_loss,
            take_profit=self.risk_params.targets or None,
        )

    def late(self, now: datetime) -> bool:
        """Return whether it was decided too long ago, or in a time to come."""
        return not -_AHEAD <= now - self.decided_at <= LATE_AFTER


@dataclass(frozen=True, slots=True)
class Signed:
    """An intent with the marks of who signed it, not verified yet."""

    message: IncomingMessage
    intent: OutsideIntent
    prefix: str
    signature: str
    correlation_id: str


def read(message: IncomingMessage) -> Signed | Rejected | None:
    """Return the intent that a message holds, why it holds none, or None for Kuber's own messages.

    Rejected with `not_signed`, `newer_schema`, `too_large` or `bad_schema`.
    """
    headers = message.headers
    if "type" in headers:
        return None
    prefix, signature = headers.get(KEY_HEADER), headers.get(SIGNATURE_HEADER)
    if not prefix or not signature:
        text = f"The headers {KEY_HEADER} and {SIGNATURE_HEADER} say who sent it."
        return Rejected(message, "not_signed", text)
    version = headers.get("schema_version", str(SCHEMA_VERSION))
    if version != str(SCHEMA_VERSION):
        text = f"Schema version {version[:20]} is not {SCHEMA_VERSION}."
        return Rejected(message, "newer_schema", text)
    if len(message.value) > MAX_MESSAGE_BYTES:
        text = f"An intent may have {MAX_MESSAGE_BYTES:,} bytes."
        return Rejected(message, "too_large", text)
    try:
        intent = OutsideIntent.model_validate_json(message.value)
    except ValidationError as error:
        return Rejected(message, "bad_schema", _problems(error))
    correlation_id = correlation_id_of(headers) or str(new_id())
    return Signed(message, intent, prefix, signature, correlation_id)


def _problems(error: ValidationError) -> str:
    found = (
        f"{'.'.join(map(str, one['loc'])) or 'message'}: {one['msg']}" for one in error.errors()
    )
    return "; ".join(found)[:_MOST_PROBLEMS]
