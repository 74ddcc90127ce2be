"""Packages of others that fail in every way: named, left out, removable; and nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from kuber.agents import registry
from kuber.agents.registry import GROUP, AgentRegistry
from kuber.commands import plugins
from kuber.config import conceal_secrets
from kuber.infra.plugin_child import examine_in_child
from kuber.infra.plugins import PluginKind, Verdicts
from kuber.market.chart_indicators import registry as indicator_registry
from kuber.market.providers import plugin as provider_plugins
from kuber.signals.generators import registry as generator_registry

AGENTS = plugins.KINDS[0]

WAYS = {
    "raise": (
        "raise RuntimeError('boom \\x1b[31m red\\n[error] forged line')",
        "RuntimeError: boom",
    ),
    "keyboard": ("raise KeyboardInterrupt()", "KeyboardInterrupt"),
    "base": ("class X(BaseException): pass\nraise X('base')", "X: base"),
    "sysexit": ("import sys\nsys.exit(4)", "SystemExit: 4"),
    "exit": ("import os\nos._exit(3)", "ends the process (exit code 3)"),
    "hang": ("import time\ntime.sleep(600)", "took longer than"),
    "segv": ("import ctypes\nctypes.string_at(0)", "ends the process (signal SIGSEGV)"),
    "unprintable": (
        "class X(Exception):\n    def __str__(self): raise SystemExit\nraise X",
        "X: (it cannot be shown)",
    ),
}

SOUND = """
from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category
class Agent(BaseAgent[AgentConfig]):
    metadata = AgentMetadata("sound", "Sound", "Works.", Category.ANALYSIS, "bolt")
    Config = AgentConfig
    def process(self, state):
        return state
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, in front of the others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("evil_")]:
        del sys.modules[name]


def install(site: Path, way: str, body: str) -> EntryPoint:
    """Install a package with one agent into `site`."""
    module, project = f"evil_{way}", f"Evil.{way}"
    (site / f"{module}.py").write_text(body)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{way} = {module}:Agent\n")
    (info / "RECORD").write_text(f"{module}.py,sha256={hash(body)},{len(body)}\n")
    (found,) = entry_points(group=GROUP, name=way)
    return found


def test_each_way_to_fail_is_named_and_stops_nothing(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "kuber.infra.plugins.examine_in_child",
        lambda examiner, one: examine_in_child(examiner, one, 2.0 if one.name == "hang" else 60.0),
    )
    announced = [install(site, way, body) for way, (body, _) in WAYS.items()]
    announced.append(install(site, "sound", SOUND))
    verdicts = Verdicts(tmp_path / "verdicts")
    verdicts.examine_all(AGENTS, announced)
    found = AgentRegistry(announced, Verdicts(tmp_path / "verdicts"))
    assert [agent.metadata.agent_type for agent in found.all()] == ["sound"]
    reasons = {problem.entry_point: problem.reason for problem in found.problems}
    assert reasons.keys() == WAYS.keys()
    for way, (_, words) in WAYS.items():
        assert words in reasons[way]
        assert reasons[way].isprintable(), "nothing of it forges a line of a log"


