"""Guards the messages on Kafka: what others rely on may grow, not change.

The documents in docs/reference/events are made from the program's types, and the committed ones
say what was promised. A message may change as it likes under a higher `schema_version`. Run as
`python -m devtools.events [--update]`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.steps import ROOT

FOLDER = ROOT / "docs" / "reference" / "events"
ASYNCAPI = "asyncapi.json"
Document = Mapping[str, Any]

_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_ANYTHING = "anything"


def main(*, update: bool, folder: Path = FOLDER) -> int:
    """Compare the program with the committed documents; with `update`, accept what was added."""
    from kuber.commands.events import documents

    made = documents()
    kept = {path.name: path.read_text() for path in sorted(folder.glob("*.json"))}
    if ASYNCAPI in kept:
        broken = list(breaks(json.loads(kept[ASYNCAPI]), json.loads(made[ASYNCAPI])))
        if broken:
            print("These changes would break those who send or read messages:")
            print("\n".join(f"  {line}" for line in broken))
            print("Restore them, or raise the message's schema_version.")
            return 1
    stale = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    if stale and not update:
        print("The messages differ from their documents: " + ", ".join(stale))
        print("Accept it with: ./kuber check --update-contract")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in made:
            (folder / name).write_text(made[name])
        else:
            (folder / name).unlink()
        print(f"{name} updated")
    return 0


def breaks(known: Document, now: Document) -> Iterator[str]:
    """Yield what in the AsyncAPI document `now` would surprise who relies on `known`."""
    messages = now["components"]["messages"]
    for name, message in known["components"]["messages"].items():
        if name not in messages:
            yield f"{name}: is gone"
            continue
        if _version(messages[name]) > _version(message):
            continue
        for place in sorted(_places(known, name) - _places(now, name)):
            yield f"{name}: Kuber does not {place} any more"
        takes = any(place.startswith("receive") for place in _places(known, name))
        compare = _Comparison(known, now, takes=takes)
        yield from compare.schemas(f"{name} header", message["headers"], messages[name]["headers"])
        yield from compare.schemas(name, message["payload"], messages[name]["payload"])


def _version(message: Document) -> int:
    return int(message["headers"]["properties"]["schema_version"]["const"])


def _places(document: Document, name: str) -> set[str]:
    """Return what Kuber does with a message and where, such as `send executions.fill`."""
    channels = document["channels"]
    found = set()
    for operation in document["operations"].values():
        channel = channels[operation["channel"]["$ref"].rsplit("/", 1)[-1]]
        if name in channel["messages"]:
            found.add(f"{operation['action']} {channel['address']}")
    return found


@dataclass(frozen=True)
class _Comparison:
    """Compares schemas of two documents; `takes` tells what Kuber takes from what it gives.

    What it takes may not grow stricter; what it gives may not lose what was always there.
    """

    known: Document
    now: Document
    takes: bool

    def schemas(self, where: str, known: Document, now: Document) -> Iterator[str]:
        """Yield how `now` breaks with `known`, part by part."""
        before, after = _kinds(self.known, known), _kinds(self.now, now)
        if self._surprises(set(before), set(after)):
            yield f"{where}: was {_words(before)}, is {_words(after)}"
            return
        for kind in sorted(before.keys() & after.keys()):
            yield from self._of_one_kind(where, before[kind], after[kind])

    def _surprises(self, before: set[str], after: set[str]) -> bool:
        taken, given = (before, after) if self.takes else (after, before)
        return _ANYTHING not in given and not taken <= given

    def _of_one_kind(self, where: str, known: Document, now: Document) -> Iterator[str]:
        gone = _values(known) - _values(now) if _values(now) or not self.takes else set()
        if gone:
            yield f"{where}: {', '.join(sorted(gone))} is gone"
        if self.takes:
            yield from _stricter(where, known, now)
        yield from self._fields(where, known, now)
        for part in ("items", "additionalProperties"):
            if isinstance(known.get(part), dict) and isinstance(now.get(part), dict):
                yield from self.schemas(f"{where}[]", known[part], now[part])

    def _fields(self, where: str, known: Document, now: Document) -> Iterator[str]:
        before, after = known.get("properties", {}), now.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{where}.{name}: is gone"
            else:
                yield from self.schemas(f"{where}.{name}", schema, after[name])
        must, must_now = set(known.get("required", [])), set(now.get("required", []))
        if self.takes:
            for name in sorted(must_now - must):
                yield f"{where}.{name}: is newly required"
        else:
            for name in sorted((must - must_now) & after.keys()):
                yield f"{where}.{name}: is not always there any more"


def _stricter(where: str, known: Document, now: Document) -> Iterator[str]:
    """Yield each limit that refuses what was taken before."""
    for name in _UPPER:
        if name in now and (name not in known or now[name] < known[name]):
            yield f"{where}: {name} is {now[name]} now"
    for name in _LOWER:
        if name in now and (name not in known or now[name] > known[name]):
            yield f"{where}: {name} is {now[name]} now"
    if "pattern" in now and now["pattern"] != known.get("pattern"):
        yield f"{where}: has another pattern"
    if _values(now) and not _values(known):
        yield f"{where}: takes only {', '.join(sorted(_values(now)))} now"
    if now.get("additionalProperties") is False and known.get("additionalProperties") is not False:
        yield f"{where}: takes no unknown fields any more"


def _kinds(document: Document, schema: Document) -> dict[str, Document]:
    """Return the alternatives of a schema by their kind, such as `string uuid`."""
    if "$ref" in schema:
        return _kinds(document, _referred(document, schema["$ref"]))
    found: dict[str, Document] = {}
    for key in ("anyOf", "oneOf"):
        for alternative in schema.get(key, ()):
            found |= _kinds(document, alternative)
    if found:
        return found
    kind = schema.get("type", _ANYTHING)
    return {f"{kind} {schema['format']}" if "format" in schema else str(kind): schema}


def _referred(document: Document, reference: str) -> Document:
    part = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def _values(schema: Document) -> set[str]:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema.get("enum", ())}


def _words(kinds: Mapping[str, Document]) -> str:
    return " or ".join(sorted(kinds))


if __name__ == "__main__":
    sys.exit(main(update="--update" in sys.argv[1:]))
