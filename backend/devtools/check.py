"""Runs every check that needs no running product, and says which of them failed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools import frontend
from devtools.steps import BACKEND, FRONTEND, ROOT, StepFailed, say, step

_PYTHON_SOURCES = ("kuber", "tests", "devtools", "benchmarks", "migrations")


@dataclass(frozen=True)
class Check:
    """One check: a program that ends with 0 when all is well."""

    title: str
    command: tuple[str, ...]
    cwd: Path = BACKEND
    env: dict[str, str] = field(default_factory=dict)
    tells: bool = False
    """Whether what it prints is worth reading when all is well."""


def run(arguments: Sequence[str]) -> int:
    """Run all checks; return the exit code."""
    unknown = set(arguments) - {"--update-contract"}
    if unknown:
        say(f"Unknown option {unknown.pop()}: see ./kuber check --help")
        return 2
    failed: list[str] = []
    for check in checks(update_contract="--update-contract" in arguments):
        try:
            done = step(check.title, check.command, check.cwd, check.env)
            if check.tells:
                say(done.output.rstrip())
        except StepFailed:
            failed.append(check.title)
    say(f"\n{len(failed)} failed: {', '.join(failed)}" if failed else "\nAll checks passed.")
    return 1 if failed else 0


def checks(*, update_contract: bool) -> Iterator[Check]:
    """Yield the checks, quick ones first."""
    yield Check("shell syntax", ("sh", "-n", "kuber"), ROOT)
    yield Check("file lengths, lock files", _module("devtools.tree"))
    yield Check("licences, advisories", _module("devtools.dependencies"), tells=True)
    yield Check("declared packages", _module("devtools.imports"))
    yield Check("ruff", ("ruff", "check", "."))
    yield Check("ruff format", ("ruff", "format", "--check", "."))
    yield Check("import rules", ("lint-imports",))
    yield Check("tables of packages", _module("devtools.tables"))
    yield Check("closes of bars", _module("devtools.closes"))
    yield Check("mypy", _module("mypy", *(s for s in _PYTHON_SOURCES if any(_python(s)))))
    yield Check("migrations", _module("devtools.migrations"))
    update = ("--update",) if update_contract else ()
    yield Check("contract", _module("devtools.contract", *update))
    yield Check("messages", _module("devtools.events", *update))
    if _has_compose():
        yield Check("compose file", ("docker", "compose", "config", "--quiet"), ROOT, _compose())
    else:
        say("  --  compose file (no docker compose here)")
    frontend.prepare_client()
    yield Check("eslint", ("npm", "run", "lint"), FRONTEND)
    yield Check("prettier", ("npm", "run", "format:check"), FRONTEND)
    yield Check(
        "browser tests' types", ("npx", "tsc", "--noEmit", "-p", "tsconfig.e2e.json"), FRONTEND
    )


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _python(folder: str) -> Iterator[Path]:
    return (BACKEND / folder).rglob("*.py")


def _has_compose() -> bool:
    docker = shutil.which("docker")
    version = (docker or "", "compose", "version")
    return (
        docker is not None
        and subprocess.run(version, check=False, capture_output=True).returncode == 0
    )


def _compose() -> dict[str, str]:
    """Return values for the secrets that the compose file demands, so that it can be read."""
    return dict.fromkeys(
        ("KUBER_POSTGRES_PASSWORD", "KUBER_REDIS_PASSWORD", "KUBER_JWT_SECRET"),
        "only-for-reading-the-file-0123456789",
    )
