"""Who wanted an order, and the ids that follow from it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

from kuber.kernel.ids import OrderId, RunId

_ORDER_NAMESPACE = UUID("6f1c2f5e-0a55-5c1e-9a5d-6b1f5a5f7a11")

ENTRY = "entry"
"""The leg that opens a position; the others are named by what protects or closes it."""


class OriginKind(StrEnum):
    """What kind of thing wanted an order."""

    RUN = "run"
    MONITOR = "monitor"
    PERSON = "person"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Origin:
    """What wanted an order. `key` names it among those of its kind: run and node for a run."""

    kind: OriginKind
    key: tuple[str, ...]

    @classmethod
    def of_node(cls, run_id: RunId, node_id: str) -> "Origin":
        """Return the origin of what one node of one run orders."""
        return cls(OriginKind.RUN, (str(run_id), node_id))

    @property
    def run_id(self) -> RunId | None:
        """The run, also one that was deleted; None for other origins."""
        return RunId(UUID(self.key[0])) if self.kind is OriginKind.RUN else None

    @property
    def node_id(self) -> str | None:
        """The node, None for origins other than runs."""
        return self.key[1] if self.kind is OriginKind.RUN else None

    def order_id(self, leg: str = ENTRY, attempt: int = 1) -> OrderId:
        """Return the client order id of one leg at one attempt, from 1: always the same.

        Whatever is repeated after a crash derives the same id, so that the venue recognises it. An
        attempt is a new order, made once the one before has ended.
        """
        if self.kind is OriginKind.RUN and len(self.key) == 2 and (leg, attempt) == (ENTRY, 1):
            name = f"{'/'.join(self.key)}/0"  # as it was before legs had names: ids are kept
        else:
            name = json.dumps([self.kind, *self.key, leg, attempt])
        return OrderId(uuid5(_ORDER_NAMESPACE, name))
