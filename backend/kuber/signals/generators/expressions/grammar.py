"""The grammar of expressions, and parsing a text into a tree with columns."""

from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

MAX_LENGTH = 1000
MAX_DEPTH = 30

_GRAMMAR = r"""
?start: or_test
?or_test: and_test ("or"i and_test)*
?and_test: not_test ("and"i not_test)*
?not_test: "not"i not_test -> negation
         | comparison
?comparison: sum (COMPARE sum)?
?sum: term (ADD term)*
?term: factor (MUL factor)*
?factor: ADD factor -> signed
       | atom
?atom: NUMBER -> number
     | NAME "(" (or_test ("," or_test)*)? ")" -> call
     | NAME -> name
     | "(" or_test ")"

COMPARE: "<=" | ">=" | "==" | "!=" | "<" | ">"
ADD: "+" | "-"
MUL: "*" | "/"
NUMBER: /([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?/i
NAME: /[a-z_][a-z0-9_]*/i
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """One thing that is wrong with an expression; `column` counts from 1."""

    column: int
    message: str
    remedy: str


class BadExpression(ValueError):
    """The expression cannot be used; `problems` say where and why."""

    def __init__(self, problems: tuple[ExpressionProblem, ...]) -> None:
        super().__init__("; ".join(f"column {one.column}: {one.message}" for one in problems))
        self.problems = problems


Node = Tree[Token]


def parse(text: str) -> Node:
    """Return the tree of an expression; raises BadExpression."""
    if len(text) > MAX_LENGTH:
        raise _bad(
            MAX_LENGTH,
            f"the expression has {len(text)} characters, {MAX_LENGTH} are allowed",
            "Make it shorter, or use several generators.",
        )
    if not text.strip():
        raise _bad(1, "the expression is empty", "Write a condition, such as rsi(14) < 30.")
    try:
        tree = _parser().parse(" ".join(text.splitlines()))
    except UnexpectedInput as error:
        raise _unexpected(error, text) from error
    if _depth(tree) > MAX_DEPTH:
        raise _bad(
            1,
            f"the expression is nested more than {MAX_DEPTH} levels deep",
            "Take parentheses or signs out of each other.",
        )
    return tree


def column_of(part: Node | Token) -> int:
    """Return where a part of the tree begins."""
    column = part.column if isinstance(part, Token) else part.meta.column
    return column or 1


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _bad(column: int, message: str, remedy: str) -> BadExpression:
    return BadExpression((ExpressionProblem(column, message, remedy),))


def _unexpected(error: UnexpectedInput, text: str) -> BadExpression:
    if isinstance(error, UnexpectedCharacters):
        return _bad(
            error.column,
            f"the character {error.char!r} has no meaning here",
            "Use names, numbers, + - * / < <= > >= == != and or not, commas and parentheses.",
        )
    assert isinstance(error, UnexpectedToken), "the parser ends every input with a token"
    if error.token.type == "$END":
        return _bad(
            len(text.rstrip()) + 1,
            "the expression ends too early",
            "Write what is missing at its end, such as a value or a closing parenthesis.",
        )
    if error.token.type == "COMPARE":
        return _bad(
            error.column,
            f"{error.token} follows another comparison",
            "Join two comparisons with and: 30 < rsi(14) and rsi(14) < 70.",
        )
    return _bad(
        error.column,
        f"{str(error.token)!r} does not fit here",
        "Check for a missing operator, comma or parenthesis before it.",
    )


def _depth(tree: Node) -> int:
    """Return how deep the tree is nested; without recursion, for it may be very deep."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children if isinstance(child, Tree)]
    return deepest
