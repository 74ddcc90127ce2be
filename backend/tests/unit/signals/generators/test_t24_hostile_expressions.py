"""T24: 10,000 hostile expressions. None is more than a named mistake or a bounded program.

The published escapes are those of Python sandboxes, template engines, formula fields and query
languages; the others are made from them and from the language's own words. What an accepted one
may take is bounded by its steps, the values it goes through and its history, not by a clock.
"""

import ast
import inspect
import random
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from kuber.signals.generators.base import MAX_WARM_UP
from kuber.signals.generators.expressions import compiler, functions, grammar, program
from kuber.signals.generators.expressions.compiler import compile_expression
from kuber.signals.generators.expressions.functions import (
    FUNCTIONS,
    MAX_COST,
    MAX_FUNCTIONS,
    MAX_READ,
)
from kuber.signals.generators.expressions.grammar import (
    MAX_LENGTH,
    BadExpression,
    ExpressionProblem,
)
from kuber.signals.generators.expressions.program import Program
from tests.fakes.generator_bars import random_walk

COUNT = 10_000
MOST_BYTES = 32 * 1024 * 1024
BARS = random_walk(1, 510)

ESCAPES = (
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__.__mro__[1].__subclasses__()[40]('/etc/passwd').read()",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen']",
    "(lambda: 0).__globals__['__builtins__']['eval']('1')",
    "(lambda f: f(f))(lambda f: f(f))",
    "type('X', (), {'__eq__': lambda a, b: 1})() == 1",
    "getattr(close, '__cl' + 'ass__')",
    "close.__class__.__init__.__globals__",
    "sma.__globals__ > 1",
    "sma.__code__.__class__(0, 0, 0, 0, 0, 0, b'', (), (), (), '', '', 0, b'')",
    "eval('1+1') > 1",
    "exec('import os') > 1",
    "compile('1', '', 'eval') > 1",
    "open('/etc/passwd').read() > 1",
    "globals()['__builtins__'] > 1",
    "vars() or dir() or locals()",
    "breakpoint() > 1",
    "help() > 1",
    "exit() or quit()",
    "print(1) > 1",
    "[x := 1, x][0] > 0",
    "(yield) > 1",
    "await close > 1",
    "f'{close.__class__}' > 1",
    "'{0.__class__.__init__.__globals__}'.format(close)",
    "'%(x)s' % {'x': 1}",
    "{{7*7}}",
    "{{ ''.__class__.__mro__[2].__subclasses__() }}",
    "{{config.__class__.__init__.__globals__['os'].popen('id').read()}}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "{% import os %}{{ os.system('id') }}",
    "<%= system('id') %>",
    "<%import os%>${os.popen('id').read()}",
    "${7*7}",
    "#{7*7}",
    "${T(java.lang.Runtime).getRuntime().exec('id')}",
    "#{T(java.lang.Runtime).getRuntime().exec('id')}",
    "%{(#a=@java.lang.Runtime@getRuntime().exec('id'))}",
    "${jndi:ldap://127.0.0.1/a}",
    "*{T(org.apache.commons.io.IOUtils).toString(1)}",
    "this.constructor.constructor('return process')().exit()",
    "constructor.constructor('return this')()",
    "[].filter.constructor('alert(1)')()",
    "{{constructor.constructor('return process.env')()}}",
    "{{$on.constructor('alert(1)')()}}",
    "(function(){return this})().process.mainModule.require('child_process')",
    "={{ $json.constructor.constructor('return process')() }}",
    "require('child_process').execSync('id')",
    "import('child_process')",
    "process.binding('spawn_sync')",
    "Object.getPrototypeOf(async function(){}).constructor('x')()",
    "__proto__ > 1",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK('http://127.0.0.1','x')",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "1; drop table users; --",
    "close > 1' or '1'='1",
    "close > 1 union select password_hash from users",
    "1 or 1=1 -- ",
    "close > pg_sleep(10)",
    "$(id) > 1",
    "`id` > 1",
    "close > 1; id",
    "close > 1 | id",
    "close > 1 && id",
    "<script>alert(1)</script>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "!!python/object/apply:os.system ['id']",
    "cos\nsystem\n(S'id'\ntR.",
    "9**9**9**9 > 1",
    "1e308 * 1e308 > 1 and 1 / 0 > 1",
    "'a' * 10000000000",
    "((((((((((1)))))))))) << 1000000000 > 1",
    "close[0] > 1",
    "close if close else close",
    "close in (1, 2)",
    "close is close",
    "~close > 1",
    "close @ close > 1",
    "close // 0 > 1",
    "close % 0 > 1",
    "0x41 > 1",
    "1_000 > 1",
    "1j > 0",
    "nan > 0 or inf > 0",
    "NaN == NaN",
    "sma(*close) > 1",
    "sma(**close) > 1",
    "sma(close, bars=5) > 1",
    "sma(sma, 5) > 1",
    "sma(close, 1e9) > 1",
    "sma(close, 99999999999999999999) > 1",
    "sma(close, -1) > 1",
    "previous(close, -1) > 1",
    "\u202eclose > 1",
    "\uff43lose > 1",
    "\u017fma(close, 5) > 1",
    "close > \u0663",
    "sma(close, \u00b2) > 1",
    "\x00close > 1",
    "close > 1\x00; __import__('os')",
    "\ud800 > 1",
    "\U0001d4ee\U0001d4ff\U0001d4ea\U0001d4f5(1) > 1",
)

