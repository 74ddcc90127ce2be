"""Report: what was decided and why, for a person to read."""

from pydantic import ConfigDict, Field

from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category
from kuber.agents.catalog.report_text import build_report
from kuber.agents.effects import pure
from kuber.agents.state import PipelineState


class ReportConfig(AgentConfig):
    """What the report contains."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{title}"})

    title: str = Field(
        "", title="Title", description="Empty: made from symbol and decision.", max_length=120
    )
    evidence: bool = Field(
        True, title="Evidence", description="Include what each step said, in full."
    )


class ReportAgent(BaseAgent[ReportConfig]):
    """Collects the run's decision, levels, checks and reasoning in one document."""

    metadata = AgentMetadata(
        agent_type="report",
        name="Report",
        description="Writes down what was decided and why.",
        category=Category.REPORTING,
        icon="article",
        outputs=("report",),
        effects=pure(),
    )
    Config = ReportConfig

    async def process(self, state: PipelineState) -> PipelineState:
        state.report = build_report(
            state, self.config.title, evidence=self.config.evidence, steps=self.context.steps
        )
        self.say(state, f"Wrote the report “{state.report.title}”.")
        return state
