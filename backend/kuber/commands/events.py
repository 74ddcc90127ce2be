"""The messages on Kafka as documents: one AsyncAPI 3.0, and a JSON Schema for each message.

Everything is made from the types that the program itself uses. `devtools/events.py` keeps the
documents in docs/reference/events and refuses changes that would break who relies on them.
"""

import inspect
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, TypeAdapter

from kuber.infra.dead_letters import DeadLetter
from kuber.infra.kafka import CONSUMERS, PARTITIONS, dead_letter_topic
from kuber.kernel.events import Event
from kuber.signals.events import SignalNormalized, SignalRaised
from kuber.signals.intake import SCHEMA_VERSION
from kuber.signals.types import QuotedTicker, SignalMessage

ASYNCAPI = "asyncapi.json"
Schema = dict[str, JsonValue]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_MODE: dict[str, Literal["validation", "serialization"]] = {
    "receive": "validation",
    "send": "serialization",
}
_ABOUT = (
    "Values are JSON, headers are UTF-8 text. Messages with the same key keep their order. "
    "Each message may come more than once: drop an `idempotency_key` that you have seen. "
    "Ignore fields that you do not know; more may come within a schema version. "
    "Where a topic carries several kinds of messages, the header `type` tells them apart."
)


@dataclass(frozen=True)
class Message:
    """One kind of message; `action` is what Kuber does with it."""

    name: str
    topics: tuple[str, ...]
    action: Literal["send", "receive"]
    model: type
    version: int
    key: str


def write(output: Path | None) -> int:
    """Write the AsyncAPI document to `output` or to the screen; return the exit code."""
    text = documents()[ASYNCAPI]
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text)
    return 0


def documents() -> dict[str, str]:
    """Return every document by its file name."""
    found = messages()
    files: dict[str, Schema] = {ASYNCAPI: asyncapi(found)}
    for message in found:
        schema = {"$schema": _DIALECT, **_payload(message, "#/$defs/{model}")}
        files[f"{message.name}.schema.json"] = schema
    return {name: json.dumps(document, indent=2) + "\n" for name, document in files.items()}


def messages() -> list[Message]:
    """Return every message that Kuber sends or receives, by name."""
    for module in sorted(Path(__file__).parents[1].glob("*/events.py")):
        import_module(f"kuber.{module.parent.name}.events")
    announced = (event for event in _below(Event) if hasattr(event, "topic"))
    sent = [_of_event(event) for event in announced if event is not SignalRaised]
    dead = tuple(map(dead_letter_topic, CONSUMERS))
    others = [
        Message(
            *("SignalMessage", (SignalRaised.topic,), "receive", SignalMessage, SCHEMA_VERSION),
            "The first ticker, so that signals of a ticker keep their order.",
        ),
        Message(
            "DeadLetter", dead, "send", DeadLetter, 1, "The key of the message, if it is text."
        ),
    ]
    return sorted([*sent, *others], key=lambda message: message.name)


def asyncapi(found: Sequence[Message]) -> Schema:
    """Return the AsyncAPI 3.0 document of the messages."""
    channels: dict[str, Schema] = {}
    operations: Schema = {}
    components: Schema = {}
    schemas: Schema = {}
    for message in found:
        payload = _payload(message, "#/components/schemas/{model}")
        schemas |= _defs_taken_from(payload)
        schemas[message.name] = payload
        components[message.name] = _component(message)
        for topic in message.topics:
            channel = topic.replace(".", "-")
            kinds = [one for one in found if topic in one.topics]
            assert {one.action for one in kinds} == {message.action}, "a topic goes one way"
            channels[channel] = _channel(topic, kinds)
            operations[f"{message.action}-{channel}"] = _operation(channel, kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Kuber's messages", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": dict(sorted(channels.items())),
        "operations": dict(sorted(operations.items())),
        "components": {"messages": components, "schemas": dict(sorted(schemas.items()))},
    }


def _channel(topic: str, kinds: Sequence[Message]) -> Schema:
    return {
        "address": topic,
        "messages": {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in kinds},
        "bindings": {"kafka": {"topic": topic, "partitions": PARTITIONS}},
    }


def _operation(channel: str, kinds: Sequence[Message]) -> Schema:
    return {
        "action": kinds[0].action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{one.name}"} for one in kinds],
    }


def _component(message: Message) -> Schema:
    return {
        "name": message.name,
        "summary": _summary(message.model),
        "contentType": "application/json",
        "headers": _headers(message),
        "payload": {"$ref": f"#/components/schemas/{message.name}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": message.key}}},
    }


def _headers(message: Message) -> Schema:
    """Return the schema of a message's headers: what a sender may give, or what Kuber gives."""
    told: Schema = {
        "schema_version": {"type": "string", "const": str(message.version)},
        "idempotency_key": {**_TEXT, "description": "Equal for each repetition of the message."},
        "correlation_id": {**_TEXT, "description": "Ties together what one cause has led to."},
        "traceparent": {**_TEXT, "description": "W3C trace context."},
    }
    if message.action == "receive":
        return {"type": "object", "properties": told}
    service: Schema = {**_TEXT, "description": "The process that made it, such as api or worker."}
    always = ["type", "schema_version", "idempotency_key", "correlation_id", "service"]
    properties: Schema = {
        "type": {"type": "string", "const": message.name},
        **told,
        "service": service,
    }
    return {"type": "object", "properties": properties, "required": [*always]}


def _payload(message: Message, references: str) -> Schema:
    """Return the schema of a message's value, with `$defs` for what it refers to."""
    schema = _schema(message.model, _MODE[message.action], references)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    if message.model is SignalNormalized:  # holds as plain data what came in as these
        tickers = _schema(tuple[QuotedTicker, ...], "serialization", references)
        schema |= {key: value for key, value in tickers.items() if key == "$defs"}
        properties["tickers"] = {key: tickers[key] for key in ("type", "items")}
    if message.action == "send":
        schema["required"] = [*properties]
    return {"title": message.name, "description": inspect.getdoc(message.model) or "", **schema}


def _schema(model: object, mode: Literal["validation", "serialization"], references: str) -> Schema:
    adapter: TypeAdapter[object] = TypeAdapter(model)
    made: Schema = adapter.json_schema(mode=mode, ref_template=references)
    return made


def _defs_taken_from(schema: Schema) -> Schema:
    definitions = schema.pop("$defs", {})
    assert isinstance(definitions, dict)
    return definitions


def _of_event(event: type[Event]) -> Message:
    key = "What the message is about, such as a ticker; equal keys keep their order."
    return Message(event.__name__, (event.topic,), "send", event, event.schema_version, key)


def _below(kind: type) -> set[type[Event]]:
    """Return every event of the product below `kind`."""
    found: set[type[Event]] = set()
    children: list[type] = kind.__subclasses__()
    for child in children:
        if child.__module__.startswith("kuber."):
            # Slots make a dataclass anew, and the class without them lingers for a while.
            found |= {getattr(sys.modules[child.__module__], child.__name__), *_below(child)}
    return found


def _summary(model: type) -> str:
    return (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
