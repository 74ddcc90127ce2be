"""Kinds and states of accounts, and the ids of what is posted in each of them once."""

from enum import StrEnum
from uuid import UUID, uuid5

_IDS = UUID("1b6a4b1c-0a7e-4d0f-8f4e-6f2f1c9d5b30")


class AccountKind(StrEnum):
    """How long an account lives."""

    LASTING = "lasting"
    """Its user's, from sign-up or opened later, with a ledger."""
    SCRATCH = "scratch"
    """One run's alone."""


class AccountStatus(StrEnum):
    """Whether an account is used."""

    OPEN = "open"
    RESET = "reset"
    """Another has taken its place; what it was stays readable."""


def opening_transaction(account_id: UUID) -> UUID:
    """Return the id of the deposit that an account begins with."""
    return uuid5(_IDS, f"opening/{account_id}")


def reset_transaction(account_id: UUID) -> UUID:
    """Return the id of the transaction that empties an account."""
    return uuid5(_IDS, f"reset/{account_id}")
