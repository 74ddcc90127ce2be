"""Identifiers: UUIDv7, minted by whoever starts the action."""

from typing import NewType
from uuid import UUID

import uuid_utils.compat as uuid_utils

UserId = NewType("UserId", UUID)
PipelineId = NewType("PipelineId", UUID)
RunId = NewType("RunId", UUID)
OrderId = NewType("OrderId", UUID)


def new_id() -> UUID:
    """Return a new time-ordered UUID (version 7, RFC 9562)."""
    return UUID(int=uuid_utils.uuid7().int)
