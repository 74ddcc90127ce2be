"""What the programs import, and what the program that writes packages writes."""

import re
import subprocess
import sys
from pathlib import Path

from kuber.commands.generators import new
from tests.fixtures.waiting import LIMIT_S

BACKEND = Path(__file__).parents[3]
HOW_TO = BACKEND.parent / "docs" / "how-to" / "add-a-signal-generator.md"


def test_the_api_process_imports_no_crewai() -> None:
    program = (
        "import sys, kuber.main; kuber.main.contract();"
        "sys.exit(any(name.split('.')[0] == 'crewai' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_reading_the_catalogue_imports_neither_crewai_nor_openai() -> None:
    code = (
        "import sys; from kuber.agents.registry import AgentRegistry as R;"
        "r = R.discover(); assert r.all() and not r.problems, r.problems;"
        "print([name for name in ('crewai', 'openai') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_written_package_passes_its_own_test(tmp_path: Path) -> None:
    assert new(tmp_path, "gap_up") == 0
    assert_passes(tmp_path / "gap-up")
    assert new(tmp_path, "gap_up") == 1, "what is there is not written over"


def test_the_written_package_passes_with_what_the_how_to_says_to_put_into_it(
    tmp_path: Path,
) -> None:
    assert new(tmp_path, "gap_up") == 0
    package = tmp_path / "gap-up"
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    files = ("gap_up_generator/generator.py", "tests/test_generator.py")
    for file, code in zip(files, blocks, strict=True):
        assert (package / file).exists()
        (package / file).write_text(code)
    assert_passes(package)


def assert_passes(package: Path) -> None:
    """Run the tests of a package as its author does."""
    tested = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package)),
        cwd=package,
        env={"PYTHONPATH": str(BACKEND), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * LIMIT_S,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_services_carry_no_data_frames() -> None:
    program = (
        "import sys, kuber.bootstrap.services, kuber.market.indicators as i, numpy as n;"
        "assert i.sma(n.arange(3.0), 2)[-1] == 1.5;"
        "sys.exit(any(name in sys.modules for name in ('pandas', 'polars')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
