"""Which versions an advisory touches, and what the check says of them."""

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from devtools import advisories
from devtools.advisories import State, age_in_words, hits, problems, read_advisories, read_state
from devtools.locks import Ecosystem, Locked

TODAY = date(2026, 11, 28)
NOTHING_ACCEPTED = State(TODAY, {})


def advisory(
    ecosystem: Ecosystem, name: str, *events: dict[str, str], **more: object
) -> dict[str, Any]:
    kind = "SEMVER" if ecosystem == "npm" else "ECOSYSTEM"
    return {
        "id": "GHSA-xxxx",
        "aliases": ["CVE-2026-1"],
        "summary": "Something is wrong",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": kind, "events": list(events)}],
            }
        ],
        **more,
    }


def touched(ecosystem: Ecosystem, version: str, *events: dict[str, str]) -> bool:
    package = Locked(ecosystem, "thing", version)
    return bool(list(hits([package], [advisory(ecosystem, "thing", *events)])))


FIXED = ({"introduced": "1.5.0"}, {"fixed": "2.4.0"})
LAST = ({"introduced": "1.0.0"}, {"last_affected": "1.5.9"})
TWO_BRANCHES = (
    {"introduced": "0"},
    {"fixed": "1.26.19"},
    {"introduced": "2.0.0"},
    {"fixed": "2.2.2"},
)


@pytest.mark.parametrize("ecosystem", ["PyPI", "npm"])
@pytest.mark.parametrize(
    ("events", "affected", "free"),
    [
        (FIXED, ["1.5.0", "1.10.0", "2.3.9"], ["1.4.9", "2.4.0", "2.10.0"]),
        (LAST, ["1.0.0", "1.5.9"], ["0.9.9", "1.5.10", "1.6.0"]),
        (TWO_BRANCHES, ["0.0.1", "1.26.18", "2.0.0", "2.2.1"], ["1.26.19", "1.99.0", "2.2.2"]),
        (TWO_BRANCHES[::-1], ["1.26.18", "2.2.1"], ["1.26.19", "2.2.2"]),
        (({"introduced": "0"},), ["0.0.1", "99.0.0"], []),
    ],
)
def test_a_range_holds_what_lies_between_its_ends(
    ecosystem: Ecosystem, events: tuple[dict[str, str], ...], affected: list[str], free: list[str]
) -> None:
    assert [v for v in [*affected, *free] if touched(ecosystem, v, *events)] == affected


def test_python_versions_are_compared_by_their_own_rules() -> None:
    fixed = ({"introduced": "0"}, {"fixed": "2.0"})
    assert touched("PyPI", "2.0rc1", *fixed)
    assert touched("PyPI", "1.9.post2", *fixed)
    assert not touched("PyPI", "2.0.0", *fixed)
    assert not touched("PyPI", "2.0.post1", *fixed)
    calendar = ({"introduced": "2021.05.30"}, {"fixed": "2024.07.04"})
    assert touched("PyPI", "2024.7.3", *calendar)
    assert not touched("PyPI", "2024.7.4", *calendar)


def test_npm_versions_are_compared_by_semantic_versioning() -> None:
    fixed = ({"introduced": "22.0.0-next.0"}, {"fixed": "22.0.0-next.8"})
    assert touched("npm", "22.0.0-next.7", *fixed)
    assert not touched("npm", "22.0.0-next.10", *fixed)
    assert not touched("npm", "22.0.0", *fixed)
    assert touched("npm", "2.0.0-rc.1", {"introduced": "0"}, {"fixed": "2.0.0"})


def test_a_listed_version_is_touched_without_a_range() -> None:
    record = advisory("PyPI", "thing")
    record["affected"][0] |= {"ranges": [], "versions": ["1.1"]}
    assert len(list(hits([Locked("PyPI", "thing", "1.1")], [record]))) == 1
    assert not list(hits([Locked("PyPI", "thing", "1.2")], [record]))


