"""A process that runs out of descriptors notices, also when not even one is left to look."""

import errno
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kuber.api.serving.connections import ConnectionTable
from kuber.api.serving.limits import ServingLimits


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_no_descriptor_left_to_look_is_too_few_and_told_once(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    table = ConnectionTable(ServingLimits())

    def none_left(_: Path) -> None:
        raise OSError(code, "Too many open files")

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", none_left)
        table._check_descriptors()
        table._check_descriptors()
    assert table._descriptors_short
    assert [log["event"] for log in logs] == ["descriptors_short"]
    table._check_descriptors()
    assert not table._descriptors_short


def test_a_system_that_does_not_tell_is_not_short(monkeypatch: pytest.MonkeyPatch) -> None:
    table = ConnectionTable(ServingLimits())

    def no_such_folder(_: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(Path, "iterdir", no_such_folder)
    table._check_descriptors()
    assert not table._descriptors_short
