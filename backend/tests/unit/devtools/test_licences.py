"""Which licences pass, and what is said of those that do not."""

import pytest

from devtools.licences import LISTS, Lists, is_allowed, problems, read_lists
from devtools.locks import Locked

ALLOWED = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"})


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "mit",
        "(MIT)",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR MIT",
        "(MPL-2.0 OR Apache-2.0)",
        "MIT AND Apache-2.0",
        "MIT AND (GPL-2.0-only OR BSD-3-Clause)",
        "GPL-3.0-only AND MIT OR Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
    ],
)
def test_an_expression_passes_when_one_way_through_it_is_allowed(expression: str) -> None:
    assert is_allowed(expression, ALLOWED)


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "GPL-3.0-only AND MIT",
        "MIT AND (GPL-2.0-only OR AGPL-3.0-only)",
        "(MIT OR Apache-2.0) AND GPL-3.0-only",
        "MIT OR Apache-2.0 AND GPL-3.0-only AND",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "MIT WITH LLVM-exception",
        "BSD",
        "See the file LICENSE",
        "",
    ],
)
def test_an_expression_fails_without_an_allowed_way_or_without_sense(expression: str) -> None:
    assert not is_allowed(expression, ALLOWED)


def said(
    *packages: Locked,
    python: dict[str, str | None] | None = None,
    exceptions: dict[tuple[str, str], str] | None = None,
) -> list[str]:
    return list(problems(packages, python or {}, Lists(ALLOWED, exceptions or {})))


def test_an_unknown_licence_names_the_package_and_what_to_do() -> None:
    [line] = said(Locked("PyPI", "mystery", "1.0"))
    assert line.startswith("mystery 1.0 (PyPI): its licence is not known. Read it;")
    assert 'ecosystem = "PyPI", package = "mystery"' in line
    assert "backend/devtools/data/licences.toml" in line


def test_a_licence_off_the_list_is_named_for_both_ecosystems() -> None:
    lines = said(
        Locked("PyPI", "copyleft", "1.0"),
        Locked("npm", "@a/copyleft", "2.0.0", "GPL-3.0-only"),
        python={"copyleft": "AGPL-3.0-only"},
    )
    assert [line.partition(" Read")[0] for line in lines] == [
        "copyleft 1.0 (PyPI): its licence, AGPL-3.0-only, is not on the list.",
        "@a/copyleft 2.0.0 (npm): its licence, GPL-3.0-only, is not on the list.",
    ]


def test_tools_that_are_not_shipped_may_have_any_licence() -> None:
    assert said(Locked("npm", "tool", "1.0.0", "GPL-3.0-only", shipped=False)) == []


def test_a_python_package_does_not_lend_its_licence_to_an_npm_package_of_its_name() -> None:
    assert len(said(Locked("npm", "semver", "7.0.0"), python={"semver": "MIT"})) == 1


def test_an_exception_holds_for_the_licence_that_was_read_and_for_no_other() -> None:
    exceptions = {("PyPI", "driver"): "LGPL-3.0-only"}
    driver = Locked("PyPI", "driver", "3.0")
    assert said(driver, python={"driver": "LGPL-3.0-only"}, exceptions=exceptions) == []
    assert said(driver, python={}, exceptions=exceptions) == []
    [line] = said(driver, python={"driver": "AGPL-3.0-only"}, exceptions=exceptions)
    assert "AGPL-3.0-only, is not on the list" in line


def test_an_exception_for_a_package_that_is_gone_must_be_removed() -> None:
    [line] = said(exceptions={("npm", "gone"): "WTFPL"})
    assert line.startswith("gone (npm) is no longer locked: remove its exception")


def test_an_exception_without_a_reason_is_refused() -> None:
    text = """
        allowed = ["MIT"]
        [[exceptions]]
        ecosystem = "npm"
        package = "a"
        licence = "WTFPL"
        reason = " "
    """
    with pytest.raises(ValueError, match="say its reason"):
        read_lists(text)


def test_the_committed_lists_are_complete_and_in_the_spelling_of_spdx() -> None:
    lists = read_lists(LISTS.read_text())
    assert "MIT" in lists.allowed
    assert all(is_allowed(licence, lists.allowed) for licence in lists.allowed)
