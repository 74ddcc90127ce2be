"""Checks that the close of a bar is derived in one place. Run as `python -m devtools.closes`.

Who works out a close by himself may let a run see its future. What derives one, and what adds the
length of a timeframe to a time, is listed below with its reason; an entry that nothing needs any
more must go.
"""

import ast
import sys
from collections.abc import Iterator, Mapping

from devtools.steps import BACKEND

DERIVING = frozenset({"daily_bounds", "weekly_bounds", "monthly_bounds", "intraday_closes"})
"""Methods of the calendar that give bars their closes."""

ALLOWED = {
    "market/calendars.py": "the calendar itself",
    "market/importing/closing.py": "the import: the one place",
    "market/providers/fetching.py": "bars that come from a provider, not from a file",
    "market/providers/bar_quotes.py": "quotes are put between the opening and the close of a bar",
    "market/providers/simulator.py": "it makes its bars, a minute each",
}
"""Files of `kuber`, with the reason why they derive closes."""


def main() -> int:
    """Print what is wrong; return the exit code."""
    folder = BACKEND / "kuber"
    files = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*.py"))
        if "__pycache__" not in path.parts
    }
    found = list(problems(files, ALLOWED))
    print("\n".join(found))
    return 1 if found else 0


def problems(files: Mapping[str, str], allowed: Mapping[str, str]) -> Iterator[str]:
    """Yield what derives a close without being allowed to, and what is allowed and does not."""
    unused = set(allowed)
    for path, text in files.items():
        for line, name in _derived(ast.parse(text)):
            if path in allowed:
                unused.discard(path)
                continue
            yield (
                f"kuber/{path}:{line}: {name} derives when a bar closes. Read the close that is "
                "stored with the bar, or have it derived by market/importing/closing.py."
            )
    for path in sorted(unused):
        yield f"{path} derives no close: take it from the list in devtools/closes.py."


def _derived(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in DERIVING:
            yield node.lineno, node.attr
        elif isinstance(node, ast.FunctionDef) and node.name in DERIVING:
            yield node.lineno, node.name
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from _lengthened(node)


def _lengthened(added: ast.BinOp) -> Iterator[tuple[int, str]]:
    """Yield a sum of the opening of a bar and something."""
    for side in (added.left, added.right):
        name = getattr(side, "attr", getattr(side, "id", ""))
        if name in ("opened_at", "opened"):
            yield added.lineno, f"a sum with {name}"


if __name__ == "__main__":
    sys.exit(main())
