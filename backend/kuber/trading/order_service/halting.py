"""The latch in a file: a halt that needs no database (rule M20)."""

from pathlib import Path

from kuber.trading.order_types import SwitchState


def halted_by(file: Path) -> SwitchState:
    """Return the state that the file holds: off without one, halted when it cannot be read."""
    try:
        text = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return SwitchState.OFF
    except (OSError, UnicodeDecodeError):
        return SwitchState.HALTED
    try:
        return SwitchState(text.split(maxsplit=1)[0]) if text else SwitchState.HALTED
    except ValueError:
        return SwitchState.HALTED
