"""The counts that `./kuber test` prints come from the runners' own reports."""

from pathlib import Path

from devtools import junit
from devtools.junit import Counts

REPORT = """<testsuites><testsuite tests="4">
<testcase name="a"/><testcase name="b"><failure/></testcase>
<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted_by_case(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert junit.read(report) == Counts(passed=1, failed=2, skipped=1)


def test_a_runner_that_wrote_no_report_has_failed(tmp_path: Path) -> None:
    assert junit.read(tmp_path / "none.xml") == Counts(failed=1)


def test_the_line_names_what_was_skipped_only_if_something_was() -> None:
    assert Counts(3).line() == "3 passed, 0 failed"
    assert Counts(3, 1, 2).line() == "3 passed, 1 failed, 2 skipped"
