"""Generated from the contract: every field of every body, every parameter, with hostile values.

None of them is answered 500, every refusal is a problem document, and what no database could keep
is refused by the name of its field.
"""

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi import FastAPI

from tests.fakes.graphs import graph, node
from tests.fixtures.counts import Tell
from tests.fixtures.limits import allow
from tests.integration.api.test_operations import make_admin
from tests.integration.api.test_t26_cross_tenant import FACTORIES

PARTS = 4
HOLE = "a hole in the JSON"
NEVER_KEPT = {
    "2**64": str(2**64),
    "-2**63-1": str(-(2**63) - 1),
    "1e400": "1e400",
    "NaN": "NaN",
    "NUL": r'"a\u0000b"',
    "half a pair": r'"\ud800"',
    "NUL in a name": r'{"\u0000": 1}',
    "half a pair in a name": r'{"\udfff": 1}',
    "40 levels": "[" * 40 + "]" * 40,
}
"""JSON that is refused wherever it stands, with its field."""
UNLIKELY = {
    "5,000 levels": "[" * 5000 + "]" * 5000,
    "5,000 digits": "9" * 5000,
    "-Infinity": "-Infinity",
    "the first instant": '"0001-01-01T00:00:00+14:00"',
    "the last instant": '"9999-12-31T23:59:59.999999-14:00"',
    "xn--": '"https://xn--/"',
    "an empty label": '"https://a..b/"',
    "a long label": f'"https://{"a" * 70}.com/"',
    "null": "null",
    "true": "true",
    "[]": "[]",
    "{}": "{}",
    "-1": "-1",
    "2**31": str(2**31),
    "2**63-1": str(2**63 - 1),
    "1.8e308": "1.7976931348623157e308",
    "tiny": "5e-324",
    "empty": '""',
    "20,000 letters": f'"{"x" * 20_000}"',
    "other digits": '"\u0661\u0662"',
    "control": r'"\u0001\u202e\ufffe"',
}
TEXTS = (
    *("\0", "a\0b", "\udc80", "\u202e", "", " ", "-1", "1e400", "nan", "inf", "null", "xn--", "%"),
    *(str(2**31), str(2**63), str(2**64), "9" * 400, "\u0661", "2024-01-01", "x" * 5000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-01-01T00:00:00"),
    *("1700-01-01T00:00:00Z", "2199-12-31T23:59:59Z"),
)
CURSOR_KEYS: tuple[Any, ...] = (
    ["0001-01-01T00:00:00+14:00", str(uuid4())],
    ["9999-12-31T23:59:59-14:00", str(uuid4())],
    ["2024-01-01T00:00:00", str(uuid4())],
    ["a\0b", str(uuid4())],
    ["\ud800", str(uuid4())],
    ["2024-01-01T00:00:00+00:00", "no id"],
    [1, 2],
    [2**64, None],
    [str(uuid4())],
    ["no id"],
    [],
    {},
    None,
)
CLOSE = {
    "create_pipeline": {"name": "x", "graph": graph([node("t", "manual_trigger", x=1)], [])},
    "validate_graph": {"graph": graph([node("t", "manual_trigger", x=1)], [])},
    "import_pipeline": {"name": "x", "graph": graph([node("t", "manual_trigger", x=1)], [])},
    "create_scanner": {"name": "x", "kind": "api", "url": "https://lists.example.com/a.json"},
    "preview_scanner": {"filter": {"all": [{"field": "price", "op": ">", "value": 1}]}},
    "create_generator": {"name": "x", "kind": "rsi", "symbols": ["NVDA"], "config": {"low": 20}},
    "check_generator": {"kind": "rsi", "symbol": "NVDA", "config": {"low": 20}},
    "run_pipeline": {"symbol": "AAPL", "as_of": "2012-01-05T21:00:00Z", "seed": 1},
    "put_budget": {"per_run": "1"},
    "create_api_key": {"name": "x", "scopes": ["market:read"]},
    "push_quote": {
        "symbol": "NVDA",
        "last_price": "1",
        "bid": "1",
        "ask": 1,
        "source": "x",
        "ts": "2026-01-05T15:00:00Z",
    },
}
"""Bodies that are good, so that one hostile value in them comes as far as it can."""


def schema_of(document: Any, schema: Any) -> Any:
    """Return a schema without references, and of several choices the first that is an object."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif choices := schema.get("anyOf") or schema.get("oneOf"):
            found = [schema_of(document, one) for one in choices]
            schema = next((one for one in found if "properties" in one), found[0])
        else:
            return schema


def sample(document: Any, schema: Any, depth: int = 0) -> Any:
    """Return a value of about the form that a schema asks for."""
    schema = schema_of(document, schema)
    if "properties" in schema and depth < 6:
        return {
            name: sample(document, one, depth + 1) for name, one in schema["properties"].items()
        }
    if schema.get("type") == "array":
        return [sample(document, schema["items"], depth + 1)] if depth < 6 else []
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    by_type = {"integer": 1, "number": 1.5, "boolean": True, "object": {"k": 1}}
    return by_type.get(schema.get("type", ""), "x" * schema.get("minLength", 1))


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where values stand in a body, and a name that it does not know."""
    yield at
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*at, name))
        yield (*at, "nobody knows this")
    elif isinstance(value, list):
        for number, item in enumerate(value[:1]):
            yield from places(item, (*at, number))


