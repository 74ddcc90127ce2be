"""Every template of the gallery runs on the symbol that it names, with the sample alone."""

import pytest

from kuber.pipelines.schemas import TemplateOut
from kuber.pipelines.templates import templates
from tests.fixtures.traders import Trader, statuses_of

AS_OF = {"EURUSD": "2017-12-01T21:00:00Z"}


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.slug)
def test_a_template_runs_from_end_to_end(trader: Trader, template: TemplateOut) -> None:
    pipeline = trader.create(template=template.slug)
    assert pipeline["problems"] == []
    symbol = template.symbol_hint
    as_of = AS_OF.get(symbol, "2009-06-01T21:00:00Z")
    run = trader.wait(trader.run(pipeline["id"], symbol, as_of=as_of, seed=1))
    assert run["status"] == "succeeded", run["error"]
    assert set(statuses_of(run).values()) <= {"succeeded", "skipped"}
