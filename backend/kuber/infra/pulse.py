"""A sign of life of a program that listens on no port: a file that it touches."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

EVERY_S = 2.0
SILENT_AFTER_S = 10.0
_SILENT = "silent"


async def keep_beating(file: Path | None) -> None:
    """Touch the file for as long as the event loop goes on; nothing without one."""
    while file is not None:
        with suppress(OSError):  # who cannot write it lives on; that no pulse comes is seen
            await asyncio.to_thread(file.touch)
        await asyncio.sleep(EVERY_S)


def beat(file: Path, *, silent: bool) -> None:
    """Touch the file, and note in it whether a process of the program is `silent`; raises OSError.

    The program lives, and puts another in its place.
    """
    if silent or notes_silence(file):
        file.write_text(_SILENT if silent else "")
    else:
        file.touch()


def notes_silence(file: Path) -> bool:
    """Say whether a program has noted that one of its processes says nothing."""
    try:
        return file.read_bytes() == _SILENT.encode()
    except OSError:
        return False


def has_pulse(file: Path) -> bool:
    """Say whether a program has touched its file of late, or has not come to it yet."""
    try:
        return time.time() - file.stat().st_mtime < SILENT_AFTER_S
    except FileNotFoundError:
        return True