OWN_WORDS = (
    *FUNCTIONS,
    *("open", "high", "low", "close", "volume", "and", "or", "not", "(", ")", ",", "+", "-"),
    *("*", "/", "<", ">", "<=", "==", "!=", "0", "1", "2", "14", "500", "1e200", "1e306", ".5"),
)
FOREIGN_WORDS = ("__class__", ".", "[", "]", "'", '"', "{{", "}}", "lambda", "\\", "\x00", "=", "$")


def nested(rng: random.Random) -> str:
    """Return something deep, within the length that is allowed and beyond it."""
    opening, closing = rng.choice((("(", ")"), ("abs(", ")"), ("not ", ""), ("-", ""), ("[", "]")))
    depth = rng.randrange(1, 40) if rng.random() < 0.95 else rng.randrange(40, 400)
    return f"{opening * depth}close{closing * depth} > 1"


def dear(rng: random.Random) -> str:
    """Return an expression that is right and takes as much as it can."""
    one = rng.choice(("stddev(close, {})", "ema(low, {})", "highest(high, {})", "rsi({})"))
    inner = one.format(rng.randrange(2, 501))
    for _ in range(rng.randrange(3)):
        inner = f"sma({inner}, {rng.randrange(2, 501)})"
    return " and ".join(f"{inner} > {rng.random():.3f}" for _ in range(rng.randrange(1, 4)))


def words(rng: random.Random) -> str:
    return " ".join(rng.choices(OWN_WORDS, k=rng.randrange(1, 14)))


def with_foreign_words(rng: random.Random) -> str:
    given = rng.choices(OWN_WORDS, k=rng.randrange(1, 8))
    given.insert(rng.randrange(len(given) + 1), rng.choice(FOREIGN_WORDS))
    return " ".join(given)


def hidden(rng: random.Random) -> str:
    """Return an escape inside of something that is right."""
    shell = rng.choice(("sma({}, 5) > 1", "close > {}", "not ({})", "rsi(14) < 30 and {}", "{}"))
    return shell.format(rng.choice(ESCAPES))


def cut(rng: random.Random) -> str:
    """Return an escape of which a piece is missing or doubled."""
    text = rng.choice(ESCAPES)
    at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
    return text[:at] + text[to:] if rng.random() < 0.5 else text[:to] + text[at:]


def hostile() -> Iterator[str]:
    rng = random.Random(24)
    yield from ESCAPES
    makers: tuple[Callable[[random.Random], str], ...] = (
        *(nested, dear, words, with_foreign_words, hidden, cut, words, hidden, cut),
        lambda rng: rng.randbytes(rng.randrange(1, 60)).decode("latin-1"),
    )
    for number in range(COUNT - len(ESCAPES)):
        yield makers[number % len(makers)](rng)


def compiled(text: str) -> Program | None:
    """Return the program, None for a named mistake; raises whatever else happens."""
    problems: tuple[ExpressionProblem, ...] = ()
    try:
        return compile_expression(text)
    except BadExpression as error:
        problems = error.problems
    assert problems
    assert all(one.message and one.remedy for one in problems)
    return None


def assert_bounded(found: Program) -> None:
    assert found.settling <= MAX_WARM_UP
    assert found.reads <= MAX_READ
    assert found.cost <= MAX_COST
    assert len(found.steps) <= MAX_LENGTH
    assert sum(step.shown and bool(step.inputs) for step in found.steps) <= MAX_FUNCTIONS


def test_10000_hostile_expressions_are_a_named_mistake_or_a_bounded_program() -> None:
    texts = list(hostile())
    assert len(texts) == COUNT
    accepted = 0
    for text in texts:
        found = compiled(text)
        if found is not None:
            accepted += 1
            assert_bounded(found)
            evaluation = found.start()
            assert {evaluation.update(one) for one in BARS[:2]} <= {True, False, None}
    assert COUNT / 20 < accepted < COUNT / 2, "the corpus tries both sides of the border"


@pytest.mark.parametrize("text", ESCAPES)
def test_a_published_escape_is_refused_unless_it_is_plain_arithmetic(text: str) -> None:
    allowed = {"1e308 * 1e308 > 1 and 1 / 0 > 1"}
    assert (compiled(text) is not None) == (text in allowed)


def test_the_names_that_an_expression_reaches_are_those_of_the_language_alone() -> None:
    for name in ("eval", "exec", "open_", "getattr", "math", "operator", "self", "step", "values"):
        assert compiled(f"{name}(close, 5) > 1") is None
        assert compiled(f"{name} > 1") is None


def test_the_language_is_made_without_eval_exec_compile_or_import() -> None:
    barred = {
        "eval",
        "exec",
        "compile",
        "__import__",
        "getattr",
        "globals",
        "open",
        "import_module",
    }
    for module in (grammar, compiler, functions, program):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            assert not (isinstance(node, ast.Name) and node.id in barred), node.id


def test_the_largest_expressions_take_less_than_32_mb_each() -> None:
    largest = (
        " and ".join(f"stddev(close, {500 - at}) > {at}" for at in range(3)),
        " and ".join(f"highest(-low, {500 - at}) > {at}" for at in range(6)),
        "or ".join(f"close>{at} " for at in range(80)),
        "abs(-" * 12 + "close" + ")" * 12 + " > 1",
    )
    for text in largest:
        assert len(text) <= MAX_LENGTH
        tracemalloc.start()
        found = compile_expression(text)
        evaluation = found.start()
        for one in BARS:
            evaluation.update(one)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_BYTES
