"""The counts that `./kuber test` prints come from the runners' own reports."""

from pathlib import Path

import pytest

from devtools import junit
from devtools.junit import Counts

REPORT = """<testsuites><testsuite tests="4">
<testcase name="a"/><testcase name="b"><failure/></testcase>
<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase>
</testsuite></testsuites>"""
FAILED = '<testcase classname="tests.runs" name="{}"><failure/></testcase>'
BROKEN_END = '<testcase classname="tests.runs" name="{}"><error/></testcase>'
SKIPPED = '<testcase classname="tests.runs" name="{}"><skipped/></testcase>'
PASSED = '<testcase classname="tests.runs" name="{}"/>'
BROWSER = """<testsuites><testsuite name="story.spec.ts">
<testcase name="logs in" classname="story.spec.ts"><flakyFailure message="Error: late">
<stackTrace>Error: late</stackTrace></flakyFailure></testcase>
<testcase name="draws" classname="story.spec.ts"><rerunFailure/><failure/></testcase>
<testcase name="saves" classname="story.spec.ts"/>
</testsuite></testsuites>"""
"""As Playwright 1.65 writes it when PLAYWRIGHT_JUNIT_INCLUDE_RETRIES is set."""


def written(path: Path, *cases: str) -> Path:
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return path


def test_a_report_is_counted_by_case(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert junit.read(report) == Counts(passed=1, failed=2, skipped=1)


def test_a_runner_that_wrote_no_report_has_failed(tmp_path: Path) -> None:
    assert junit.read(tmp_path / "none.xml") == Counts(failed=1)


def test_the_line_names_what_was_skipped_or_unsteady_only_if_something_was() -> None:
    assert Counts(3).line() == "3 passed, 0 failed"
    assert Counts(3, 1, 2).line() == "3 passed, 1 failed, 2 skipped"
    assert Counts(3, 1, 0, ("a",)).line() == "3 passed, 1 failed, 1 unsteady"


def test_what_passes_when_it_is_repeated_is_passed_and_named(tmp_path: Path) -> None:
    first = written(
        tmp_path / "1.xml", PASSED.format("a"), FAILED.format("b[x]"), FAILED.format("c")
    )
    second = written(tmp_path / "2.xml", PASSED.format("b[x]"), FAILED.format("c"))
    assert junit.read(first, second) == Counts(2, 1, 0, ("tests.runs::b[x]",))


def test_a_failure_with_a_failure_at_its_end_is_one_test(tmp_path: Path) -> None:
    first = written(tmp_path / "1.xml", FAILED.format("a"), BROKEN_END.format("a"))
    second = written(tmp_path / "2.xml", PASSED.format("a"))
    assert junit.read(first, second) == Counts(1, 0, 0, ("tests.runs::a",))


@pytest.mark.parametrize(
    "later",
    [
        [],
        [PASSED.format("other")],
        [SKIPPED.format("a")],
        [PASSED.format("a"), BROKEN_END.format("a")],
    ],
    ids=["not run", "another", "skipped", "fails at its end"],
)
def test_what_does_not_wholly_pass_when_it_is_repeated_has_failed(
    tmp_path: Path, later: list[str]
) -> None:
    first = written(tmp_path / "1.xml", FAILED.format("a"), PASSED.format("b"))
    assert junit.read(first, written(tmp_path / "2.xml", *later)) == Counts(1, 1)


def test_a_repeat_that_wrote_no_report_makes_nothing_good(tmp_path: Path) -> None:
    first = written(tmp_path / "1.xml", FAILED.format("a"))
    assert junit.read(first, tmp_path / "none.xml") == Counts(0, 1)


def test_what_a_browser_did_at_its_second_try_is_passed_and_named(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(BROWSER)
    assert junit.read(report) == Counts(2, 1, 0, ("story.spec.ts::logs in",))
