"""Checks the types and bounds of an expression and turns it into a program."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial

from lark import Token, Tree

from kuber.signals.generators.base import MAX_WARM_UP
from kuber.signals.generators.expressions.functions import (
    FIELDS,
    FUNCTIONS,
    MAX_COST,
    MAX_FUNCTIONS,
    MAX_PERIOD,
    MAX_READ,
    MAX_WIDTH,
    Function,
    Kind,
    Parameter,
    Period,
    Series,
    Update,
)
from kuber.signals.generators.expressions.grammar import (
    BadExpression,
    ExpressionProblem,
    Node,
    column_of,
    parse,
)
from kuber.signals.generators.expressions.program import (
    ARITHMETIC,
    COMPARISONS,
    Make,
    Program,
    Step,
    conjunction,
    constant,
    disjunction,
    field,
    negation,
)


def compile_expression(text: str) -> Program:
    """Return the program of a condition; raises BadExpression with every problem."""
    tree = parse(text)
    return _Compiler().compile(tree)


_Written = tuple[str | int, ...]
"""How a part is written: words, and the numbers of the steps whose text stands between them.

Two parts that are written alike are one step. The whole text is put together for what is shown
only: that of every step of a long sum would be as long as the square of the sum.
"""


class _Compiler:
    """Walks the tree once. Equal parts become one step; a part with a problem becomes None."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._written: list[_Written] = []
        self._known: dict[_Written, int] = {}
        self._problems: list[ExpressionProblem] = []

    def compile(self, tree: Node) -> Program:
        whole = self._expect(tree, Kind.CONDITION)
        if whole is None:
            raise BadExpression(tuple(self._problems))
        program = Program(tuple(self._steps))
        assert program.steps[whole] is program.steps[-1], "the whole is computed last"
        self._bound(tree, program)
        if self._problems:
            raise BadExpression(tuple(self._problems))
        return program

    def _bound(self, tree: Node, program: Program) -> None:
        """Complain of what would take more than its share of the machine."""
        functions = sum(step.shown and bool(step.inputs) for step in program.steps)
        if functions > MAX_FUNCTIONS:
            self._complain(
                tree,
                f"it uses {functions} different functions, {MAX_FUNCTIONS} are allowed",
                "Make it simpler, or use several generators.",
            )
        if program.settling > MAX_WARM_UP:
            self._complain(
                tree,
                f"it needs {program.settling} bars of history, {MAX_WARM_UP} are allowed",
                "Use shorter periods.",
            )
        steps = range(len(program.steps))
        widest = self._text(max(steps, key=lambda at: program.steps[at].reads))
        if program.reads > MAX_READ:
            self._complain(
                tree,
                f"its functions go through {program.reads} values on every bar, {MAX_READ} are"
                f" allowed; {widest} is the dearest",
                "Use shorter periods or fewer functions; deviations and bands count twice.",
            )
        elif program.cost > MAX_COST:
            self._complain(
                tree,
                f"{program.settling} bars of history with {program.cost // program.settling}"
                f" values on each are {program.cost}, {MAX_COST} are allowed",
                f"Use shorter periods, above all in {self._slowest(program)}, or fewer functions.",
            )

    def _slowest(self, program: Program) -> str:
        """Return the function that asks for most history beyond that of its own inputs."""

        def own(at: int) -> int:
            step = program.steps[at]
            return step.settling - max(
                (program.steps[before].settling for before in step.inputs), default=0
            )

        return self._text(max(range(len(program.steps)), key=own))

    def _expect(self, node: Node, kind: Kind) -> int | None:
        """Return the step of `node` when it is of `kind`."""
        at = self._step(node)
        if at is None or self._steps[at].kind is kind:
            return at
        if kind is Kind.CONDITION:
            remedy = f"Compare it with something, such as {self._text(at)} > 0."
        else:
            remedy = "Use a number here; join conditions with and, or, not."
        self._complain(node, f"{self._text(at)} is {self._steps[at].kind}, not {kind}", remedy)
        return None

    def _step(self, node: Node) -> int | None:
        visits: dict[str, Callable[[Node], int | None]] = {
            "number": self._number,
            "name": self._name,
            "call": self._call,
            "signed": self._signed,
            "sum": self._arithmetic,
            "term": self._arithmetic,
            "comparison": self._comparison,
            "negation": self._negation,
            "and_test": partial(self._joined, "and", conjunction),
            "or_test": partial(self._joined, "or", disjunction),
        }
        return visits[node.data](node)

    def _number(self, node: Node) -> int | None:
        value = float(str(node.children[0]))
        if not math.isfinite(value):
            self._complain(node, "the number is too large", "Write a smaller one.")
            return None
        return self._add((_exactly(value),), constant(value), (), Kind.NUMBER)

    def _name(self, node: Node) -> int | None:
        name = str(node.children[0]).lower()
        if name in FIELDS:
            return self._field(name)
        if name in FUNCTIONS:
            usage = FUNCTIONS[name].usage
            self._complain(node, f"{name} is a function", f"Write {usage}.")
        else:
            self._complain(node, f"{name} is not known", _did_you_mean(name, FIELDS))
        return None

    def _call(self, node: Node) -> int | None:
        name = str(node.children[0]).lower()
        function = FUNCTIONS.get(name)
        arguments = [child for child in node.children[1:] if isinstance(child, Tree)]
        if function is None:
            self._complain(node, f"{name} is not a function", _did_you_mean(name, FUNCTIONS))
            return None
        least = sum(_required(one) for one in function.parameters)
        if not least <= len(arguments) <= len(function.parameters):
            self._complain(
                node,
                f"{name} was given {len(arguments)} values",
                f"Write {function.usage}: {function.meaning}.",
            )
            return None
        return self._called(node, function, arguments)

    def _called(self, node: Node, function: Function, arguments: Sequence[Node]) -> int | None:
        inputs = [self._field(name) for name in function.inputs]
        numbers: list[int | float] = []
        before = len(self._problems)
        for at, parameter in enumerate(function.parameters):
            argument = arguments[at] if at < len(arguments) else None
            if isinstance(parameter, Series):
                assert argument is not None, "values have no default"
                step = self._expect(argument, Kind.NUMBER)
                inputs += [] if step is None else [step]
            else:
                numbers.append(self._number_of(function, parameter, argument))
        if len(self._problems) == before and function.name.startswith("macd"):
            self._in_order(node, numbers)
        if len(self._problems) > before:
            return None
        arguments_written: list[str | int] = [
            *inputs[len(function.inputs) :],
            *map(_exactly, numbers),
        ]
        return self._add(
            (f"{function.name}(", *_joined_by(", ", arguments_written), ")"),
            lambda: function.make(*numbers),
            tuple(inputs),
            function.result,
            settling=function.settling(*numbers),
            reads=function.reads(*numbers),
            shown=function.result is Kind.NUMBER,
        )

    def _number_of(
        self, function: Function, parameter: Parameter, argument: Node | None
    ) -> int | float:
        """Return a number that must be written out, within its bounds."""
        assert not isinstance(parameter, Series)
        if argument is None:
            assert parameter.default is not None, "the number of arguments was checked"
            return parameter.default
        whole = isinstance(parameter, Period)
        least, most = (parameter.least, MAX_PERIOD) if isinstance(parameter, Period) else (
            0.1, MAX_WIDTH)  # fmt: skip
        text = str(argument.children[0]) if argument.data == "number" else ""
        if not text or (whole and not text.isdigit()) or not least <= float(text) <= most:
            self._complain(
                argument,
                f"{parameter.name} of {function.name} must be written as"
                f" {'a whole number' if whole else 'a number'} from {least:g} to {most:g}",
                f"Write it like this: {function.usage}.",
            )
            return least
        return int(text) if whole else float(text)

    def _in_order(self, node: Node, numbers: Sequence[float]) -> None:
        fast, slow = numbers[0], numbers[1]
        if fast >= slow:
            self._complain(
                node,
                f"the slow average ({slow:g}) is not longer than the fast one ({fast:g})",
                "Choose more bars for the slow average.",
            )

    def _signed(self, node: Node) -> int | None:
        sign, operand = node.children
        assert isinstance(operand, Tree)
        at = self._expect(operand, Kind.NUMBER)
        if at is None or str(sign) == "+":
            return at
        return self._add(("-", at), lambda: lambda x: -x, (at,), Kind.NUMBER)

    def _arithmetic(self, node: Node) -> int | None:
        left = self._operand(node.children[0], Kind.NUMBER)
        for sign, operand in zip(node.children[1::2], node.children[2::2], strict=True):
            right = self._operand(operand, Kind.NUMBER)
            left = self._paired(str(sign), ARITHMETIC, left, right, Kind.NUMBER)
        return left

    def _comparison(self, node: Node) -> int | None:
        left, sign, right = node.children
        return self._paired(
            str(sign),
            COMPARISONS,
            self._operand(left, Kind.NUMBER),
            self._operand(right, Kind.NUMBER),
            Kind.CONDITION,
        )

    def _paired(
        self,
        sign: str,
        table: Mapping[str, Update],
        left: int | None,
        right: int | None,
        kind: Kind,
    ) -> int | None:
        if left is None or right is None:
            return None
        written = ("(", left, f" {sign} ", right, ")")
        return self._add(written, lambda: table[sign], (left, right), kind)

    def _negation(self, node: Node) -> int | None:
        at = self._operand(node.children[0], Kind.CONDITION)
        if at is None:
            return None
        return self._add(("(not ", at, ")"), lambda: negation, (at,), Kind.CONDITION)

    def _joined(self, word: str, join: Update, node: Node) -> int | None:
        found = [self._operand(child, Kind.CONDITION) for child in node.children]
        parts = tuple(at for at in found if at is not None)
        if len(parts) < len(found):
            return None
        written = ("(", *_joined_by(f" {word} ", parts), ")")
        return self._add(written, lambda: join, parts, Kind.CONDITION)

    def _operand(self, child: Node | Token, kind: Kind) -> int | None:
        assert isinstance(child, Tree), "operands are trees, signs are tokens"
        return self._expect(child, kind)

    def _field(self, name: str) -> int:
        return self._add((name,), field(name), (), Kind.NUMBER, settling=1, shown=True)

    def _add(
        self,
        written: _Written,
        make: Make,
        inputs: tuple[int, ...],
        kind: Kind,
        *,
        settling: int = 0,
        shown: bool = False,
        reads: int = 0,
    ) -> int:
        if written not in self._known:
            settling += max((self._steps[at].settling for at in inputs), default=0)
            self._known[written] = at = len(self._steps)
            self._written.append(written)
            text = self._text(at) if shown else ""
            self._steps.append(Step(text, make, inputs, kind, settling, shown, reads))
        return self._known[written]

    def _text(self, at: int) -> str:
        """Return a step as it is written; without recursion, for a long sum is deep."""
        words: list[str] = []
        waiting: list[str | int] = [at]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                words.append(part)
            else:
                waiting += reversed(self._written[part])
        return "".join(words)

    def _complain(self, node: Node, message: str, remedy: str) -> None:
        self._problems.append(ExpressionProblem(column_of(node), message, remedy))


def _exactly(value: float) -> str:
    """Return the shortest way to write a number that no other number is written in."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value).removesuffix(".0")


def _joined_by(word: str, parts: Iterable[str | int]) -> Iterator[str | int]:
    """Give the parts with `word` between them."""
    for at, part in enumerate(parts):
        yield from (word, part) if at else (part,)


def _required(parameter: Parameter) -> bool:
    return isinstance(parameter, Series) or parameter.default is None


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of: {', '.join(known)}."
