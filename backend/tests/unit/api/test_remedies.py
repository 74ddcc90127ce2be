"""Every refusal says what to do about it."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import kuber
from kuber.api.errors import STATUS, kuber_problem
from kuber.api.problems import REMEDIES, Problem, problem_response
from kuber.kernel.errors import ErrorKind, KuberError

_SOURCE = Path(kuber.__file__).parent


def _all_errors(base: type[KuberError] = KuberError) -> Iterator[type[KuberError]]:
    for one in base.__subclasses__():
        yield one
        yield from _all_errors(one)


def _raised_without_problems() -> set[str]:
    """Return the names of all that is called with a detail alone."""
    found = set()
    for path in _SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                named = {keyword.arg for keyword in node.keywords}
                if len(node.args) == 1 and "problems" not in named:
                    found.add(node.func.id)
    return found


def test_an_error_without_problems_has_a_remedy_of_its_own_or_of_its_kind() -> None:
    for module in walk_packages(kuber.__path__, "kuber."):
        if module.name.endswith(".errors") or ".api.v1" in module.name:
            import_module(module.name)
    plain = _raised_without_problems()
    errors = {one for one in _all_errors() if one.__name__ in plain}
    assert len(errors) > 40
    assert {
        one.__name__ for one in errors if not one.usual_remedy and STATUS[one.kind] not in REMEDIES
    } == set()


class _Full(KuberError):
    kind = ErrorKind.CONFLICT
    code = "full"
    title = "It is full"
    usual_remedy = "Empty it."


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (kuber_problem(_Full("No more fits.")), "Empty it."),
        (problem_response(404, "not_found", "Not found", "No more fits."), REMEDIES[404]),
    ],
)
def test_an_answer_without_problems_tells_its_detail_and_the_remedy(
    answer: object, remedy: str
) -> None:
    body = getattr(answer, "body", b"")
    told = Problem.model_validate_json(body)
    assert [(one.message, one.remedy) for one in told.errors] == [("No more fits.", remedy)]


def test_problems_of_an_error_stand_alone() -> None:
    told = Problem.model_validate_json(bytes(kuber_problem(KuberError("Wrong.")).body))
    assert told.errors == []  # an error of no kind of its own is nowhere raised
