"""PostgreSQL 18 from the wheel: made once under a temporary name, started on a Unix socket, stopped in order."""

import os
import shutil
import signal
import tempfile
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

from chargecars.stack import leftovers
from chargecars.stack.account import Account
from chargecars.stack.child import Child, run_to_end
from chargecars.stack.credentials import Credentials
from chargecars.stack.errors import StackError
from chargecars.stack.files import sync_directory

OWNER = "chargecars_owner"
DATABASE = "chargecars"
_MAJOR = "18"
_FREE_BYTES = 250_000_000
_START_SECONDS = 60
# The owner makes the audience roles and owns the database, which is enough for the trusted extensions.
_BOOTSTRAP = """\
CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD '{password}';
CREATE DATABASE {database} OWNER {owner} TEMPLATE template0;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
"""
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 6.0))


class Postgres:
    """One cluster in `home/postgres`."""

    def __init__(self, home: Path, sockets: Path, log: Path, account: Account, *, fsync: bool = True) -> None:
        self.data = home / "postgres"
        self._sockets = sockets
        self._log = log
        self._account = account
        self._fsync = fsync

    def start(self, programs: Path, secrets: Credentials) -> Child:
        """A running server, ready for connections. Raises: StackError."""
        self._clear_the_way()
        if not self.data.exists():
            self._create(programs, secrets)
        self._check_version()
        command: list[str | Path] = [programs / "postgres", "-D", self.data, *_options(self._sockets, self._fsync)]
        child = Child("PostgreSQL", command, self._log, account=self._account, stop_signals=_STOP)
        child.wait_until(lambda: self._ready(child.pid), _START_SECONDS)
        return child

    def _clear_the_way(self) -> None:
        """End a server that outlived its parent; the pids in its lock files may be a stranger's by now."""
        leftovers.stop(self.data, "postgres", _leader(self.data), [signal.SIGINT, signal.SIGQUIT])
        if leftovers.SEEN:
            for stale in (self.data / "postmaster.pid", self._sockets / ".s.PGSQL.5432.lock"):
                stale.unlink(missing_ok=True)

    def _ready(self, pid: int) -> bool:
        """The postmaster writes its pid and state into its lock file (as pg_ctl reads it)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _check_version(self) -> None:
        try:
            made_by = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise StackError(f"{self.data} is not a PostgreSQL data directory: remove it to start anew") from None
        if made_by != _MAJOR:
            raise StackError(
                f"{self.data} was made by PostgreSQL {made_by}, this is {_MAJOR}: dump it there and load it here"
            )

    def _create(self, programs: Path, secrets: Credentials) -> None:
        """initdb and the bootstrap run under another name; the rename is the moment the cluster exists."""
        home = self.data.parent
        _remove_halves(home)
        _check_space(home)
        half = home / f"postgres.new-{token_hex(4)}"  # nothing that still dies in an older one gets at it
        try:
            self._initdb(programs, half, secrets.postgres)
            self._bootstrap(programs, half, secrets.owner)
            half.rename(self.data)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
        sync_directory(home)

    def _initdb(self, programs: Path, directory: Path, password: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=directory.parent) as file:
            file.write(password)
            file.flush()
            if self._account.lent:
                os.chown(file.name, self._account.uid, self._account.gid)
            options = [
                "--username=postgres",
                f"--pwfile={file.name}",
                "--auth-local=scram-sha-256",
                "--auth-host=reject",
            ]
            encoding = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            sync = [] if self._fsync else ["--no-sync"]
            run_to_end(
                [programs / "initdb", "-D", directory, *options, *encoding, *sync], self._account, directory.parent
            )

    def _bootstrap(self, programs: Path, directory: Path, password: str) -> None:
        statements = _BOOTSTRAP.format(owner=OWNER, password=password, database=DATABASE)
        options = [
            "-c",
            "exit_on_error=on",
            "-c",
            "log_min_error_statement=panic",
            "-c",
            f"fsync={'on' if self._fsync else 'off'}",
        ]
        command: list[str | Path] = [programs / "postgres", "--single", "-D", directory, *options, "postgres"]
        run_to_end(command, self._account, directory.parent, statements)


def owner_url(sockets: Path, secrets: Credentials, database: str = DATABASE) -> str:
    """The owner's login through the socket, as a libpq URL."""
    return f"postgresql://{OWNER}:{secrets.owner}@/{database}?host={quote(str(sockets))}"


def superuser_url(sockets: Path, secrets: Credentials, database: str = "postgres") -> str:
    """The bootstrap superuser's login; only the launcher and the test set-up use it."""
    return f"postgresql://postgres:{secrets.postgres}@/{database}?host={quote(str(sockets))}"


def _options(sockets: Path, fsync: bool) -> list[str]:
    values = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "200",
        "shared_buffers": f"{_memory_share()}MB",
        "max_wal_size": "512MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
    if not fsync:
        values |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal"}
        values |= {"max_wal_senders": "0", "autovacuum": "off"}
    return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]


def _memory_share() -> int:
    """An eighth of the memory in MB, between 64 and 1024."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(64, min(1024, total // 8 // 2**20))


def _remove_halves(home: Path) -> None:
    """What a killed first start left."""
    for half in home.glob("postgres.new-*"):
        leftovers.stop(half, "postgres", None, [])
        shutil.rmtree(half, ignore_errors=True)


def _leader(data: Path) -> int | None:
    """The postmaster's pid according to its lock file."""
    try:
        first = (data / "postmaster.pid").read_text().split("\n", 1)[0].strip()
    except OSError:
        return None
    return int(first) if first.isdigit() else None


def _check_space(place: Path) -> None:
    if (free := shutil.disk_usage(place).free) < _FREE_BYTES:
        needed = _FREE_BYTES // 10**6
        raise StackError(f"The disk is full: {place} has {free // 10**6} MB free and a new database needs {needed} MB")
