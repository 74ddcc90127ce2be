"""A name is one line in which something can be seen, and turns nothing round beside it."""

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from kuber.kernel.names import Label, Name, Note
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
NOTES = TypeAdapter(Note)


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_a_name_that_shows_nothing_is_refused_and_says_why(text: str) -> None:
    with pytest.raises(
        ValidationError, match=r"shows nothing|nobody sees|direction of text|at least 1 character"
    ):
        NAMES.validate_python(text)
    assert LABELS.validate_python(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "7",
        "\u05d0\u05d1",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u0600\u0661",
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


@pytest.mark.parametrize("mark", ["\u061c", "\u200e", "\u200f"])
def test_a_mark_of_direction_is_refused_and_stays_in_stored_documents(mark: str) -> None:
    with pytest.raises(ValidationError, match=f"direction of text .U.{ord(mark):04X}"):
        NAMES.validate_python(f"\u05d0{mark}\u05d1")
    assert LABELS.validate_python(f"\u05d0{mark}\u05d1") == f"\u05d0{mark}\u05d1"


@pytest.mark.parametrize(
    "character",
    "\u00ad\u180e\u200b\u2060\u2064\u206a\ufeff\ufff9\ufff0\U0001d173\U000e0001\U000e0041\U000e0fff",
)
def test_what_nobody_sees_is_refused_between_what_can_be_seen(character: str) -> None:
    for texts in (NAMES, NOTES):
        with pytest.raises(ValidationError, match=f"nobody sees .U.{ord(character):04X}"):
            texts.validate_python(f"Pay{character}pal")


def test_a_note_has_lines_and_hides_nothing() -> None:
    assert NOTES.validate_python(" One\n\ttwo\r\n") == "One\n\ttwo"
    assert NOTES.validate_python("") == ""
    for hidden in ("\u202e", "\u2067", "\u200f", "\x1b"):
        with pytest.raises(ValidationError, match="leave them out"):
            NOTES.validate_python(f"Pay{hidden}pal")
    with pytest.raises(ValidationError) as refused:
        PublishBody.model_validate({"note": "Fine\u202e, not"})
    assert [error["loc"] for error in refused.value.errors()] == [("note",)]


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