def with_hole(body: Any, at: tuple[str | int, ...], token: str) -> bytes:
    """Return a body as JSON with `token` at one place."""
    if not at:
        return token.encode(errors="surrogatepass")
    changed = deepcopy(body)
    inner = changed
    for part in at[:-1]:
        inner = inner[part]
    inner[at[-1]] = HOLE
    return json.dumps(changed).replace(json.dumps(HOLE), token).encode(errors="surrogatepass")


def operations(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


class Attack:
    """Sends, and notes every answer that is not as it should be."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.sent = 0
        self.wrong: dict[str, str] = {}

    async def send(self, what: str, method: str, path: str, **request: Any) -> httpx.Response:
        self.sent += 1
        answer = await self.client.request(method, path, **request)
        if answer.status_code >= 500 and answer.status_code != 503:
            self.wrong[what] = f"{answer.status_code} {answer.text[:200]}"
        elif answer.status_code >= 400:
            kind = answer.headers["content-type"]
            if kind != "application/problem+json":
                self.wrong[what] = f"{answer.status_code} {kind}"
        return answer


@pytest.fixture
def attack(ann: httpx.AsyncClient, postgres_url: str) -> Attack:
    make_admin(postgres_url, "ann@example.com")
    token = ann.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    allow(postgres_url, claims["sub"], requests_per_minute=1_000_000)
    return Attack(ann)


async def ids_for(attack: Attack, path: str) -> dict[str, str]:
    made = {
        name: await make(attack.client) for name, make in FACTORIES.items() if f"{{{name}}}" in path
    }
    return made | {"secret": "x"}


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_body_is_answered_500_and_what_cannot_be_kept_is_named(
    platform: FastAPI, attack: Attack, tell: Tell, part: int
) -> None:
    document = platform.openapi()
    for method, path, operation in list(operations(platform))[part::PARTS]:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content or "/webhooks/" in path:
            continue
        name = operation["operationId"]
        address = path.format(**await ids_for(attack, path))
        body = CLOSE.get(name) or sample(document, content["application/json"]["schema"])
        for at in places(body):
            for kind, token in (NEVER_KEPT | UNLIKELY).items():
                what = f"{name} {'.'.join(map(str, at))} {kind}"
                headers = {"Content-Type": "application/json", "If-Match": "1"}
                raw = with_hole(body, at, token)
                answer = await attack.send(what, method, address, content=raw, headers=headers)
                if kind in NEVER_KEPT and answer.status_code != 429:
                    named = [item["field"] for item in answer.json().get("errors", [])]
                    if answer.status_code != 422 or (at and not any(named)):
                        attack.wrong[what] = f"{answer.status_code} {answer.text[:200]}"
    assert attack.wrong == {}
    tell(f"{attack.sent} hostile bodies")


async def test_no_parameter_is_answered_500(platform: FastAPI, attack: Attack, tell: Tell) -> None:
    for method, path, operation in operations(platform):
        parameters = operation.get("parameters", [])
        ids = await ids_for(attack, path)
        good = {"symbol": "AAPL", "timeframe": "1d", "symbols": "AAPL"}
        for parameter in parameters:
            name, place = parameter["name"], parameter["in"]
            texts = list(TEXTS)
            if name == "cursor":
                texts += [
                    base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
                    for key in CURSOR_KEYS
                ]
            for text in texts:
                what = f"{operation['operationId']} {name}={text[:40]!r}"
                raw = text.encode(errors="surrogatepass")
                query: dict[str, Any] = {
                    one["name"]: good[one["name"]]
                    for one in parameters
                    if one["name"] in good and one["in"] == "query"
                }
                address, headers = path, {}
                if place == "query":
                    query[name] = raw
                elif place == "path":
                    quoted = "".join(f"%{byte:02x}" for byte in raw) or "%20"
                    address = address.replace(f"{{{name}}}", quoted)
                elif text.isprintable() and text.isascii():
                    headers[name] = text
                else:
                    continue
                answer = await attack.send(
                    what, method, f"{address.format(**ids)}?{urlencode(query)}", headers=headers
                )
                if place == "query" and "\0" in text and answer.status_code != 422:
                    attack.wrong[what] = f"{answer.status_code} {answer.text[:200]}"
    assert attack.wrong == {}
    tell(f"{attack.sent} hostile parameters")


async def test_no_form_is_answered_500(attack: Attack) -> None:
    bars = b"symbol,date,open,high,low,close,volume\nX,2024-01-02,1,2,1,2,10\n"
    parts = ("filename", "timeframe", "timezone", "content")
    for text, part in product(TEXTS, parts):
        written = text.encode(errors="surrogatepass")
        values = {"filename": b"a.csv", "timeframe": b"1d", "timezone": b"", "content": bars}
        values[part] = written if part != "content" else bars.replace(b"X,", written + b",")
        body = b"".join(
            b'--xx\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (name.encode(), values[name])
            for name in ("timeframe", "timezone")
        )
        body += (
            b'--xx\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
            b"Content-Type: text/csv\r\n\r\n%s\r\n--xx--\r\n"
        ) % (values["filename"], values["content"])
        await attack.send(
            f"{part}={text!r}",
            "POST",
            "/api/v1/market/imports",
            content=body,
            headers={"Content-Type": "multipart/form-data; boundary=xx"},
        )
    assert attack.wrong == {}


def test_every_body_refuses_what_it_does_not_know(platform: FastAPI) -> None:
    document = platform.openapi()
    open_ones = set()

    def walk(schema: Any, seen: frozenset[str]) -> None:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in seen:
                found = document["components"]["schemas"][name]
                if "properties" in found and found.get("additionalProperties") is not False:
                    open_ones.add(name)
                walk(found, seen | {name})
            return
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items")):
            if one:
                walk(one, seen)
        for one in schema.get("properties", {}).values():
            walk(one, seen)

    for _, path, operation in operations(platform):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and "/webhooks/" not in path:
            walk(content["application/json"]["schema"], frozenset())
    assert open_ones == set()


async def test_a_misspelt_budget_is_refused_and_resets_nothing(ann: httpx.AsyncClient) -> None:
    assert (await ann.put("/api/v1/budgets", json={"per_day": "3"})).status_code == 200
    refused = await ann.put("/api/v1/budgets", json={"perday": "1"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "perday")
    assert (await ann.get("/api/v1/budgets")).json()["per_day"] in ("3", "3.00000000")
