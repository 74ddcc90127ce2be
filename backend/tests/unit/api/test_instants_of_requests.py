"""Every door of the API at which an instant comes in takes none for a number of seconds."""

from collections.abc import Iterator
from typing import Annotated, Any, NoReturn, get_args

import pytest
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from kuber.api.app import create_app
from kuber.api.validation import problem_items

DIGITS = ("20260915", "2026", 20260915, 1789482600.5)


def _not_serving() -> NoReturn:
    raise AssertionError("nothing is served")


def doors() -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Yield everything that a request may say as an instant: its name and its type."""
    for context in iter_route_contexts(create_app(_not_serving).routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        for field in get_flat_params(route.dependant):
            yield from instant(f"{context.path}?{field.name}", field.field_info)
        body = route.body_field
        for model in models(body.field_info.annotation if body else None):
            for name, info in model.model_fields.items():
                yield from instant(f"{model.__name__}.{name}", info)


def models(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models in a type, with those in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for info in annotation.model_fields.values():
            yield from models(info.annotation)
    for part in get_args(annotation):
        yield from models(part)


def instant(name: str, info: FieldInfo) -> Iterator[tuple[str, TypeAdapter[Any]]]:
    said: Any = info.annotation
    for rule in info.metadata:
        said = Annotated[said, rule]
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(said)
        schema = adapter.json_schema()
    except Exception:  # noqa: BLE001  a file, which has no schema of its own
        return
    one_of = schema.get("anyOf", [schema])
    if any(one.get("format") in ("date-time", "date") for one in one_of):
        yield name, adapter


def test_no_door_takes_digits_for_an_instant() -> None:
    found = dict(doors())
    assert {"RunBody.as_of", "QuotePush.ts", "/api/v1/market/bars?start"} <= found.keys()
    assert {"/api/v1/costs?since", "/api/v1/events?since"} <= found.keys()
    for name, adapter in found.items():
        for digits in DIGITS:
            with pytest.raises(ValidationError) as refused:
                adapter.validate_python(digits)
            errors = [{**one, "loc": ("query", name)} for one in refused.value.errors()]
            (item,) = problem_items(errors)
            assert item.code == "instant_format", name
            assert item.remedy.endswith("such as 2026-09-15T14:30:00Z.")
