"""How the tools show their work: a line when a step begins, one when it ends, output on failure."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
VENV_BIN = Path(sys.executable).parent

_TELL_EVERY_S = 15.0
_SHOWN_ON_FAILURE = 12_000


class StepFailed(Exception):
    """A step ended with an error, which has been shown."""


@dataclass(frozen=True)
class Done:
    """How a program ended, and all that it wrote."""

    code: int
    output: str
    seconds: float


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with the tools of backend/.venv first on the path."""
    path = f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {"PATH": path, "PYTHONPATH": str(BACKEND), "NO_COLOR": "1"}
    return {**os.environ, **own, **(extra or {})}


def capture(
    title: str,
    command: Sequence[str],
    cwd: Path,
    *,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 1800,
) -> Done:
    """Run `command`, telling now and then that it goes on; return how it ended."""
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        output = None
        try:
            while output is None:
                try:
                    output = child.communicate(timeout=_TELL_EVERY_S)[0]
                except subprocess.TimeoutExpired:
                    spent = time.monotonic() - began
                    say(f"  ..  {title}, {spent:.0f} s")
                    if spent > timeout_s:
                        os.killpg(child.pid, signal.SIGKILL)
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            raise
    return Done(child.returncode, output, time.monotonic() - began)


def step(
    title: str, command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None
) -> Done:
    """Run `command` as a step. Raises StepFailed, with its output shown, when it fails."""
    say(f"  ..  {title}")
    done = capture(title, command, cwd, env=env)
    if done.code:
        say(f"  !!  {title} ({done.seconds:.1f} s)\n{done.output[-_SHOWN_ON_FAILURE:]}")
        raise StepFailed(title)
    say(f"  ok  {title} ({done.seconds:.1f} s)")
    return done
