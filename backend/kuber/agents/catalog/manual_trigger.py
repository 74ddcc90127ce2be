"""Start: the run goes ahead, whoever or whatever started it."""

from kuber.agents.base import AgentMetadata, BaseAgent, Category, NoSettings
from kuber.agents.effects import pure
from kuber.agents.state import PipelineState, TriggerCondition

_WORDS = {
    "manual": "Started by hand.",
    "schedule": "Started by the schedule.",
    "signal": "Started by a signal.",
}


class ManualTrigger(BaseAgent[NoSettings]):
    """Lets every run go ahead."""

    metadata = AgentMetadata(
        agent_type="manual_trigger",
        name="Start",
        description="Starts the pipeline: by hand, on a schedule or by a signal.",
        category=Category.TRIGGER,
        icon="play_circle",
        outputs=("trigger",),
        effects=pure(),
    )

    async def process(self, state: PipelineState) -> PipelineState:
        started_by = self.context.started_by
        words = _WORDS[started_by]
        state.trigger = TriggerCondition(kind=started_by, met=True, detail=words)
        self.say(state, words)
        return state
