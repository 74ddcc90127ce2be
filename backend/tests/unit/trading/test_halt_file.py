"""M20: the halt file is there whole or not at all, and what cannot be read halts."""

from pathlib import Path

import pytest

from kuber.trading.order_service.halting import halted_by, lift_halt, write_halt
from kuber.trading.order_types import SwitchState


def test_m20_a_halt_is_written_read_and_lifted(tmp_path: Path) -> None:
    file = tmp_path / "home" / "halt"
    assert halted_by(file) is SwitchState.OFF
    for _ in range(2):
        write_halt(file, "since now")
        assert halted_by(file) is SwitchState.HALTED
    assert [one.name for one in file.parent.iterdir()] == ["halt"], "no part is left"
    assert lift_halt(file)
    assert not lift_halt(file)
    assert halted_by(file) is SwitchState.OFF


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b"", SwitchState.HALTED),
        (b"\xff\xfe\x00", SwitchState.HALTED),
        (b"stopped, I think", SwitchState.HALTED),
        (b"reduce_only since noon", SwitchState.REDUCE_ONLY),
        (b"off", SwitchState.OFF),
    ],
)
def test_m20_what_nobody_understands_halts(
    tmp_path: Path, content: bytes, state: SwitchState
) -> None:
    (tmp_path / "halt").write_bytes(content)
    assert halted_by(tmp_path / "halt") is state


def test_m20_a_file_that_cannot_be_read_halts(tmp_path: Path) -> None:
    (tmp_path / "halt").mkdir()
    assert halted_by(tmp_path / "halt") is SwitchState.HALTED
