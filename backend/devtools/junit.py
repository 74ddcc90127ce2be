"""Counts of a test report in JUnit's XML, which pytest, Vitest and Playwright all write."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Counts:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def line(self) -> str:
        """Return the counts as the tools print them."""
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def read(report: Path) -> Counts:
    """Return the counts of a report; one failure when the runner wrote none."""
    if not report.exists() or report.stat().st_size == 0:
        return Counts(failed=1)
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  our own runners' files
    failed = sum(1 for case in cases if _has(case, "failure", "error"))
    skipped = sum(1 for case in cases if _has(case, "skipped"))
    return Counts(len(cases) - failed - skipped, failed, skipped)


def _has(case: "ET.Element[str]", *tags: str) -> bool:
    return any(case.find(tag) is not None for tag in tags)
