"""Tells open connections how pipelines of their user changed."""

import json
from uuid import UUID

from kuber.infra.db import JsonObject
from kuber.kernel.ids import UserId
from kuber.realtime.messages import PipelineChangedMessage, PipelinesMissedMessage
from kuber.realtime.push import Push


class PipelinePush(Push[UserId, PipelineChangedMessage | PipelinesMissedMessage]):
    """Hands each change to the connections of the pipeline's user."""

    def changed(self, payload: str) -> None:
        """Take what `kuber.pipelines.announcing` says of one pipeline."""
        change: JsonObject = json.loads(payload)
        user_id = UserId(UUID(change.pop("user_id")))
        self.tell(user_id, PipelineChangedMessage(type="pipeline_changed", **change))

    def look_again(self) -> None:
        """Tell everybody who is connected that changes may have been missed."""
        for user_id in self.watched():
            self.tell(user_id, PipelinesMissedMessage(type="pipelines_missed"))
