"""The child process that imports a plug-in for the first time: whatever happens, happens there.

Run it as `python -m kuber.infra.plugin_child EXAMINER GROUP NAME VALUE DESCRIPTOR`.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

from kuber.infra.embedded.process import Command, kill_tree, spawn_options

WITHIN_S = 20.0
"""How long importing and examining one plug-in may take."""

_READY_WITHIN_S = 60.0
_READY = b" "
"""Written once the plug-in's turn has come; JSON allows it before the verdict."""
_LONGEST_REASON = 300
_MOST_BYTES = 8192


def examine_in_child(
    examiner: str, entry_point: EntryPoint, within_s: float = WITHIN_S
) -> tuple[str | None, bool]:
    """Return why a plug-in cannot be used, None when it can; and whether it took too long.

    The child has an empty environment and dies with this process.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with (
        tempfile.TemporaryDirectory(prefix="kuber-plugin-") as place,
        os.fdopen(read_end, "rb") as said,
    ):
        command = Command(
            argv=(
                *(sys.executable, "-m", __name__, examiner),
                *(entry_point.group, entry_point.name, entry_point.value, str(write_end)),
            ),
            cwd=Path(place),
            env={
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "HOME": place,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "PYTHONSAFEPATH": "1",
            },
            death_signal=signal.SIGKILL,
        )
        try:
            child = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(write_end,),
                **spawn_options(command),
            )
        finally:
            os.close(write_end)
        select.select([said], [], [], _READY_WITHIN_S)  # Kuber's own imports do not count
        try:
            code = child.wait(within_s)
        except subprocess.TimeoutExpired:
            kill_tree(child.pid)
            child.wait()
            return f"examining it took longer than {within_s:g} s", True
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it has left running
        return _verdict(said.read(_MOST_BYTES), code), False


def in_words(error: BaseException) -> str:
    """Return an error of somebody else's code in one printable line."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - even this is somebody else's code
        text = "(it cannot be shown)"
    name = type(error).__name__
    return printable(f"{name}: {text}" if text else name)


def printable(text: str) -> str:
    """Return `text` with its control characters escaped, not longer than a line or two."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[:_LONGEST_REASON]
    )
    return shown if len(text) <= _LONGEST_REASON else f"{shown}..."


def _verdict(said: bytes | None, code: int) -> str | None:
    try:
        reason = json.loads(said or b"")["reason"]
    except (ValueError, KeyError, TypeError):
        end = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return f"examining it ends the process ({end})"
    return None if reason is None else printable(str(reason))


def main(examiner: str, group: str, name: str, value: str, descriptor: str) -> None:
    """Examine one plug-in and write the verdict to `descriptor`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    reason = None
    try:
        module, _, function = examiner.partition(":")
        examine = getattr(import_module(module), function)
        os.write(int(descriptor), _READY)
        examine(EntryPoint(name, value, group))
    except BaseException as error:  # noqa: BLE001 - a plug-in fails as it likes
        reason = in_words(error)
    os.write(int(descriptor), json.dumps({"reason": reason}).encode())
    os._exit(0)  # threads that the plug-in has started are not waited for


if __name__ == "__main__":
    main(*sys.argv[1:])
