"""Makes backend/.venv hold exactly the locked packages; does nothing when it does already.

Run by `./kuber` with any Python 3.11 to 3.13, so it uses the standard library alone:
`prepare.py runtime` for what the product needs, `prepare.py dev` for tests and checks as well.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"
VENV = BACKEND / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".kuber-stamp.json"
LOG = BACKEND / ".setup.log"
LOCKS = {
    "runtime": BACKEND / "requirements-stack.lock",
    "dev": BACKEND / "requirements-dev.lock",
}
TELL_EVERY_S = 10.0

Stamp = dict[str, str]


def main(kind: str) -> int:
    """Prepare the environment for `kind`; return the exit code."""
    with (BACKEND / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another ./kuber that is setting up...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            prepare(kind)
        except subprocess.CalledProcessError:
            return 1
    return 0


def prepare(kind: str) -> None:
    """Bring the environment to what the locks say. Raises CalledProcessError."""
    have = read_stamp()
    if have.get("root") != str(ROOT) or not PYTHON.exists():
        have = {}
    want = wanted(with_dev=kind == "dev" or "dev" in have)
    if have == want:
        return
    if not have:
        print("Setting up Kuber; the first time takes a few minutes.", flush=True)
        make_venv()
    STAMP.unlink(missing_ok=True)
    synced = any(have.get(name) != want.get(name) for name in ("runtime", "dev"))
    if synced:
        install_uv()
        lock = LOCKS["dev" if "dev" in want else "runtime"]
        uv("Python packages", "sync", "--require-hashes", "--compile-bytecode", str(lock))
    if synced or have.get("project") != want["project"]:
        uv("Kuber itself", "install", "--no-deps", "--editable", str(BACKEND))
    if synced or have.get("plugins") != want["plugins"]:
        install_plugins()
    STAMP.write_text(json.dumps(want))


def wanted(*, with_dev: bool) -> Stamp:
    """Return the stamp of an environment that is as it should be."""
    stamp = {
        "root": str(ROOT),
        "runtime": digest(LOCKS["runtime"]),
        "project": digest(BACKEND / "pyproject.toml"),
        "plugins": digest(plugin_list()),
    }
    if with_dev:
        stamp["dev"] = digest(LOCKS["dev"])
    return stamp


def read_stamp() -> Stamp:
    """Return what was installed last; nothing when that is not known."""
    try:
        found: Stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found


def make_venv() -> None:
    """Make an empty environment with pip, unless a sound one is there."""
    sound = (
        PYTHON.exists()
        and subprocess.run(
            (PYTHON, "-m", "pip", "--version"), check=False, capture_output=True
        ).returncode
        == 0
    )
    if sound and made_here():
        return
    base = getattr(sys, "_base_executable", None) or sys.executable
    if VENV.exists():
        shutil.rmtree(VENV)
    run("Python environment", (base, "-m", "venv", str(VENV)))


def made_here() -> bool:
    """Say whether the environment was made in this place: a copied one points elsewhere."""
    config = VENV / "pyvenv.cfg"
    return config.exists() and f"{VENV}\n" in f"{config.read_text()}\n"


def install_uv() -> None:
    """Install the locked uv with pip; everything else is then installed by uv."""
    if (VENV / "bin" / "uv").exists():
        return
    block: list[str] = []
    for line in LOCKS["runtime"].read_text().splitlines():
        if line.startswith("uv=="):
            block = [line]
        elif block and line.startswith("    --hash"):
            block.append(line)
        elif block:
            break
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write("\n".join(block).rstrip("\\ ") + "\n")
        requirements.flush()
        pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run("uv", (*pip, "--require-hashes", "--no-deps", "-r", requirements.name))


def install_plugins() -> None:
    """Install the agent packages that were added before; one that fails is named and left out."""
    for name in plugin_names():
        try:
            uv(f"agent package {name}", "install", "--constraint", str(LOCKS["runtime"]), name)
        except subprocess.CalledProcessError:
            print(f"  {name} is left out. Remove it with: ./kuber plugins remove {name}")


def plugin_names() -> list[str]:
    """Return what was added before; a damaged list is set aside."""
    path = plugin_list()
    if not path.is_file():
        return []
    try:
        text = path.read_text()
    except ValueError:
        text = "\0"
    if "\0" not in text:
        return [line for line in text.splitlines() if line.strip()]
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    path.rename(aside)
    print(f"  {path.name} was damaged and is now {aside.name}. Add your packages again.")
    return []


def plugin_list() -> Path:
    """Return the file that names the agent packages of this data folder."""
    return Path(os.environ.get("KUBER_HOME") or ROOT / ".kuber") / "plugins.txt"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file; that of nothing when it does not exist."""
    return hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()


def uv(title: str, *arguments: str) -> None:
    """Run `uv pip` on the environment."""
    action, *rest = arguments
    run(title, (str(VENV / "bin" / "uv"), "pip", action, "--python", str(PYTHON), *rest))


def run(title: str, command: Sequence[str]) -> None:
    """Run one step, showing that it goes on; its output is shown when it fails."""
    began = time.monotonic()
    print(f"  ..  {title}", flush=True)
    with LOG.open("w+") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT
        )
        code = None
        while code is None:
            try:
                code = child.wait(TELL_EVERY_S)
            except subprocess.TimeoutExpired:
                print(f"  ..  {title}, {time.monotonic() - began:.0f} s", flush=True)
        if code:
            log.seek(0)
            sys.stderr.write(f"Setting up failed at: {title}\n{log.read()[-4000:]}\n")
            raise subprocess.CalledProcessError(code, command)
    print(f"  ok  {title} ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
