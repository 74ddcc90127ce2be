"""Tells open connections how pipelines of their user changed."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId
from kuber.realtime.messages import PipelineChangedMessage, PipelinesMissedMessage

PIPELINES = "pipelines"
"""The topic."""

Put = Callable[[PipelineChangedMessage | PipelinesMissedMessage], None]


class PipelinePush:
    """Hands each change to the connections of the pipeline's user."""

    def __init__(self) -> None:
        self._watchers: dict[UserId, set[Put]] = defaultdict(set)

    @contextmanager
    def watching(self, user_id: UserId, put: Put) -> Iterator[None]:
        """Have `put` called with each message while the block runs."""
        self._watchers[user_id].add(put)
        try:
            yield
        finally:
            self._watchers[user_id].discard(put)
            if not self._watchers[user_id]:
                del self._watchers[user_id]

    def changed(self, payload: str) -> None:
        """Take what `kuber.pipelines.announcing` says of one pipeline."""
        change: JsonObject = json.loads(payload)
        user_id = UserId(UUID(change.pop("user_id")))
        message = PipelineChangedMessage(type="pipeline_changed", **change)
        for put in tuple(self._watchers.get(user_id, ())):
            put(message)

    def look_again(self) -> None:
        """Tell everybody who is connected that changes may have been missed."""
        for watchers in tuple(self._watchers.values()):
            for put in tuple(watchers):
                put(PipelinesMissedMessage(type="pipelines_missed"))
