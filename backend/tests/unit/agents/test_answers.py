import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.agents.crews.answers import (
    BiasAnswer,
    RiskAnswer,
    StrategyAnswer,
    UnreadableAnswer,
    read_answer,
)
from kuber.agents.crews.strategy import fault_of
from kuber.agents.state import Direction

GOOD = {"direction": "BULLISH", "confidence": 70, "reasoning": "Rising."}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"My verdict is {TEXT}. Good luck!",
        f"A {{curly}} remark, then {TEXT}",
        f"{TEXT}\n\nAs said: {TEXT}",
        json.dumps({**GOOD, "extra": {"nested": 1}}),
    ],
)
def test_an_answer_is_found_bare_fenced_and_in_prose(text: str) -> None:
    answer = read_answer(text, BiasAnswer)
    assert (answer.direction, answer.confidence) == (Direction.BULLISH, 70)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Lorem ipsum", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ('{"direction": "UP", "confidence": 70, "reasoning": "x"}', "direction"),
        ('{"direction": "BULLISH", "confidence": 170, "reasoning": "x"}', "confidence"),
        ('{"direction": "BULLISH", "confidence": NaN, "reasoning": "x"}', "confidence"),
        ('{"direction": "BULLISH", "confidence": 70, "reasoning": "  "}', "reasoning"),
        ('{"confidence": 70, "reasoning": "x"}', "direction"),
        (f"{TEXT} or rather {json.dumps({**GOOD, 'direction': 'BEARISH'})}", "several answers"),
    ],
)
def test_an_unusable_answer_says_why(text: str, why: str) -> None:
    with pytest.raises(UnreadableAnswer, match=why):
        read_answer(text, BiasAnswer)


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read_answer(text, RiskAnswer)


def answer(**changes: object) -> StrategyAnswer:
    plan = {
        "action": "BUY",
        "entry": 100,
        "stop_loss": 98,
        "target_1": 104,
        "target_2": 107,
        "confidence": 70,
        "reasoning": "Because.",
    }
    return StrategyAnswer.model_validate({**plan, **changes})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"stop_loss": 101}, "wrong side"),
        ({"entry": 100.5, "stop_loss": 100.2}, "wrong side"),
        ({"action": "SELL"}, "wrong side"),
        ({"target_1": 99}, "target 1"),
        ({"target_2": 103}, "target 2"),
        ({"entry": 101.5}, "more than 1 ATR"),
        ({"stop_loss": 80}, "more than 10 ATR"),
        ({"stop_loss": None}, "needs entry"),
    ],
)
def test_a_plan_that_makes_no_sense_is_found_out(changes: dict[str, object], fault: str) -> None:
    found = fault_of(answer(**changes), Decimal(100), atr=1.0)
    assert found is not None
    assert fault in found


def test_a_sound_plan_and_a_hold_have_no_fault() -> None:
    assert fault_of(answer(), Decimal(100), atr=1.0) is None
    idle = answer(action="HOLD", entry=None, stop_loss=None, target_1=None, target_2=None)
    assert fault_of(idle, Decimal(100), atr=1.0) is None