def test_a_package_is_examined_once_and_again_when_it_changes(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examined: list[str] = []

    def note(_examiner: str, one: EntryPoint) -> tuple[str | None, bool]:
        examined.append(one.name)
        return "no", one.name == "hasty"

    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", note)
    for _ in range(2):
        for way in ("first", "hasty"):
            assert Verdicts(tmp_path).refusal(AGENTS, install(site, way, "one")) == "no"
    assert examined == ["first", "hasty"]
    Verdicts(tmp_path).refusal(AGENTS, install(site, "first", "another"))
    assert examined == ["first", "hasty", "first"]
    Verdicts(tmp_path).begin_anew()
    for way in ("first", "hasty"):
        Verdicts(tmp_path).refusal(
            AGENTS, install(site, way, "another" * (way == "first") or "one")
        )
    assert examined == ["first", "hasty", "first", "hasty"], "a busy machine may be to blame"


def test_verdicts_that_cannot_be_kept_are_made_each_time(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", lambda *_: ("no", False))
    (tmp_path / "file").write_text("in the way")
    verdicts = Verdicts(tmp_path / "file" / "plugins")
    assert verdicts.refusal(AGENTS, install(site, "exit", "")) == "no"


def test_a_process_that_dies_of_a_plug_in_has_told_enough(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", lambda *_: (None, False))
    one = install(site, "sound", SOUND)
    verdicts = Verdicts(tmp_path)
    assert verdicts.refusal(AGENTS, one) is None
    program = (
        "import os, sys; from importlib.metadata import entry_points; from pathlib import Path;"
        "from kuber.infra.plugins import Verdicts;"
        f"(one,) = entry_points(group={GROUP!r}, name='sound');"
        "mark = Verdicts(Path(sys.argv[1])).importing(one);"
        "mark.__enter__(); os.kill(os.getpid(), 9)"
    )
    died = subprocess.run(
        (sys.executable, "-c", program, str(tmp_path)),
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert "ended with it" in (Verdicts(tmp_path).refusal(AGENTS, one) or "")
    assert "ended with it" in (Verdicts(tmp_path).refusal(AGENTS, one) or ""), "until the next up"
    with verdicts.importing(one):
        Verdicts(tmp_path)  # a process that lives is not judged
    Verdicts(tmp_path).begin_anew()
    assert Verdicts(tmp_path).refusal(AGENTS, one) is None, "a cut of the power is not its fault"


def test_a_start_tries_what_the_last_one_was_importing_when_it_ended(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", lambda *_: (None, False))
    one = install(site, "sound", SOUND)
    monkeypatch.setattr(plugins, "added", lambda: iter([(AGENTS, one)]))
    leave_a_mark(Verdicts.of(tmp_path), one, monkeypatch)
    told: list[str] = []
    plugins.examine(tmp_path, told.append)
    assert told == []
    assert Verdicts.of(tmp_path).refusal(AGENTS, one) is None


def test_of_processes_that_start_together_each_may_find_the_mark_taken(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = install(site, "sound", SOUND)
    mark = leave_a_mark(Verdicts(tmp_path), one, monkeypatch)

    def found(_folder: Path, _pattern: str) -> list[Path]:
        mark.unlink(missing_ok=True)  # by the other one
        return [mark]

    monkeypatch.setattr(Path, "glob", found)
    assert Verdicts(tmp_path)._known() == {}


def test_a_link_to_nothing_in_a_linked_package_does_not_stop_its_examination(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", lambda *_: ("no", False))
    source = tmp_path / "source"
    source.mkdir()
    (source / "broken.py").symlink_to(source / "nothing.py")
    install(site, "sound", SOUND)
    origin = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (site / "evil_sound-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    (one,) = entry_points(group=GROUP, name="sound")
    assert Verdicts(tmp_path).refusal(AGENTS, one) == "no"


def leave_a_mark(
    verdicts: Verdicts, entry_point: EntryPoint, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Leave the mark of a process that ended while it imported the plug-in; return it."""
    assert verdicts.folder is not None
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with verdicts.importing(entry_point):
            pass
    (mark,) = verdicts.folder.glob("importing-*")
    host, pid, _ = mark.name.split("~")
    return mark.rename(mark.with_name(f"{host}~{pid}~0-dead"))


def test_the_examination_sees_no_environment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBER_JWT_SECRET", "secret")
    monkeypatch.setenv("SOME_KEY", "secret")
    body = "import os\nraise ValueError(sorted(os.environ))"
    reason, _ = examine_in_child(AGENTS.examiner, install(site, "names", body))
    assert reason is not None
    assert "KUBER" not in reason
    assert "SOME_KEY" not in reason


def test_what_the_command_examines_is_what_the_registries_load() -> None:
    assert (
        PluginKind(GROUP, f"{registry.__name__}:{registry.examine.__name__}"),
        PluginKind(generator_registry.GROUP, f"{generator_registry.__name__}:examine"),
        PluginKind(provider_plugins.GROUP, f"{provider_plugins.__name__}:examine"),
        PluginKind(indicator_registry.GROUP, f"{indicator_registry.__name__}:examine"),
    ) == plugins.KINDS


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ("evil_sound-1.0-py3-none-any.whl", "Evil.Sound"),
        ("evil_sound-1.0-py3-none-any.whl", "./evil_sound-1.0-py3-none-any.whl"),
        ("evil.sound>=1", "EVIL-SOUND"),
        ("", "evil--sound"),
    ],
)
def test_a_package_is_removed_by_any_spelling(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: str, named: str
) -> None:
    install(site, "sound", SOUND)
    removed: list[str] = []

    def note(*arguments: str) -> int:
        removed.extend(arguments)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins, "_uv", note)
    is_wheel = added.endswith(".whl")
    (tmp_path / "plugins.txt").write_text(f"{tmp_path / added if is_wheel else added}\nother\n")
    assert plugins.remove(tmp_path, named) == 0
    assert removed == ["uninstall", "evil-sound"]
    assert plugins.remembered(tmp_path) == ["other"]


def test_what_was_never_added_is_not_removed(tmp_path: Path) -> None:
    assert plugins.remove(tmp_path, "structlog") == 1


def test_a_damaged_list_is_set_aside(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "plugins.txt").write_bytes(b"\xff\xfe\x00")
    assert plugins.remembered(tmp_path, told.append) == []
    assert len(list(tmp_path.glob("plugins.txt.damaged-*"))) == 1
    assert len(told) == 1


def test_the_list_names_what_is_left_out(
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("kuber.infra.plugins.examine_in_child", lambda *_: ("it hangs", False))
    install(site, "raise", "")
    assert plugins.show(tmp_path) == 0
    shown = capsys.readouterr().out
    assert "raise is left out: it hangs" in shown
    assert "./kuber plugins remove evil-raise" in shown


def test_secrets_are_gone_from_the_environment_and_from_what_the_kernel_shows() -> None:
    program = (
        "import os; from pathlib import Path; from kuber.startup import take_settings;"
        "s = take_settings(); assert s.jwt_secret.get_secret_value() == 'j' * 40;"
        "seen = repr(os.environ).encode() + Path('/proc/self/environ').read_bytes();"
        "assert b'jjj' not in seen and b'hidden' not in seen and b'KUBER_PORT' in seen"
    )
    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "KUBER_PORT": "8000",
        "KUBER_JWT_SECRET": "j" * 40,
        "KUBER_DATABASE_URL": "postgresql://hidden",
        "KUBER_REDIS_URL": "redis://hidden",
        "KUBER_KAFKA_BOOTSTRAP": "x",
        "KUBER_LLM_API_KEY": "hidden",
    }
    done = subprocess.run(
        (sys.executable, "-c", program), env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_concealing_leaves_what_is_not_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBER_ALPACA_API_SECRET", "hidden")
    monkeypatch.setenv("KUBER_PORT", "8000")
    conceal_secrets()
    assert "KUBER_ALPACA_API_SECRET" not in os.environ
    assert os.environ["KUBER_PORT"] == "8000"
