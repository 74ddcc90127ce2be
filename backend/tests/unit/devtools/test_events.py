"""Which changes of messages the check lets through, and which it stops."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from devtools import events
from devtools.events import breaks

Document = dict[str, Any]
TAKEN: Document = {
    "type": "object",
    "additionalProperties": True,
    "properties": {
        "at": {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]},
        "side": {"$ref": "#/components/schemas/Side"},
        "tickers": {"type": "array", "maxItems": 9, "items": {"type": "string", "pattern": "^A"}},
        "note": {"type": "string", "maxLength": 10},
    },
    "required": ["at", "side"],
}
GIVEN: Document = {
    "type": "object",
    "properties": {
        "price": {"type": "string"},
        "venue": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "side": {"$ref": "#/components/schemas/Side"},
    },
    "required": ["price", "venue", "side"],
}


def document() -> Document:
    """Return a document with one message that is taken and one that is given."""
    return copy.deepcopy(
        {
            "channels": {
                "raw": {"address": "signals.raw", "messages": {"Taken": {}}},
                "fill": {"address": "executions.fill", "messages": {"Given": {}}},
            },
            "operations": {
                "a": {"action": "receive", "channel": {"$ref": "#/channels/raw"}},
                "b": {"action": "send", "channel": {"$ref": "#/channels/fill"}},
            },
            "components": {
                "messages": {name: _message(name) for name in ("Taken", "Given")},
                "schemas": {
                    "Taken": TAKEN,
                    "Given": GIVEN,
                    "Side": {"type": "string", "enum": ["BUY", "SELL"]},
                },
            },
        }
    )


def _message(name: str) -> Document:
    version = {"type": "string", "const": "1"}
    return {
        "headers": {"type": "object", "properties": {"schema_version": version}},
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def fields(changed: Document, name: str) -> Document:
    found: Document = changed["components"]["schemas"][name]["properties"]
    return found


def found(changed: Document) -> list[str]:
    return list(breaks(document(), changed))


def test_nothing_new_breaks_nothing() -> None:
    assert found(document()) == []


def test_a_new_field_breaks_nothing_unless_senders_must_give_it() -> None:
    changed = document()
    fields(changed, "Taken")["more"] = {"type": "string"}
    fields(changed, "Given")["more"] = {"type": "string"}
    changed["components"]["schemas"]["Given"]["required"].append("more")
    assert found(changed) == []
    changed["components"]["schemas"]["Taken"]["required"].append("more")
    assert found(changed) == ["Taken.more: is newly required"]


@pytest.mark.parametrize("message", ["Taken", "Given"])
def test_a_field_that_is_gone_breaks(message: str) -> None:
    changed = document()
    del fields(changed, message)["side"]
    assert found(changed) == [f"{message}.side: is gone"]


@pytest.mark.parametrize(("message", "name"), [("Taken", "note"), ("Given", "price")])
def test_a_changed_type_breaks(message: str, name: str) -> None:
    changed = document()
    fields(changed, message)[name] = {"type": "integer"}
    assert found(changed) == [f"{message}.{name}: was string, is integer"]


def test_what_is_taken_may_widen_and_not_narrow() -> None:
    changed = document()
    fields(changed, "Taken")["note"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert found(changed) == []
    fields(changed, "Taken")["at"] = {"type": "number"}
    assert found(changed) == ["Taken.at: was number or string date-time, is number"]


def test_what_is_given_may_narrow_and_not_widen() -> None:
    changed = document()
    fields(changed, "Given")["venue"] = {"type": "string"}
    assert found(changed) == []
    fields(changed, "Given")["price"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert found(changed) == ["Given.price: was string, is null or string"]


def test_a_value_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    changed = document()
    changed["components"]["schemas"]["Side"]["enum"] = ["BUY", "SELL", "HOLD"]
    assert found(changed) == []
    changed["components"]["schemas"]["Side"]["enum"] = ["BUY"]
    assert found(changed) == ["Taken.side: SELL is gone", "Given.side: SELL is gone"]


def test_a_field_that_was_always_there_may_not_become_rare() -> None:
    changed = document()
    changed["components"]["schemas"]["Given"]["required"].remove("price")
    assert found(changed) == ["Given.price: is not always there any more"]


def test_what_is_taken_may_not_get_stricter_limits() -> None:
    changed = document()
    taken = fields(changed, "Taken")
    taken["note"] |= {"maxLength": 5, "minLength": 1}
    taken["tickers"]["items"]["pattern"] = "^B"
    changed["components"]["schemas"]["Taken"]["additionalProperties"] = False
    assert found(changed) == [
        "Taken: takes no unknown fields any more",
        "Taken.tickers[]: has another pattern",
        "Taken.note: maxLength is 5 now",
        "Taken.note: minLength is 1 now",
    ]
    taken = fields(changed := document(), "Taken")
    taken["note"] = {"type": "string"}
    taken["tickers"]["maxItems"] = 20
    assert found(changed) == []


def test_a_header_counts_as_a_field() -> None:
    known, changed = document(), document()
    headers = known["components"]["messages"]["Given"]["headers"]["properties"]
    headers["traceparent"] = {"type": "string"}
    assert list(breaks(known, changed)) == ["Given header.traceparent: is gone"]


def test_a_message_that_is_gone_or_moved_breaks() -> None:
    changed = document()
    changed["channels"]["fill"]["address"] = "executions.other"
    assert found(changed) == ["Given: Kuber does not send executions.fill any more"]
    del changed["components"]["messages"]["Given"]
    assert found(changed) == ["Given: is gone"]


def test_anything_may_change_under_a_higher_version() -> None:
    changed = document()
    message = changed["components"]["messages"]["Given"]
    message["headers"]["properties"]["schema_version"]["const"] = "2"
    changed["components"]["schemas"]["Given"] = {"type": "object", "properties": {}}
    assert found(changed) == []


def test_the_committed_documents_are_those_of_the_program() -> None:
    assert events.main(update=False) == 0


def test_a_difference_is_accepted_only_when_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert events.main(update=False, folder=tmp_path) == 1
    assert "--update-contract" in capsys.readouterr().out
    assert events.main(update=True, folder=tmp_path) == 0
    (tmp_path / "Old.schema.json").write_text("{}")
    assert events.main(update=False, folder=tmp_path) == 1
    assert events.main(update=True, folder=tmp_path) == 0
    assert not (tmp_path / "Old.schema.json").exists()


def test_a_break_is_refused_even_when_an_update_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events.main(update=True, folder=tmp_path)
    promised = json.loads((tmp_path / events.ASYNCAPI).read_text())
    promised["components"]["schemas"]["OrderFilled"]["properties"]["tax"] = {"type": "string"}
    (tmp_path / events.ASYNCAPI).write_text(json.dumps(promised))
    assert events.main(update=True, folder=tmp_path) == 1
    assert "OrderFilled.tax: is gone" in capsys.readouterr().out
