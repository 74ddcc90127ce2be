"""The program that shows T15 finds everything, and says when something is not found."""

from pathlib import Path

import pytest

from benchmarks import bench_tampering
from benchmarks.tampering import CASES, Case, Chain, Expected
from kuber.infra.embedded.postgres import PostgresServer

FEW = 1500


def test_each_kind_of_tampering_is_found_at_its_place(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench_tampering.show(postgres_server, tmp_path, FEW)
    assert capsys.readouterr().out.count("ok ") == len(CASES)


def test_what_is_not_found_at_its_place_is_said(
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def elsewhere(_chain: Chain) -> Expected:
        return Expected("5", 5, "entry_changed", "entry_changed")

    monkeypatch.setattr(bench_tampering, "CASES", (Case("nothing", elsewhere),))
    assert not bench_tampering.show(postgres_server, tmp_path, FEW)
    assert "BAD nothing" in capsys.readouterr().out
