"""Packages that others wrote: examined in a child process first, then loaded under guard.

What the examination found is kept by a fingerprint of the package, so that each version of it is
examined once. A package that cannot be imported is named and left out; it stops nothing else.
"""

import hashlib
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import structlog

from kuber.infra.embedded.damage import clear_place
from kuber.infra.plugin_child import examine_in_child, in_words

BUILT_IN = "built-in"
IMPORT_S = 60.0
"""How long a process may take to import a plug-in that was examined: then it hangs."""
_HUNG = 70
"""Exit code of a process that was ended because an import hung."""
_MOST_FILES = 5000
_AT_ONCE = 4
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PluginKind:
    """A group of entry points, and the function (`module:name`) that examines one of them."""

    group: str
    examiner: str


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """Something announced that cannot be used: by which package, and why."""

    entry_point: str
    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an examination found: a reason to refuse the plug-in, or none.

    `hasty`: the moment may be to blame. It took too long on a busy machine, or the process that
    imported it was ended, perhaps from outside. Such a verdict holds until the next start.
    """

    reason: str | None
    hasty: bool = False


class Verdicts:
    """What is known of plug-ins, kept in `folder`; without one for this process only."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._own: dict[str, Verdict] = {}
        self._lock = threading.Lock()
        self._judge_interrupted_imports()

    @classmethod
    def of(cls, home: Path) -> "Verdicts":
        """Return the verdicts that the processes of one data folder share."""
        return cls(home / "run" / "plugins")

    def begin_anew(self) -> None:
        """Forget what may have been the fault of the moment: hasty verdicts, broken imports."""
        self._own = {}
        if self.folder is not None and self.folder.is_dir():
            for mark in self._marks("importing-*"):
                mark.unlink(missing_ok=True)
        self._replace({k: v for k, v in self._known().items() if not v.hasty})

    def forget(self) -> None:
        """Forget everything: each plug-in is examined again."""
        self._own = {}
        self._replace({})

    def examine_all(self, kind: PluginKind, announced: Iterable[EntryPoint]) -> None:
        """Examine what was never examined, a few at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda entry_point: self.refusal(kind, entry_point), announced))

    def refusal(self, kind: PluginKind, entry_point: EntryPoint) -> str | None:
        """Return why a plug-in may not be imported; examines one that is not known."""
        if entry_point.dist is None or provider_of(entry_point) == BUILT_IN:
            return None
        key = _key(entry_point)
        verdict = self._own.get(key) or self._known().get(key)
        if verdict is None:
            verdict = Verdict(*examine_in_child(kind.examiner, entry_point))
            self._add(key, verdict)
        return verdict.reason

    @contextmanager
    def importing(self, entry_point: EntryPoint) -> Iterator[None]:
        """Leave a mark while the block runs: a process that dies meanwhile has told enough.

        One that hangs is ended, so that the next one leaves the plug-in out.
        """
        mark = None
        if self.folder is not None and provider_of(entry_point) != BUILT_IN:
            name = f"importing-{_instance(os.getpid())}-{os.urandom(4).hex()}"
            mark = _written(self.folder / name, _key(entry_point))
        if mark is None:
            yield
            return
        hung = threading.Timer(IMPORT_S, _end_hung, (entry_point.name,))
        hung.daemon = True
        hung.start()
        try:
            yield
        finally:
            hung.cancel()
            mark.unlink(missing_ok=True)

    def _judge_interrupted_imports(self) -> None:
        if self.folder is None:
            return
        for mark in self._marks(f"importing-{socket.gethostname()}~*"):
            instance = mark.name.removeprefix("importing-").rpartition("-")[0]
            pid = _NUMBER.fullmatch(instance.split("~")[1]) if "~" in instance else None
            if pid is not None and instance != _instance(int(pid[0])):
                with suppress(FileNotFoundError):  # another process judges at the same moment
                    key = mark.read_text(errors="replace")
                    reason = "the process that imported it ended with it"
                    self._add(key, Verdict(reason, hasty=True))
                    mark.unlink()

    def _marks(self, pattern: str) -> list[Path]:
        """Return the marks of imports; a folder of such a name is none."""
        assert self.folder is not None, "there is a place for marks"
        return [path for path in self.folder.glob(pattern) if path.is_file()]

    def _add(self, key: str, verdict: Verdict) -> None:
        with self._lock:
            self._own[key] = verdict
            self._replace(self._known() | {key: verdict})

    def _known(self) -> dict[str, Verdict]:
        if self.folder is None:
            return {}
        try:
            found = json.loads((self.folder / "verdicts.json").read_bytes())
            return {key: Verdict(reason, bool(hasty)) for key, (reason, hasty) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _replace(self, verdicts: dict[str, Verdict]) -> None:
        if self.folder is None:
            return
        rows = {key: (verdict.reason, verdict.hasty) for key, verdict in verdicts.items()}
        draft = self.folder / f".verdicts-{os.getpid()}-{os.urandom(4).hex()}"
        file = self.folder / "verdicts.json"
        if _written(draft, json.dumps(rows, indent=1)) is not None:
            try:
                clear_place(file)
                draft.replace(file)
            except OSError:  # they are then not kept
                draft.unlink(missing_ok=True)


def _end_hung(name: str) -> None:
    log.error("plugin_import_hangs", plugin=name, limit_s=IMPORT_S)
    os._exit(_HUNG)


def load_plugins(
    kind: PluginKind,
    announced: Iterable[EntryPoint],
    verdicts: Verdicts,
    take: Callable[[EntryPoint, str], None],
) -> tuple[PluginProblem, ...]:
    """Give each usable plug-in and its provider to `take`, the built-in ones first.

    What is refused, and whatever `take` raises, becomes a problem.
    """
    problems = []
    for entry_point in sorted(announced, key=_built_in_first):
        provider = provider_of(entry_point)
        reason = verdicts.refusal(kind, entry_point)
        if reason is None:
            try:
                with verdicts.importing(entry_point):
                    take(entry_point, provider)
            except BaseException as error:  # noqa: BLE001 - a plug-in fails as it likes
                reason = in_words(error)
        if reason is not None:
            problems.append(PluginProblem(entry_point.name, provider, reason))
            log.warning(
                "plugin_skipped",
                group=kind.group,
                plugin=entry_point.name,
                provider=provider,
                reason=reason,
            )
    return tuple(problems)


def provider_of(entry_point: EntryPoint) -> str:
    """Return the package that announces it, `built-in` for Kuber itself."""
    name = entry_point.dist.name if entry_point.dist else "unknown package"
    return BUILT_IN if name == "kuber" else name


def _built_in_first(entry_point: EntryPoint) -> tuple[bool, str, str]:
    provider = provider_of(entry_point)
    return (provider != BUILT_IN, provider, entry_point.name)


def _key(entry_point: EntryPoint) -> str:
    place = f"{entry_point.group}:{entry_point.name}={entry_point.value}"
    return f"{place}@{_fingerprint(entry_point.dist)}" if entry_point.dist else place


def _fingerprint(package: Distribution) -> str:
    """Return what changes with a file of the package, with Kuber and with Python."""
    found = hashlib.sha256(f"{package.name} {package.version} {version('kuber')}".encode())
    found.update(sys.version.encode())
    found.update((package.read_text("RECORD") or "").encode())
    for file in _editable_files(package):
        with suppress(OSError):  # it went meanwhile, or is a link to nothing
            stamp = file.stat()
            found.update(f"{file} {stamp.st_size} {stamp.st_mtime_ns}".encode())
    return found.hexdigest()[:32]


def _editable_files(package: Distribution) -> list[Path]:
    """Return the sources of a package that is installed as a link to its folder."""
    try:
        origin = json.loads(package.read_text("direct_url.json") or "{}")
        if not origin.get("dir_info", {}).get("editable"):
            return []
        folder = Path(unquote(urlsplit(origin["url"]).path))
    except (ValueError, KeyError, AttributeError):
        return []
    return sorted(folder.rglob("*.py"))[:_MOST_FILES]


def _instance(pid: int) -> str:
    """Return what tells a process from a later one of the same id, and from other machines'."""
    try:
        started_ms = round(psutil.Process(pid).create_time() * 1000)
    except psutil.NoSuchProcess:
        started_ms = 0
    return f"{socket.gethostname()}~{pid}~{started_ms}"


def _written(path: Path, text: str) -> Path | None:
    """Write a file and return it; None where that is impossible: verdicts are then not kept."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text)
    except OSError:
        return None
    return path
