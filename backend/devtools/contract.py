"""Guards the HTTP contract: what others rely on may grow, not change.

The contract is reduced to facts, one line each, kept in docs/reference/api-contract.json.
Run as `python -m devtools.contract [--update]`.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from devtools.steps import ROOT

SNAPSHOT = ROOT / "docs" / "reference" / "api-contract.json"
_METHODS = ("get", "put", "post", "patch", "delete")

Facts = dict[str, str]
"""What is promised: a name such as `PipelineOut.name` to a type such as `string, required`."""


def main(*, update: bool) -> int:
    """Compare the program with the snapshot; with `update`, accept what was added."""
    now = facts()
    kept: Facts = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    known = {by_place(name): value for name, value in kept.items()}
    broken = list(breaks(known, now))
    if broken:
        print("These changes would break existing clients:")
        print("\n".join(f"  {line}" for line in broken))
        print(f"Restore them, or start a new contract by deleting {SNAPSHOT.relative_to(ROOT)}.")
        return 1
    added = sorted(name for name in now if now[name] != known.get(name))
    if not added and kept == now:
        return 0
    if not update:
        print("The contract has grown:")
        print("\n".join(f"  {name}: {now[name]}" for name in added))
        print("Accept it with: ./kuber check --update-contract")
        return 1
    SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
    SNAPSHOT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    print(f"{len(added)} facts added to {SNAPSHOT.relative_to(ROOT)}")
    return 0


def facts() -> Facts:
    """Return all that the program promises now."""
    from kuber.main import contract

    return {by_place(name): value for name, value in http_facts(contract())}


def breaks(known: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield what in `now` would surprise someone who relies on `known`."""
    for name, value in known.items():
        if name in now and not _keeps(name, value, now[name]):
            yield f"{name}: was {value!r}, is {now[name]!r}"
        elif name not in now and now.get(_sent(name)) != value:
            yield f"{name}: is gone"
    subjects = {_subject(name) for name in known}
    for name, value in now.items():
        demanded = value.endswith(", required") and name.startswith(("send ", "ask "))
        if name not in known and demanded and _subject(name) in subjects:
            yield f"{name}: is newly required"


def _sent(name: str) -> str:
    """Return what a fact of an answer is called once requests have that schema, too."""
    return name.replace("receive ", "send ", 1)


def _keeps(name: str, before: str, after: str) -> bool:
    """Return whether whoever goes by `before` may go on; of a request less may be demanded."""
    if before == after:
        return True
    if not name.startswith(("send ", "ask ")) or ", " not in before or ", " not in after:
        return False
    kinds, need = before.rsplit(", ", 1)
    kinds_after, need_after = after.rsplit(", ", 1)
    fewer = set(kinds.split(" or ")) <= set(kinds_after.split(" or "))
    return fewer and need_after in (need, "optional")


def by_place(name: str) -> str:
    """Return a fact's name with the parameters of its path by their places: clients fill in values,
    and do not see what these are called."""
    parameters = re.findall(r"{(\w+)}", name)
    for place, parameter in enumerate(parameters, 1):
        name = name.replace(f"{{{parameter}}}", f"{{{place}}}")
        name = re.sub(rf" path:{parameter}$", f" path:{place}", name)
    return name


def http_facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facts of an OpenAPI document."""
    asked: set[str] = set()
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                yield from _operation_facts(f"{method.upper()} {path}", operation)
                asked |= _references(operation.get("requestBody", {}))
    schemas = document["components"]["schemas"]
    asked = _closure(asked, schemas)
    for name, schema in schemas.items():
        kind = "send" if name in asked else "receive"
        yield from _schema_facts(f"{kind} {name}", schema)


def _operation_facts(subject: str, operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"call {subject}", str(operation.get("operationId"))
    for parameter in operation.get("parameters", []):
        kind = _type(parameter.get("schema", {}))
        need = "required" if parameter.get("required") else "optional"
        yield f"ask {subject} {parameter['in']}:{parameter['name']}", f"{kind}, {need}"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"call {subject} body {media}", _type(content.get("schema", {}))
    for status, response in operation.get("responses", {}).items():
        for media, content in (response.get("content") or {"nothing": {}}).items():
            yield f"call {subject} {status} {media}", _type(content.get("schema", {}))


def _schema_facts(subject: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        need = "required" if name in required else "optional"
        yield f"{subject} .{name}", f"{_type(field)}, {need}"
    for value in schema.get("enum", []):
        yield f"{subject} ={value}", "value"
    for part in schema.get("oneOf", []):
        yield f"{subject} |{_type(part)}", "one of"


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema's type in short words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for key, word in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if key in schema:
            return word.join(sorted(_type(part) for part in schema[key]))
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return "one of " + " ".join(sorted(str(value) for value in schema["enum"]))
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_type(schema['additionalProperties'])}"
    return f"{kind} {schema['format']}" if "format" in schema else kind


def _references(part: object) -> set[str]:
    """Return the names of the schemas that `part` of a document refers to."""
    if isinstance(part, dict):
        found = {str(part["$ref"]).rsplit("/", 1)[-1]} if "$ref" in part else set()
        return found.union(*(_references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_references(value) for value in part))
    return set()


def _closure(names: set[str], schemas: Mapping[str, Any]) -> set[str]:
    """Return `names` with all that they refer to."""
    found, left = set(names), set(names)
    while left:
        left = set().union(*(_references(schemas[name]) for name in left if name in schemas))
        left -= found
        found |= left
    return found


def _subject(name: str) -> str:
    """Return what a fact is about: a call, or a schema that is sent."""
    kind, *words = name.split(" ")
    return " ".join(words[:2]) if kind in ("ask", "call") else f"{kind} {words[0]}"


if __name__ == "__main__":
    sys.exit(main(update="--update" in sys.argv[1:]))
