"""What a crew must answer, and reading it out of whatever text a model wraps around it."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kuber.agents.state import Action, Direction

MAX_REASONING = 4000
"""Characters of a model's explanation that are kept."""

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)

Confidence = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Reasoning = Annotated[
    str,
    BeforeValidator(lambda text: text.strip()[:MAX_REASONING] if isinstance(text, str) else text),
    Field(min_length=1),
]
Level = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class Answer(BaseModel):
    """Base of the crews' answers. Unknown keys are ignored: models like to add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BiasAnswer(Answer):
    """The chief analyst's verdict on the market's direction."""

    direction: Direction
    confidence: Confidence
    reasoning: Reasoning


class StrategyAnswer(Answer):
    """A trade plan. The levels are required unless the action is HOLD."""

    action: Action
    entry: Level | None = None
    stop_loss: Level | None = None
    target_1: Level | None = None
    target_2: Level | None = None
    confidence: Confidence
    reasoning: Reasoning


class RiskAnswer(Answer):
    """The reviewer's verdict: a crew may shrink a position or veto it, never enlarge it."""

    verdict: Literal["approve", "reduce", "veto"]
    size_factor: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    """Share of the rules' quantity to keep."""
    reasoning: Reasoning


A = TypeVar("A", bound=Answer)


class UnreadableAnswer(ValueError):
    """The text holds no usable answer; the message says why, for the run page."""


def read_answer(text: str, kind: type[A]) -> A:
    """Return the answer found in `text`: bare JSON, fenced JSON or JSON inside prose.

    Raises UnreadableAnswer when no JSON object of the right shape is there, or when several
    that differ are: choosing between them would be guessing.
    """
    found: list[A] = []
    reason = "it holds no JSON object"
    for candidate in _json_objects(text):
        try:
            answer = kind.model_validate(candidate)
        except ValidationError as error:
            reason = _first_error(error)
            continue
        if answer not in found:
            found.append(answer)
    if not found:
        raise UnreadableAnswer(reason)
    if len(found) > 1:
        raise UnreadableAnswer("it holds several answers that differ")
    return found[0]


def _json_objects(text: str) -> Iterator[dict[str, object]]:
    """Yield every outermost JSON object in `text`, fenced blocks first."""
    fenced = [match.group(1) for match in _FENCE.finditer(text)]
    seen_any = False
    for block in fenced:
        for item in _scan(block):
            seen_any = True
            yield item
    if not seen_any:
        yield from _scan(text)


def _scan(text: str) -> Iterator[dict[str, object]]:
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position != -1:
        try:
            item, end = decoder.raw_decode(text, position)
        except ValueError:
            end = position + 1
        else:
            if isinstance(item, dict):
                yield item
        position = text.find("{", end)


def _first_error(error: ValidationError) -> str:
    item = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in item["loc"]) or "the answer"
    return f"{path}: {item['msg']}"
