"""A name is one line in which something can be seen, and turns nothing round beside it."""

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from kuber.kernel.names import Label, Name
from kuber.market.scanners.schemas import ScannerBody
from kuber.pipelines.schemas import PipelineClone, PipelineCreate, PipelineUpdate, PublishBody
from kuber.pipelines.types import GraphNode
from kuber.signals.gateway.schemas import WebhookSourceCreate, WebhookSourceUpdate
from kuber.signals.generators.schemas import GeneratorBody

UNSEEN = {
    "zero width space": "\u200b\u200b",
    "zero width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "Hangul filler": "\u3164",
    "half-width filler": "\uffa0",
    "leading consonant filler": "\u115f",
    "empty Braille": "\u2800",
    "soft hyphen": "\u00ad",
    "combining marks": "\u0301\u0302",
    "combining joiner": "\u034f",
    "variation selector": "\ufe0f",
    "tag": "\U000e0041",
    "ignorable": "\U000e0fff",
    "spaces of all kinds": "\u2003\u200b\u00a0",
}
NAMES = TypeAdapter(Name)
LABELS = TypeAdapter(Label)


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_a_name_that_shows_nothing_is_refused_and_says_why(text: str) -> None:
    with pytest.raises(ValidationError, match=r"shows nothing|at least 1 character"):
        NAMES.validate_python(text)
    assert LABELS.validate_python(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "7",
        "\u05d0\u200f\u05d1",
        "Ve\u0301lo",
        "\U0001f469\u200d\U0001f4bb",
        "\u65e5",
        "$",
        "\u093e\u0915",
    ],
)
def test_a_name_in_any_script_is_kept_as_it_is(text: str) -> None:
    assert NAMES.validate_python(f"  {text} ") == text
    assert LABELS.validate_python(text) == text


@pytest.mark.parametrize("control", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_what_turns_text_round_is_refused_and_left_out_of_stored_documents(control: str) -> None:
    with pytest.raises(ValidationError, match="direction of text"):
        NAMES.validate_python(f"Pay{control}pal")
    assert LABELS.validate_python(f"Pay{control}pal") == "Paypal"


@pytest.mark.parametrize("end", ["\n", "\r", "\t", "\x07", "\u2028", "\u2029"])
def test_a_name_is_one_line(end: str) -> None:
    with pytest.raises(ValidationError, match="line breaks"):
        NAMES.validate_python(f"a{end}b")


@pytest.mark.parametrize(
    "body",
    [
        PipelineCreate,
        PipelineUpdate,
        PipelineClone,
        PublishBody,
        ScannerBody,
        WebhookSourceCreate,
        WebhookSourceUpdate,
        GeneratorBody,
    ],
)
def test_every_name_that_the_api_takes_is_looked_at(body: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as refused:
        body.model_validate({"name": "\u3164"})
    found = {error["loc"]: error["msg"] for error in refused.value.errors()}
    assert "shows nothing" in found["name",]


def test_a_node_whose_stored_name_shows_nothing_has_none() -> None:
    node = {"id": "a", "agent_type": "bias", "name": "\u200b"}
    assert GraphNode.model_validate(node).name is None
