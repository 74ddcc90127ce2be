"""What the documents say of messages is what goes over the wire."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from kuber.commands.events import ASYNCAPI, documents
from kuber.infra.dead_letters import Rejected, announcement
from kuber.infra.kafka import ALL_TOPICS, IncomingMessage
from kuber.infra.outbox import outbox_values
from kuber.kernel.events import Event
from kuber.kernel.ids import OrderId, RunId, UserId, new_id
from kuber.signals.events import SignalNormalized, SignalRaised
from kuber.signals.types import SignalMessage
from kuber.trading.events import OrderFilled
from tests.fakes.kafka import signal

NOW = datetime(2026, 1, 2, 15, tzinfo=UTC)
BODY: dict[str, Any] = {
    "occurred_at": NOW,
    "correlation_id": "c",
    "signal_id": uuid4(),
    "timestamp": 1702234567.5,
    "source": "golden_cross",
    "signal_type": "golden_cross",
    "tickers": ({"ticker": "AAPL", "signal": "BULLISH", "confidence": 85.5, "more": 1},),
    "metadata": {"fast": 1.5},
    "user_id": None,
}
QUOTED: list[dict[str, Any]] = [
    BODY | {"tickers": ({**BODY["tickers"][0], "quote": quote},)}
    for quote in (
        None,
        {"price": "187.20", "volume": None, "quoted_at": "2026-01-02T15:00:00Z"},
    )
]
FILLED = OrderFilled(
    occurred_at=NOW,
    correlation_id="c",
    order_id=OrderId(new_id()),
    run_id=RunId(new_id()),
    user_id=UserId(new_id()),
    mode="paper",
    symbol="AAPL",
    side="buy",
    quantity=Decimal("1.5"),
    fill_id="f-1",
    execution_venue="simulation",
    fill_status="filled",
    price=Decimal("123.07"),
    commission=Decimal(0),
    filled_at=NOW,
)


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    return {name: json.loads(text) for name, text in documents().items()}


def check(files: dict[str, Any], name: str, value: object) -> None:
    """Check a message's value, after its way through JSON."""
    schema = files[f"{name}.schema.json"]
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    "event", [FILLED, *(SignalNormalized(**body, started=1, skipped=2) for body in QUOTED)]
)
def test_events_in_the_outbox_are_as_their_documents_say(
    files: dict[str, Any], event: Event
) -> None:
    name, row = type(event).__name__, outbox_values(event)
    check(files, name, row["payload"])
    message = files[ASYNCAPI]["components"]["messages"][name]
    Draft202012Validator(message["headers"]).validate(row["headers"])
    with pytest.raises(ValidationError):
        check(files, name, {**row["payload"], "correlation_id": 7})
    del row["payload"]["event_id"]
    with pytest.raises(ValidationError):
        check(files, name, row["payload"])


@pytest.mark.parametrize("value", [b"{", b"x" * 100_000, b"\xff"])
def test_dead_letters_are_as_their_document_says(files: dict[str, Any], value: bytes) -> None:
    message = IncomingMessage("signals.raw", 0, 7, 1, None, value, {})
    letter, headers = announcement(Rejected(message, "not_json", "It is none."), new_id())
    check(files, "DeadLetter", asdict(letter))
    described = files[ASYNCAPI]["components"]["messages"]["DeadLetter"]["headers"]
    Draft202012Validator(described).validate(headers)
    assert {"schema_version", "correlation_id", "idempotency_key"} <= set(described["required"])


def test_signals_of_strangers_and_of_our_own_are_as_one_document_says(
    files: dict[str, Any],
) -> None:
    for value in (
        signal(),
        signal(timestamp="2026-01-02T15:00:00Z", flavour="new"),
        outbox_values(SignalRaised(**BODY))["payload"],
    ):
        check(files, "SignalMessage", value)
        SignalMessage.model_validate(json.loads(json.dumps(value)))
    for broken in (signal(confidence=101), signal(tickers=[]), signal(signal_type="Two Words")):
        with pytest.raises(ValidationError):
            check(files, "SignalMessage", broken)


def test_every_topic_of_the_documents_is_one_that_kuber_creates(files: dict[str, Any]) -> None:
    channels = files[ASYNCAPI]["channels"].values()
    assert {channel["address"] for channel in channels} <= set(ALL_TOPICS)
    assert files[ASYNCAPI]["asyncapi"] == "3.0.0"


def test_every_reference_of_the_asyncapi_document_leads_somewhere(files: dict[str, Any]) -> None:
    document = files[ASYNCAPI]
    references = [part["$ref"] for part in parts(document) if "$ref" in part]
    assert references
    for reference in references:
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


def parts(value: object) -> list[dict[str, Any]]:
    """Return every object within a document."""
    if isinstance(value, dict):
        return [value, *(part for item in value.values() for part in parts(item))]
    if isinstance(value, list):
        return [part for item in value for part in parts(item)]
    return []
