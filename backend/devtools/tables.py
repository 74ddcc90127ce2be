"""Checks that SQL names only the tables of its own package. Run as `python -m devtools.tables`.

What another package needs of a table, the owner exports as a piece of SQL from its `statements.py`.
What still crosses is listed below with its reason; an entry that nothing needs any more must go.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from devtools.steps import BACKEND

CROSSING: dict[tuple[str, str], str] = {
    ("identity", "answer_bytes"): "storage is added up over all packages; those are above identity",
    ("identity", "bar_series"): "storage is added up over all packages; those are above identity",
    ("identity", "pipelines"): "storage is added up over all packages; those are above identity",
    ("pipelines", "runs"): "a version that a run used is kept, asked as it is dropped",
    ("runs", "notice_outbox"): "a run's failure and its notice are one statement",
    ("runs", "pipelines"): "the notice of a failure names the pipeline",
    ("trading", "audit_entries"): "the record's comparison runs in audit, on its own connection",
    ("trading", "audit_links"): "the record's comparison runs in audit, on its own connection",
    ("trading", "audit_pending"): "the record's comparison runs in audit, on its own connection",
    ("trading", "notice_outbox"): "an answer and its notice are one statement",
    ("trading", "pipelines"): "an answer's notice and a position name it; a reset moves it along",
    ("trading", "runs"): "the notice of an answer names the pipeline, found by the run",
}
"""Package and table of another package, with the reason why its SQL names it."""

_SQL = re.compile(r"\b(select|insert\s+into|update|delete\s+from|join|from)\b")
_NAME = r"[a-z_][a-z0-9_]*"
_NO_ALIAS = r"(?!(?:from|join|into|update|using|truncate|table)\b)"
_TABLE = rf"(?:only\s+)?{_NAME}(?:\s+(?:as\s+)?{_NO_ALIAS}{_NAME})?"
_NAMED = re.compile(
    rf"\b(?:from|join|into|update|using|truncate|table)\s+({_TABLE}(?:\s*,\s*{_TABLE})*)"
)


def main() -> int:
    """Print what is wrong; return the exit code."""
    folder = BACKEND / "kuber"
    files = {
        path.relative_to(folder): path.read_text()
        for path in sorted(folder.rglob("*.py"))
        if "__pycache__" not in path.parts
    }
    found = list(problems(files, owners(), CROSSING))
    print("\n".join(found))
    return 1 if found else 0


def owners() -> dict[str, str]:
    """Return the package of each table."""
    from importlib import import_module

    from kuber.infra.db import Base

    for models in sorted((BACKEND / "kuber").glob("*/*models.py")):
        import_module(f"kuber.{models.parent.name}.{models.stem}")
    import_module("kuber.infra.outbox")
    return {
        mapper.local_table.name: mapper.class_.__module__.split(".")[1]  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
    }


def problems(
    files: Mapping[Path, str],
    owner_of: Mapping[str, str],
    crossing: Mapping[tuple[str, str], str],
) -> Iterator[str]:
    """Yield each use of another package's table that is not in `crossing`, and what it lists idly.

    files: text by path relative to the folder of the packages. owner_of: package by table.
    """
    met = set[tuple[str, str]]()
    for path, text in files.items():
        package = path.parts[0].removesuffix(".py")
        for line, sql in statements(text):
            for table in sorted(tables(sql)):
                owner = owner_of.get(table, package)
                if owner == package:
                    continue
                met.add((package, table))
                if (package, table) not in crossing:
                    yield (
                        f"kuber/{path}:{line}: names {table}, a table of {owner}: export what is"
                        f" needed of it from kuber/{owner}/statements.py"
                    )
    for package, table in sorted(crossing.keys() - met):
        yield f"devtools/tables.py: nothing in {package} names {table} any more: remove the entry"


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string that holds SQL, without docstrings.

    Of an f-string the parts that stand in the file count, joined by a gap.
    """
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in prose | parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = node.value
        elif isinstance(node, ast.JoinedStr):
            found = " () ".join(
                str(part.value) for part in node.values if isinstance(part, ast.Constant)
            )
        else:
            continue
        if _SQL.search(found):
            yield node.lineno, found


def tables(sql: str) -> set[str]:
    """Return what the SQL reads from or writes to: tables, and names of its own queries."""
    return {
        one.split()[1 if one.startswith("only ") else 0]
        for group in _NAMED.findall(sql)
        for one in re.split(r"\s*,\s*", group)
    }


if __name__ == "__main__":
    sys.exit(main())
