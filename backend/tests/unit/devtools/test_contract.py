"""What the contract check lets through, and what it stops."""

from devtools.contract import Facts, breaks, by_place, http_facts

DOCUMENT = {
    "paths": {
        "/pipelines": {
            "get": {
                "operationId": "list_pipelines",
                "parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/x/Page"}}}}
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/x/New"}}}},
                "responses": {"204": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Page": {"properties": {"items": {"type": "array", "items": {"$ref": "#/x/Mode"}}}},
            "New": {
                "properties": {"name": {"type": "string"}, "mode": {"$ref": "#/x/Mode"}},
                "required": ["name"],
            },
            "Mode": {"enum": ["live", "paper"]},
            "Event": {"oneOf": [{"$ref": "#/x/Page"}, {"$ref": "#/x/New"}]},
        }
    },
}


def known() -> Facts:
    return dict(http_facts(DOCUMENT))


def test_a_contract_becomes_one_fact_per_promise() -> None:
    assert known() == {
        "call GET /pipelines": "list_pipelines",
        "ask GET /pipelines query:cursor": "string, optional",
        "call GET /pipelines 200 application/json": "Page",
        "call POST /pipelines": "None",
        "call POST /pipelines body application/json": "New",
        "call POST /pipelines 204 nothing": "anything",
        "receive Page .items": "list of Mode, optional",
        "send New .name": "string, required",
        "send New .mode": "Mode, optional",
        "send Mode =live": "value",
        "send Mode =paper": "value",
        "receive Event |Page": "one of",
        "receive Event |New": "one of",
    }


def test_nothing_new_breaks_nothing() -> None:
    assert list(breaks(known(), known())) == []


def test_a_new_call_and_a_new_optional_field_break_nothing() -> None:
    grown = known() | {"call DELETE /pipelines": "x", "send New .note": "string, optional"}
    assert list(breaks(known(), grown)) == []


def test_a_field_that_is_gone_breaks_clients() -> None:
    shrunk = known()
    del shrunk["receive Page .items"]
    assert list(breaks(known(), shrunk)) == ["receive Page .items: is gone"]


def test_what_is_answered_may_become_part_of_a_request_as_well() -> None:
    asked = {name.replace("receive Page", "send Page"): value for name, value in known().items()}
    assert list(breaks(known(), asked)) == []
    changed = {**asked, "send Page .items": "string, optional"}
    assert list(breaks(known(), changed)) == ["receive Page .items: is gone"]


def test_a_changed_type_breaks_clients() -> None:
    changed = known() | {"send New .name": "integer, required"}
    assert list(breaks(known(), changed)) == [
        "send New .name: was 'string, required', is 'integer, required'"
    ]


def test_a_newly_required_field_or_parameter_breaks_clients() -> None:
    stricter = known() | {
        "send New .owner": "string, required",
        "ask GET /pipelines query:owner": "string, required",
    }
    assert list(breaks(known(), stricter)) == [
        "send New .owner: is newly required",
        "ask GET /pipelines query:owner: is newly required",
    ]


def test_a_required_field_of_a_new_schema_breaks_nothing() -> None:
    assert list(breaks(known(), known() | {"send Other .name": "string, required"})) == []


def test_a_request_may_demand_less() -> None:
    eased = known() | {"send New .name": "null or string, optional"}
    assert list(breaks(known(), eased)) == []
    narrower = known() | {"send New .mode": "null, optional"}
    assert list(breaks(known(), narrower)) != []
    answered = known() | {"receive Page .items": "list of Mode or null, optional"}
    assert list(breaks(known(), answered)) != [], "who reads it does not expect null"


def test_parameters_of_a_path_count_by_their_place() -> None:
    assert by_place("ask GET /a/{x}/b/{y} path:y") == "ask GET /a/{1}/b/{2} path:2"
    assert by_place("call GET /a/{id}") == by_place("call GET /a/{symbol}")
    assert by_place("call GET /a/{id}") != by_place("call GET /a/b")
