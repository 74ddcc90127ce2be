"""Reconciliations as the API shows them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class ReconciliationStatus(StrEnum):
    """Whether everything agreed."""

    CLEAN = "clean"
    DIFFERS = "differs"


class DifferenceOut(BaseModel):
    """One thing of which two sources say different things.

    `kind`: `position` (ours: the position, theirs: the ledger's lots), `books` (what is served
    against the ledger's entries), `execution` (the fill against the ledger) or `order` (its filled
    quantity against its fills).
    """

    kind: str
    symbol: str | None
    ours: str
    theirs: str
    text: str


class ReconciliationOut(BaseModel):
    """One comparison of an account. While the newest differs, the account opens nothing."""

    id: UUID
    account_id: UUID
    account_name: str
    at: datetime
    status: ReconciliationStatus
    differences: list[DifferenceOut]


class ReconciliationPage(BaseModel):
    """Comparisons, the newest first."""

    items: list[ReconciliationOut]
    next_cursor: str | None


class ReconciliationBody(BaseModel):
    """Which account is compared; all open ones of the caller without one."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID | None = None
