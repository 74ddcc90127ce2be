"""Identifiers: UUIDv7, minted by whoever starts the action."""

from typing import NewType
from uuid import UUID, uuid5

import uuid_utils.compat as uuid_utils

UserId = NewType("UserId", UUID)
PipelineId = NewType("PipelineId", UUID)
RunId = NewType("RunId", UUID)
OrderId = NewType("OrderId", UUID)

_ORDER_NAMESPACE = UUID("6f1c2f5e-0a55-5c1e-9a5d-6b1f5a5f7a11")


def new_id() -> UUID:
    """Return a new time-ordered UUID (version 7, RFC 9562)."""
    return UUID(int=uuid_utils.uuid7().int)


def order_id_for(run_id: RunId, node_id: str, leg: int = 0) -> OrderId:
    """Return the client order id that one node of one run always uses for one leg.

    A retry or a resumed run derives the same id, so that a venue can recognise the repetition.
    """
    return OrderId(uuid5(_ORDER_NAMESPACE, f"{run_id}/{node_id}/{leg}"))
