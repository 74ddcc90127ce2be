"""The latch in a file: a halt that needs no database (rule M20)."""

import os
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


def write_halt(file: Path, said: str) -> None:
    """Halt by the file: it is there whole or not at all, also after a power cut. Raises OSError.

    said: one line for people, such as the time.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as writing:
        writing.write(f"{SwitchState.HALTED.value} {said}\n")
        writing.flush()
        os.fsync(writing.fileno())
    part.replace(file)
    _sync(file.parent)


def lift_halt(file: Path) -> bool:
    """Take the halt back; return whether there was one. Raises OSError."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    _sync(file.parent)
    return True


def _sync(folder: Path) -> None:
    """Have the folder's entries on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
