"""Counts of a test report in JUnit's XML, which pytest, Vitest and Playwright all write."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_FAILED = ("failure", "error")
_UNSTEADY = ("flakyFailure", "flakyError")
"""What Playwright notes of a failure before the same test passed."""


@dataclass(frozen=True)
class Counts:
    """How many tests passed, failed and were skipped; which of the passed failed at first."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    unsteady: tuple[str, ...] = ()

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.unsteady + other.unsteady,
        )

    def line(self) -> str:
        """Return the counts as the tools print them."""
        text = f"{self.passed} passed, {self.failed} failed"
        text += f", {self.skipped} skipped" if self.skipped else ""
        return f"{text}, {len(self.unsteady)} unsteady" if self.unsteady else text


def read(report: Path, repeat: Path | None = None) -> Counts:
    """Return the counts of a report; one failure when the runner wrote none.

    `repeat` is the report of a second run of what failed, if there was one: what passed there is
    counted as passed, once, and as unsteady.
    """
    cases = _cases(report)
    if cases is None:
        return Counts(failed=1)
    again = _cases(repeat) if repeat else None
    passed_later = _all_passed(again or [])
    wrong = [case for case in cases if _has(case, *_FAILED)]
    unsteady = dict.fromkeys(_name(case) for case in wrong if _name(case) in passed_later)
    unsteady |= dict.fromkeys(_name(case) for case in cases if _is_unsteady(case))
    made_good = [case for case in wrong if _name(case) in passed_later]
    skipped = sum(1 for case in cases if _has(case, "skipped"))
    return Counts(
        len(cases) - len(wrong) - skipped + len({_name(case) for case in made_good}),
        len(wrong) - len(made_good),
        skipped,
        tuple(unsteady),
    )


def _cases(report: Path) -> "list[ET.Element[str]] | None":
    if not report.exists() or report.stat().st_size == 0:
        return None
    return list(ET.parse(report).iter("testcase"))  # noqa: S314  our own runners' files


def _all_passed(cases: "list[ET.Element[str]]") -> set[str]:
    """Return the names of what passed in every part; pytest writes a test's end apart."""
    others = {_name(case) for case in cases if _has(case, *_FAILED, "skipped")}
    return {_name(case) for case in cases} - others


def _is_unsteady(case: "ET.Element[str]") -> bool:
    return _has(case, *_UNSTEADY) and not _has(case, *_FAILED)


def _name(case: "ET.Element[str]") -> str:
    return "::".join(part for part in (case.get("classname"), case.get("name")) if part)


def _has(case: "ET.Element[str]", *tags: str) -> bool:
    return any(case.find(tag) is not None for tag in tags)
