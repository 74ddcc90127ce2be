"""Runs the layers of the tests and prints how many tests each has."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from devtools import apt, chromium, frontend, junit, repeats
from devtools.junit import Counts
from devtools.steps import BACKEND, FRONTEND, StepFailed, environment, say, step
from kuber.infra.embedded import apache_kafka
from kuber.infra.embedded.process import CannotStart, free_port

_STACK_SETTINGS = ("KUBER_DATABASE_URL", "KUBER_REDIS_URL", "KUBER_KAFKA_BOOTSTRAP")
_SPREAD = ("unit", "contract", "integration")
_REPEATED = ("integration", "scenario")
"""Of real servers and processes; what fails there is run once more, as in the layer kafka."""
_IN_TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""Each of the two has servers of its own; a file's tests stay together and share theirs. The order
is that of tests/fixtures/order.py: xdist's own puts the slowest files last."""
_TOOLS = ("openssl", "curl")
_REAL_KAFKA_WITHIN_S = 900
"""Far more than the layer takes; a hang ends it."""


@dataclass(frozen=True)
class Result:
    """What became of one layer."""

    layer: str
    counts: Counts
    seconds: float


class LayerSkipped(Exception):
    """This machine cannot run the layer; the message says what it lacks."""


Runner = Callable[[Path], int]
"""Runs a layer, writes its JUnit report to the path, and returns the runner's exit code."""


def run(arguments: Sequence[str]) -> int:
    """Run the layers that `arguments` name, or all; return the exit code."""
    names = list(arguments)
    options: list[str] = []
    if "--" in names:
        options = names[names.index("--") + 1 :]
        names = names[: names.index("--")]
    layers = _layers(options)
    unknown = [name for name in names if name not in layers]
    if unknown:
        say(f"There is no layer {unknown[0]}. Layers: {' '.join(layers)}")
        return 2
    results = [_run_layer(name, layers[name]) for name in layers if not names or name in names]
    return _report(results)


def _layers(options: Sequence[str]) -> dict[str, Runner]:
    python = {name: partial(_pytest, name, options) for name in ("unit", "contract", "integration")}
    return {
        **python,
        "scenario": partial(_scenario, options),
        "kafka": partial(_real_kafka, options),
        "frontend": _vitest,
        "browser": _playwright,
    }


def _run_layer(name: str, runner: Runner) -> Result:
    say(f"\n== {name}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kuber-test-") as folder:
        report = Path(folder) / "report.xml"
        try:
            code = runner(report)
        except StepFailed:
            code = 1
        except LayerSkipped as reason:
            say(f"Skipped the layer {name}: {reason}")
            return Result(name, Counts(skipped=1), time.monotonic() - began)
        counts = junit.read(report, repeats.report_of_repeat(report))
    if counts.passed + counts.failed == 0:
        say(f"The layer {name} has no test.")
        counts = replace(counts, failed=1)
    if code and not counts.failed:
        say(f"The runner of {name} ended with exit code {code}.")
        counts = replace(counts, failed=1)
    return Result(name, counts, time.monotonic() - began)


def _report(results: Sequence[Result]) -> int:
    say(f"\n{'layer':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>9}")
    total = Counts()
    for result in results:
        counts = result.counts
        say(
            f"{result.layer:<12} {counts.passed:>7} {counts.failed:>7} {counts.skipped:>8} "
            f"{result.seconds:>7.1f} s"
        )
        if counts.unsteady:
            say(f"{'':<12} unsteady: {', '.join(counts.unsteady)}")
        total += counts
    say(f"\n{total.line()}")
    return 1 if total.failed else 0


def _pytest(layer: str, options: Sequence[str], report: Path) -> int:
    command = (sys.executable, "-m", "pytest", "-q", f"tests/{layer}")
    spread = _IN_TWO if layer in _SPREAD else ()
    # Options of one's own may leave tests out: then a second run would hide what did not run.
    if layer in _REPEATED and not options:
        return repeats.run(partial(_show, cwd=BACKEND), command, spread, report)
    return _show((*command, *spread, f"--junitxml={report}", *options), BACKEND)


def _scenario(options: Sequence[str], report: Path) -> int:
    """Run people's stories; one of them follows a how-to that asks for nothing but these tools."""
    apt.ensure("openssl and curl", lambda: all(map(shutil.which, _TOOLS)), _TOOLS)
    return _pytest("scenario", options, report)


def _real_kafka(options: Sequence[str], report: Path) -> int:
    """Run what consumes or publishes once more, on Apache Kafka in place of the light broker."""
    try:
        apache_kafka.fetch()
    except CannotStart as error:
        raise LayerSkipped(str(error)) from error
    command = (
        *(sys.executable, "-m", "pytest", "-q", "-m", "kafka"),
        *("tests/integration", "tests/kafka", f"--session-timeout={_REAL_KAFKA_WITHIN_S}"),
    )
    show = partial(_show, cwd=BACKEND, extra={"KUBER_TEST_KAFKA": "apache"})
    if options:
        return show((*command, *_IN_TWO, f"--junitxml={report}", *options))
    return repeats.run(show, command, _IN_TWO, report, _REAL_KAFKA_WITHIN_S)


def _vitest(report: Path) -> int:
    frontend.prepare_client()
    command = ("npm", "test", "--", "--reporters=default", "--reporters=junit")
    return _show((*command, f"--output-file={report}"), FRONTEND)


def _playwright(report: Path) -> int:
    browser = chromium.find_or_install()
    frontend.build()
    with _stack() as url:
        extra = {
            "KUBER_URL": url,
            "CHROMIUM": str(browser),
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report),
            "PLAYWRIGHT_JUNIT_INCLUDE_RETRIES": "1",
            "CI": "1",
        }
        command = ("npm", "run", "e2e", "--", "--reporter=list,junit")
        return _show(command, FRONTEND, extra)


@contextmanager
def _stack() -> Iterator[str]:
    """Run a stack of its own in a temporary folder; gives its address. Raises StepFailed."""
    with tempfile.TemporaryDirectory(prefix="kuber-home-") as home:
        port = free_port()
        env = {
            "KUBER_HOME": home,
            "KUBER_PORT": str(port),
            "KUBER_LOGIN_ATTEMPTS_PER_MINUTE": "1000",
        }
        try:
            step("stack for the browser", _kuber("up", "-d"), BACKEND, env)
            yield f"http://127.0.0.1:{port}"
        finally:
            step("stack stopped", _kuber("down"), BACKEND, env)


def _kuber(*arguments: str) -> tuple[str, ...]:
    unset = [part for name in _STACK_SETTINGS for part in ("-u", name)]
    return ("env", *unset, sys.executable, "-m", "kuber.cli", *arguments)


def _show(command: Sequence[str], cwd: Path, extra: Mapping[str, str] | None = None) -> int:
    """Run `command` with its output on the screen; return its exit code."""
    env = environment(extra)
    # Runners in our own process group hear ctrl-C themselves.
    return subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, check=False
    ).returncode
