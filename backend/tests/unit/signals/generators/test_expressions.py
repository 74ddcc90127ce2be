"""The language of user-defined generators: what it means and what it refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuber.signals.generators.expressions.compiler import compile_expression
from kuber.signals.generators.expressions.functions import FUNCTIONS
from kuber.signals.generators.expressions.grammar import BadExpression, ExpressionProblem
from kuber.signals.generators.expressions.program import Program
from tests.fakes.generator_bars import bar, bars_at, random_walk


def last(expression: str, *closes: float) -> bool | None:
    """Return what the expression says on the last of these closes."""
    evaluation = compile_expression(expression).start()
    result = None
    for one in bars_at(closes):
        result = evaluation.update(one)
    return result


def refused(expression: str) -> tuple[ExpressionProblem, ...]:
    with pytest.raises(BadExpression) as caught:
        compile_expression(expression)
    return caught.value.problems


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "10 - 4 - 3 == 3",
        "16 / 4 / 2 == 2",
        "-2 * -3 == 6",
        "1.5e1 == 15 and .5 < 1",
        "not 1 > 2 and 2 > 1 or 1 > 2",
        "1 > 2 or 2 > 1 and 3 > 2",
        "NOT 1 > 2 AND Close > 1",
        "close == 12 and previous(close) == 11 and previous(close, 2) == 10",
        "highest(close, 3) == 12 and lowest(close, 3) == 10",
        "sma(close, 3) == 11",
        "abs(-3) == 3 and min(1, 2) == 1 and max(1, 2) == 2",
        "change(close, 2) > 19.9 and change(close, 2) < 20.1",
        "high - low == 1",
    ],
)
def test_an_expression_means_what_it_says(expression: str) -> None:
    assert last(expression, 10, 11, 12) is True


@pytest.mark.parametrize(
    "expression",
    ["sma(close, 5) > 0", "not sma(close, 5) > 0", "close / 0 > 1", "max(close, 1/0) > 0"],
)
def test_what_is_not_known_is_neither_true_nor_false(expression: str) -> None:
    assert last(expression, 10, 11) is None


def test_one_side_that_is_known_can_decide() -> None:
    assert last("sma(close, 9) > 0 and 1 > 2", 10) is False
    assert last("sma(close, 9) > 0 or 2 > 1", 10) is True


def test_crossings_are_told_on_their_bar_only() -> None:
    evaluation = compile_expression("crosses_above(close, 10)").start()
    assert [evaluation.update(one) for one in bars_at([9, 11, 12])] == [False, True, False]


def test_equal_parts_are_computed_once() -> None:
    program = compile_expression("sma(close, 20) > 1 or sma( CLOSE ,20) > 2 and close > 3")
    assert [step.text for step in program.steps].count("sma(close, 20)") == 1


def test_history_is_asked_for_as_deep_as_indicators_are_nested() -> None:
    assert compile_expression("sma(sma(close, 20), 30) > 0").settling == 51


@pytest.mark.parametrize(
    ("expression", "column", "message"),
    [
        ("", 1, "empty"),
        ("close >", 8, "ends too early"),
        ("close > 1 $ 2", 11, "'$' has no meaning"),
        ("close > 1 2", 11, "'2' does not fit"),
        ("1 < close < 3", 11, "follows another comparison"),
        ("close", 1, "close is a number, not a condition"),
        ("sma(close, 20)", 1, "is a number, not a condition"),
        ("close > (1 < 2)", 10, "is a condition, not a number"),
        ("close and 1 > 2", 1, "is a number, not a condition"),
        ("closse > 1", 1, "closse is not known"),
        ("smaa(close, 3) > 1", 1, "smaa is not a function"),
        ("sma > 1", 1, "sma is a function"),
        ("sma(close) > 1", 1, "was given 1 values"),
        ("rsi(1, 2) > 1", 1, "was given 2 values"),
        ("1 < sma(close, 1)", 16, "whole number from 2 to 500"),
        ("1 < sma(close, 501)", 16, "whole number from 2 to 500"),
        ("1 < sma(close, 2.5)", 16, "whole number from 2 to 500"),
        ("1 < sma(close, close)", 16, "whole number from 2 to 500"),
        ("1 < sma(close, -5)", 16, "whole number from 2 to 500"),
        ("macd(26, 12, 9) > 0", 1, "not longer than the fast"),
        ("close > 1e999", 9, "too large"),
        ("__import__('os') > 1", 12, "no meaning here"),
        ("close.real > 1", 6, "no meaning here"),
        ("rsi(500) > 1", 1, "bars of history"),
    ],
)
def test_each_mistake_is_named_with_its_column_and_a_remedy(
    expression: str, column: int, message: str
) -> None:
    problem = refused(expression)[0]
    assert message in problem.message
    assert problem.column == column
    assert problem.remedy.endswith((".", "?"))


def test_every_mistake_is_named_at_once() -> None:
    assert [one.column for one in refused("closse > 1 and sma(close, 1) > bar")] == [1, 27, 32]


def test_a_misspelt_name_is_put_right() -> None:
    assert refused("volum > 1")[0].remedy == "Did you mean volume?"


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    assert "1000 are allowed" in refused("close > 1 and " * 100 + "close > 1")[0].message
    assert "deep" in refused("not " * 200 + "close > 1")[0].message
    assert "deep" in refused("close > " + "-" * 900 + "1")[0].message
    assert "deep" in refused("abs(" * 150 + "close" + ")" * 150 + " > 1")[0].message


def test_more_functions_than_are_allowed_are_refused() -> None:
    many = " or ".join(f"sma(close, {period}) > 1" for period in range(2, 23))
    assert "uses 21 different functions, 20 are allowed" in refused(many)[0].message


DEVIATIONS = " and ".join(f"stddev(close, {period}) > 1" for period in range(482, 501))
AVERAGES = " and ".join(f"rsi({period}) > 1" for period in range(400, 418))


def test_an_expression_that_is_too_dear_is_refused_and_its_dearest_part_named() -> None:
    problem = refused(f"{DEVIATIONS} and ema(low, 480) > 1")[0]
    assert "go through 18658 values on every bar, 3000 are allowed" in problem.message
    assert "stddev(close, 500) is the dearest" in problem.message
    assert "count twice" in problem.remedy


def test_much_history_and_many_steps_together_are_too_dear() -> None:
    problem = refused(AVERAGES)[0]
    assert "8675 bars of history with 1560 values on each are 13533000" in problem.message
    assert "above all in rsi(417)" in problem.remedy


@pytest.mark.parametrize(
    "expression",
    [
        "rsi(480) < 30",
        "ema(close, 500) > sma(close, 500) and stddev(close, 500) > 1",
        (
            "crosses_above(ema(close, 50), ema(close, 200)) and rsi(14) < 70"
            " and macd_histogram() > 0 and close > sma(close, 200)"
            " and volume > 1.5 * sma(volume, 50)"
            " and close < bollinger_upper(20, 2) and high == highest(high, 250)"
        ),
    ],
)
def test_what_traders_write_is_not_too_dear(expression: str) -> None:
    assert compile_expression(expression).steps


def test_parentheses_alone_are_no_depth() -> None:
    assert last("(" * 300 + "close > 1" + ")" * 300, 5) is True


WORDS = st.sampled_from(
    [
        *FUNCTIONS,
        *("close", "volume", "and", "or", "not", "(", ")", ",", "+", "-", "*", "/"),
        *(
            "<",
            ">",
            "==",
            "1",
            "14",
            "2.5",
            "x",
            "'",
            "[",
            "\n",
            "0",
            "1e9",
            "1e200",
            "1e306",
            "eval",
            "\x00",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25))
def test_any_text_is_a_program_or_a_named_mistake(words: list[str]) -> None:
    text = " ".join(words)
    problems, program = compiled(text)
    assert all(0 < one.column <= len(text) + 2 for one in problems)
    assert bool(problems) == (program is None)
    evaluation = program.start() if program else None
    for one in random_walk(1, 30) if evaluation else []:
        assert evaluation is None or evaluation.update(one) in (True, False, None)


def compiled(text: str) -> tuple[tuple[ExpressionProblem, ...], Program | None]:
    try:
        return (), compile_expression(text)
    except BadExpression as error:
        return error.problems, None


def test_every_function_of_the_reference_can_be_called_with_its_defaults() -> None:
    for function in FUNCTIONS.values():
        written = {"value": "close", "a": "close", "b": "open", "bars": "5"}
        arguments = ", ".join(
            written.get(one.name, "3") for one in function.parameters if "=" not in one.name
        )
        call = f"{function.name}({arguments})"
        if function.name.startswith("macd"):
            call = f"{function.name}()"
        whole = call if function.name.startswith("crosses") else f"{call} > 0"
        evaluation = compile_expression(whole).start()
        assert {evaluation.update(one) for one in random_walk(2, 80)} - {None}, whole


def test_a_program_serves_many_series_that_do_not_mix() -> None:
    program = compile_expression("previous(close) == 1")
    first, second = program.start(), program.start()
    first.update(bar(0, 1))
    second.update(bar(0, 2))
    assert first.update(bar(1, 5)) is True
    assert second.update(bar(1, 5)) is False


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ("close > {}", "12345.61", "12345.64"),
        ("close > {}", "1234567", "1234568"),
        ("close > -{}", "0.12345678", "0.12345679"),
        ("bollinger_upper(20, {}) > 1", "2.0000001", "2.0000002"),
    ],
)
def test_numbers_that_differ_in_any_digit_are_different_steps(
    expression: str, low: str, high: str
) -> None:
    one, other = expression.format(low), expression.format(high)
    alike = compile_expression(f"{one} and {one}")
    assert len(compile_expression(f"{one} and {other}").steps) > len(alike.steps)


def test_a_price_between_two_close_limits_is_between_them() -> None:
    assert last("close > 12345.61 and close < 12345.64", 12345.63) is True
    assert last("close < 12345.61 or close > 12345.64", 12345.63) is False


@pytest.mark.parametrize("expression", ["close - {0} > 0 and {0}", "sma(close + {0}, 3) and 1"])
@pytest.mark.parametrize("number", ["12345.61", "12345678", "0.5", "1e+20", "3"])
def test_a_number_is_told_as_it_was_written(expression: str, number: str) -> None:
    found = " ".join(f"{one.message} {one.remedy}" for one in refused(expression.format(number)))
    assert f"{number} " in found or f"{number})" in found


def test_what_a_compiled_sum_holds_grows_with_its_length_and_not_with_its_square() -> None:
    def characters(terms: int) -> int:
        steps = compile_expression("1<" + "+".join(["1"] * terms)).steps
        return sum(len(step.text) for step in steps)

    assert characters(499) <= 2 * (characters(250) + 10)
