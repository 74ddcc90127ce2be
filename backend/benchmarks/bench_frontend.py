"""Size of what the browser loads first, and frame times of the editor with 500 nodes.

Floor in the same run: the same gestures on a canvas of 5 nodes.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.stack import Stack, running_stack

FRONTEND = Path(__file__).parents[2] / "frontend"
APP = FRONTEND / "dist" / "kuber" / "browser"
TARGET_BUNDLE_KB = 150
TARGET_FRAME_MS = 40
NODES = 500
FLOOR_NODES = 5
GESTURES_WITH_TARGET = ("pan", "drag")


def main() -> None:
    """Measure and print."""
    if not (APP / "index.html").exists():
        sys.exit("Build the browser app first: ./kuber up does it.")
    size_kb = _initial_kb()
    print(f"initial bundle, gzip                  {size_kb:8.1f} kB   target {TARGET_BUNDLE_KB}")
    with running_stack() as stack:
        floor, full = _frames(stack, FLOOR_NODES), _frames(stack, NODES)
    for gesture in ("pan", "drag", "zoom"):
        p95, low = full[gesture]["p95_ms"], floor[gesture]["p95_ms"]
        target = f"   target {TARGET_FRAME_MS}," if gesture in GESTURES_WITH_TARGET else "  "
        print(
            f"editor, {NODES} nodes, {gesture:<5} p95 frame     {p95:8.1f} ms"
            f"{target} ratio to {FLOOR_NODES} nodes {p95 / low:.2f}"
        )
    print(f"editor, {NODES} nodes, ready                {full['ready_ms']:8.0f} ms")


def _initial_kb() -> float:
    """Return the gzip size of the scripts that index.html loads, with all they import, in kB."""
    left = re.findall(r'(?:src|href)="([^"]+\.js)"', (APP / "index.html").read_text())
    seen: set[str] = set()
    total = 0
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        code = (APP / name).read_bytes()
        total += len(gzip.compress(code, 9))
        left += re.findall(r'(?:import|from)\s*"\./([^"]+\.js)"', code.decode())
    return total / 1000


def _frames(stack: Stack, nodes: int) -> dict[str, Any]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    node = shutil.which("node", path=path)
    assert node is not None, "Node comes with the locked packages"
    done = subprocess.run(
        [node, "e2e/perf/editor-perf.mjs", str(nodes)],
        cwd=FRONTEND,
        env={**os.environ, "KUBER_URL": stack.url},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    main()
