"""Rows of pipelines as the API shows them: the stored columns, no graph parsed."""

from kuber.pipelines.documents import CheckedGraph
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.schemas import PipelineHead, PipelineSummary, PipelineText


def head_of(row: PipelineRow) -> PipelineHead:
    """Return a pipeline without its graph."""
    return PipelineHead.model_validate(_shown(row))


def summary_of(row: PipelineRow) -> PipelineSummary:
    """Return a row of the list, without the last run."""
    return PipelineSummary.model_validate(_shown(row))


def text_of(row: PipelineRow, checked: CheckedGraph) -> PipelineText:
    """Return a pipeline in full, its graph and problems as `checked` has them."""
    shown = _shown(row) | {
        "node_count": checked.node_count,
        "problem_count": checked.problem_count,
    }
    return PipelineText(PipelineHead.model_validate(shown), checked.text, checked.problems)


def _shown(row: PipelineRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in PipelineHead.model_fields}
