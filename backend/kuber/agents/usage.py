"""What a node consumed."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class NodeUsage:
    """What one node consumed; the agent adds, the orchestrator reads and charges."""

    input_tokens: int = 0
    output_tokens: int = 0
    tokens_estimated: bool = False
    """True when a provider gave no usage and the count is an estimate."""
    token_cost: Decimal = Decimal(0)
    api_cost: Decimal = Decimal(0)
    price_unknown: bool = False
    """True when a model without a listed price was used: `token_cost` leaves its tokens out."""
    billable: bool = True
    """False when the free rule engine did the work: no rental is charged."""
