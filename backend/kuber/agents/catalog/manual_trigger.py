"""Manual trigger: the run starts when a person starts it."""

from kuber.agents.base import AgentMetadata, BaseAgent, Category, NoSettings
from kuber.agents.state import PipelineState, TriggerCondition


class ManualTrigger(BaseAgent[NoSettings]):
    """Lets every run go ahead."""

    metadata = AgentMetadata(
        agent_type="manual_trigger",
        name="Manual trigger",
        description="Starts the pipeline when you press Run.",
        category=Category.TRIGGER,
        icon="play_circle",
        outputs=("trigger",),
    )

    async def process(self, state: PipelineState) -> PipelineState:
        state.trigger = TriggerCondition(kind="manual", met=True, detail="Started by hand.")
        self.say(state, "Started by hand.")
        return state