def test_ranges_of_commits_say_nothing_about_versions() -> None:
    record = advisory("PyPI", "thing")
    record["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "0"}]}]
    assert not list(hits([Locked("PyPI", "thing", "1.1")], [record]))


def test_names_are_compared_as_their_ecosystem_does() -> None:
    events = ({"introduced": "0"},)
    mako = Locked("PyPI", "python-multipart", "1.0")
    assert list(hits([mako], [advisory("PyPI", "Python_Multipart", *events)]))
    assert not list(hits([mako], [advisory("npm", "python-multipart", *events)]))
    core = Locked("npm", "@angular/core", "1.0.0")
    assert list(hits([core], [advisory("npm", "@angular/core", *events)]))


def test_a_withdrawn_advisory_touches_nothing() -> None:
    gone = advisory("PyPI", "thing", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z")
    assert not list(hits([Locked("PyPI", "thing", "1.1")], [gone]))


def test_a_version_that_is_none_names_its_package() -> None:
    with pytest.raises(ValueError, match="thing: 'main' is no version of npm"):
        touched("npm", "main", {"introduced": "0"})


def test_a_hit_names_package_version_advisory_and_the_next_version_with_a_fix() -> None:
    record = advisory("PyPI", "urllib3", *TWO_BRANCHES)
    packages = [Locked("PyPI", "urllib3", "2.1.0"), Locked("PyPI", "urllib3", "1.25.0")]
    lines = problems(packages, [record], NOTHING_ACCEPTED)
    assert [line.partition(". ")[0] for line in lines] == [
        "urllib3 2.1.0 (PyPI): GHSA-xxxx, CVE-2026-1, fixed in 2.2.2: Something is wrong",
        "urllib3 1.25.0 (PyPI): GHSA-xxxx, CVE-2026-1, fixed in 1.26.19: Something is wrong",
    ]
    assert all("Upgrade it, or accept it with the reason in" in line for line in lines)


@pytest.mark.parametrize(
    ("events", "remedy"),
    [
        (LAST, "GHSA-xxxx, CVE-2026-1, last affected 1.5.9: "),
        (({"introduced": "0"},), "GHSA-xxxx, CVE-2026-1, no version with a fix is known: "),
    ],
)
def test_a_hit_without_a_fix_says_so(events: tuple[dict[str, str], ...], remedy: str) -> None:
    record = advisory("PyPI", "chromadb", *events)
    [line] = problems([Locked("PyPI", "chromadb", "1.5.9")], [record], NOTHING_ACCEPTED)
    assert remedy in line


def test_an_accepted_hit_is_no_problem_until_it_is_gone() -> None:
    accepted = State(TODAY, {("GHSA-xxxx", "chromadb"): "never started"})
    record = advisory("PyPI", "chromadb", *LAST)
    assert problems([Locked("PyPI", "chromadb", "1.5.9")], [record], accepted) == []
    [line] = problems([Locked("PyPI", "chromadb", "1.6.0")], [record], accepted)
    assert line.startswith("GHSA-xxxx no longer touches chromadb: remove it from")


def test_an_acceptance_without_a_reason_is_refused() -> None:
    text = 'as_of = 2026-11-01\n[[accepted]]\nadvisory = "A"\npackage = "b"\nreason = ""\n'
    with pytest.raises(ValueError, match="say its advisory, package and reason"):
        read_state(text)


@pytest.mark.parametrize(
    ("as_of", "line"),
    [
        (date(2026, 8, 30), "7 advisories as of 2026-08-30, 90 days old"),
        (
            date(2026, 8, 29),
            (
                "Warning: 7 advisories as of 2026-08-29, 91 days old. "
                "Refresh them: docs/how-to/check-dependencies.md"
            ),
        ),
    ],
)
def test_data_of_more_than_ninety_days_is_told_as_a_warning(as_of: date, line: str) -> None:
    assert age_in_words(State(as_of, {}), TODAY, 7) == line


def test_the_committed_advisories_are_records_of_the_osv_schema() -> None:
    records = read_advisories()
    assert records
    for record in records:
        assert {"id", "modified", "affected"} <= record.keys()
        for name, version in [("PyPI", "1.0"), ("npm", "1.0.0")]:
            packages = [
                Locked(name, entry["package"]["name"], version)  # type: ignore[arg-type]
                for entry in record["affected"]
                if entry["package"]["ecosystem"] == name
            ]
            list(hits(packages, [record]))  # every version in it can be read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(advisories, "FOLDER", tmp_path)
    monkeypatch.setattr(advisories, "STATE", tmp_path / "state.toml")
    (tmp_path / "state.toml").write_text("# why\n\nas_of = 2026-01-01\n")
    (tmp_path / "OLD-1.json").write_text("{}")
    return tmp_path


def test_an_import_keeps_what_names_a_locked_package_and_dates_the_data(folder: Path) -> None:
    events = ({"introduced": "0"}, {"fixed": "0.1"})
    ours = advisory("PyPI", "FastAPI", *events, id="PYSEC-1", details="Long.")
    ours["affected"].append(advisory("PyPI", "unknown-to-us", *events)["affected"][0])
    ours["references"] = [{"type": "WEB", "url": "x"}, {"type": "ADVISORY", "url": "y"}]
    gone = advisory("npm", "vite", *events, id="GHSA-gone", withdrawn="2026-01-01T00:00:00Z")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("PYSEC-1.json", json.dumps(ours))
        archive.writestr("GHSA-gone.json", json.dumps(gone))
    other = folder / "other.txt"
    other.write_text(json.dumps(advisory("PyPI", "unknown-to-us", *events, id="PYSEC-2")))

    assert advisories.run(["import", str(folder / "all.zip"), str(other)], TODAY) == 0

    [kept] = read_advisories(folder)
    assert kept["id"] == "PYSEC-1"
    assert [entry["package"]["name"] for entry in kept["affected"]] == ["FastAPI"]
    assert kept["references"] == [{"type": "ADVISORY", "url": "y"}]
    assert "details" not in kept
    assert (folder / "state.toml").read_text() == "# why\n\nas_of = 2026-11-28\n"


def test_an_import_of_a_file_that_is_not_there_changes_nothing(folder: Path) -> None:
    assert advisories.run(["import", str(folder / "none.zip")], TODAY) == 2
    assert (folder / "OLD-1.json").exists()
