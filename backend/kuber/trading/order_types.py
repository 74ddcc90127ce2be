"""Words of the order service: effects, settlement, switches, requests."""

from enum import StrEnum


class OrderEffect(StrEnum):
    """What an order does to a position."""

    OPEN = "open"
    CLOSE = "close"
    """Reduces only."""


class SettlementStatus(StrEnum):
    """Whether what an order filled is on the books of the ledger."""

    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"


class SwitchState(StrEnum):
    """What a switch allows (rule M20). Exits always pass."""

    OFF = "off"
    PAUSED = "paused"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


class RequestKind(StrEnum):
    """What the order service is asked for, beside new orders."""

    CANCEL_ORDER = "cancel_order"
    CLOSE_POSITION = "close_position"
    WITHDRAW_ENTRY = "withdraw_entry"
    """No more of the entry is wanted: its pipeline was deactivated."""
