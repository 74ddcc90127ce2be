"""What the tests need of the system, installed with apt where that is allowed."""

import os
import shutil
from collections.abc import Callable, Sequence

from devtools.steps import ROOT, StepFailed, say, step

_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def ensure(title: str, present: Callable[[], bool], packages: Sequence[str]) -> None:
    """Make sure that something is `present`, if need be by installing `packages`.

    Raises StepFailed, after saying what to install, where that is not allowed or did not help.
    """
    if present():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        step("package lists", ("apt-get", "update", "-qq"), ROOT, _QUIET)
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
        step(title, install, ROOT, _QUIET)
    if not present():
        say(f"The tests need {title}. Please install: sudo apt-get install {' '.join(packages)}")
        raise StepFailed(f"no {title}")
