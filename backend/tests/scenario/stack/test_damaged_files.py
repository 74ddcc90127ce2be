"""Whatever happens to the files that Kuber keeps under its home, it starts, works and stops."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kuber.infra.embedded.home import FILES
from tests.fixtures.stack import StackUnderTest, started_stack
from tests.fixtures.waiting import LIMIT_S

pytestmark = pytest.mark.timeout(600)

OF_SERVERS = ("postgres/data", "valkey/appendonlydir", "kafka")
DEMO = {"KUBER_LOGIN_ATTEMPTS_PER_MINUTE": "10000"}


def files_of(home: Path) -> set[Path]:
    """Return what lies under a home, without what servers keep in folders of their own."""
    found = (path.relative_to(home) for path in home.rglob("*") if not path.is_dir())
    return {path for path in found if not any(path.is_relative_to(one) for one in OF_SERVERS)}


@dataclass
class Used:
    """A home on which a stack ran, and every file that it had then or has now."""

    home: Path
    files: list[Path]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    home = tmp_path_factory.mktemp("damaged")
    with started_stack(home, DEMO):
        files = files_of(home)
    yield Used(home, sorted(files | files_of(home)))
    shutil.rmtree(home, ignore_errors=True)


def as_folder(path: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("somebody's")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a folder": as_folder,
    "unreadable bytes": lambda path: path.write_bytes(b"\xff\xfe\x00{[" * 50),
    "empty": lambda path: path.write_bytes(b""),
}


def test_every_file_of_a_home_is_known(used: Used) -> None:
    kept = [path for path in used.files if not any(map(path.match, FILES))]
    assert kept == []
    for name in ("run/stack.json", "run/start.log", "secrets.json", "postgres/prepared"):
        assert Path(name) in used.files


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_home_with_every_file_damaged_starts_works_and_stops(used: Used, damage: str) -> None:
    for file in used.files:
        path = used.home / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        DAMAGES[damage](path)
    with started_stack(used.home, DEMO) as stack:
        assert httpx.get(f"{stack.url}/ready", timeout=LIMIT_S).status_code == 200
        assert {one["state"] for one in stack.status()["services"]} == {"running"}
        told = (used.home / "run" / "start.log").read_text()
        stopped = stack.kuber("down")
    assert (stopped.returncode, stopped.stdout[:7]) == (0, "Stopped"), stopped
    assert "Traceback" not in told
    if damage == "a folder":
        for file in used.files:
            (aside,) = (used.home / file).parent.glob(f"{file.name}.damaged-*")
            assert (aside / "kept").read_text() == "somebody's"


def test_a_folder_in_the_place_of_the_record_of_a_running_stack_goes(
    running_stack: StackUnderTest,
) -> None:
    record = running_stack.home / "run" / "stack.json"
    record.unlink()
    as_folder(record)
    assert running_stack.status()["url"] == running_stack.url
    (aside,) = record.parent.glob("stack.json.damaged-*")
    shutil.rmtree(aside)
