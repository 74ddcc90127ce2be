"""What fails in a layer of servers is run once more, alone; nothing else is made good."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from devtools import junit, repeats, test
from devtools.junit import Counts

TESTS = """
    import pathlib, pytest
    SEEN = pathlib.Path(__file__).with_name("seen")

    @pytest.mark.parametrize("text", ["a::b [x]", "é"])
    def test_unsteady(text):
        first = text not in (SEEN.read_text() if SEEN.exists() else "")
        with SEEN.open("a") as file:
            file.write(text)
        assert not first

    def test_steady():
        with SEEN.open("a") as file:
            file.write("steady")
"""
WRONG = """
    def test_wrong():
        assert False
"""


@dataclass
class Runner:
    """Stands for pytest: writes how many failed, and notes what it was asked for."""

    code: int
    failed: int
    report: Path
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def show(self, command: Sequence[str]) -> int:
        self.commands.append(tuple(command))
        cases = '<testcase name="a"><failure/></testcase>' * self.failed
        self.report.write_text(f"<testsuite>{cases}</testsuite>")
        return self.code


def pytest_in(folder: Path, command: Sequence[str]) -> int:
    """Run pytest without the plug-ins that this project's own tests need: they load for seconds."""
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True).returncode


def written(folder: Path, *texts: str) -> tuple[str, ...]:
    """Write a file of tests; return the command that runs it."""
    (folder / "pytest.ini").write_text("[pytest]")
    (folder / "test_it.py").write_text("".join(map(textwrap.dedent, texts)))
    return (sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-q", "test_it.py")


def test_only_what_failed_runs_again_and_is_named(tmp_path: Path) -> None:
    report, command = tmp_path / "report.xml", written(tmp_path, TESTS)
    code = repeats.run(partial(pytest_in, tmp_path), command, ("-n", "2"), report)
    assert code == 0
    counts = junit.read(report, repeats.report_of_repeat(report))
    assert (counts.passed, counts.failed, len(counts.unsteady)) == (3, 0, 2)
    assert "test_it::test_unsteady[a::b [x]]" in counts.unsteady
    assert (tmp_path / "seen").read_text().count("steady") == 1


def test_what_fails_twice_fails_the_layer(tmp_path: Path) -> None:
    report, command = tmp_path / "report.xml", written(tmp_path, TESTS, WRONG)
    code = repeats.run(partial(pytest_in, tmp_path), command, (), report)
    counts = junit.read(report, repeats.report_of_repeat(report))
    assert (code, counts.passed, counts.failed, len(counts.unsteady)) == (1, 3, 1, 2)


@pytest.mark.parametrize(
    ("code", "failed"), [(0, 0), (1, 0), (2, 1), (3, 1), (1, repeats.MOST + 1)]
)
def test_a_run_that_passed_broke_off_or_failed_all_over_is_not_repeated(
    tmp_path: Path, code: int, failed: int
) -> None:
    runner = Runner(code, failed, tmp_path / "report.xml")
    assert repeats.run(runner.show, ("pytest",), (), runner.report) == code
    assert len(runner.commands) == 1


def test_a_run_that_took_all_its_time_is_not_repeated(tmp_path: Path) -> None:
    runner = Runner(1, 1, tmp_path / "report.xml")
    assert repeats.run(runner.show, ("pytest",), (), runner.report, within_s=0) == 1
    assert len(runner.commands) == 1


@pytest.mark.parametrize(
    ("layer", "options", "runs"),
    [
        ("unit", [], 1),
        ("contract", [], 1),
        ("integration", [], 2),
        ("integration", ["-k", "x"], 1),
        ("scenario", [], 2),
    ],
)
def test_layers_of_servers_are_repeated_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str, options: list[str], runs: int
) -> None:
    runner = Runner(1, 1, tmp_path / "report.xml")
    monkeypatch.setattr(test, "_show", lambda command, cwd: runner.show(command))
    assert test._pytest(layer, options, runner.report) == 1
    assert len(runner.commands) == runs


def test_the_table_names_what_was_unsteady(capsys: pytest.CaptureFixture[str]) -> None:
    found = Counts(2, 0, 0, ("tests.runs::a", "tests.runs::b"))
    assert test._report([test.Result("integration", found, 1.0)]) == 0
    printed = capsys.readouterr().out
    assert "unsteady: tests.runs::a, tests.runs::b" in printed
    assert "2 passed, 0 failed, 2 unsteady" in printed


@pytest.mark.parametrize(("end", "failed"), [("", 0), ("<failure/>", 1)])
def test_a_layer_has_passed_if_all_that_failed_passed_again(end: str, failed: int) -> None:
    def runner(report: Path) -> int:
        report.write_text('<testsuite><testcase name="a"><failure/></testcase></testsuite>')
        again = f'<testsuite><testcase name="a">{end}</testcase></testsuite>'
        repeats.report_of_repeat(report).write_text(again)
        return failed

    counts = test._run_layer("integration", runner).counts
    assert (counts.failed, len(counts.unsteady)) == (failed, 1 - failed)
