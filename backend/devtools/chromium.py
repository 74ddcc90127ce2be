"""The browser that the tests drive: the system's Chromium."""

import os
import shutil
from pathlib import Path

from devtools.steps import ROOT, StepFailed, say, step

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_or_install() -> Path:
    """Return the browser, installed with apt where that is allowed.

    Raises StepFailed, after saying what to install, where it is not.
    """
    found = _find()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        step("package lists", ("apt-get", "update", "-qq"), ROOT, quiet)
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        step("Chromium", install, ROOT, quiet)
        found = _find()
    if found is None:
        say("The browser tests need Chromium. Please install it: sudo apt-get install chromium")
        raise StepFailed("no Chromium")
    return found


def _find() -> Path | None:
    chosen = os.environ.get("CHROMIUM")
    for name in (chosen, *_NAMES):
        path = shutil.which(name) if name else None
        if path:
            return Path(path)
    return None
