"""The servers a process needs: the given ones by URL, the embedded ones for what is not given."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from chargecars.stack.account import choose_account, find_home, make_home
from chargecars.stack.child import Child
from chargecars.stack.credentials import Credentials, credentials
from chargecars.stack.errors import StackError
from chargecars.stack.files import Lock, make_data_dir
from chargecars.stack.postgres import Postgres, owner_url, superuser_url
from chargecars.stack.programs import postgres_programs, valkey_program
from chargecars.stack.sockets import find_socket_directory, make_socket_directory, remove_socket_directory
from chargecars.stack.valkey import Valkey, valkey_url
from tenants.settings import Settings

_ATTACH_SECONDS = 60


class Stack:
    """PostgreSQL and Valkey under `settings.data_dir`; what the settings give by URL is not started.

    Use it as a context manager, or `start` and `stop`, from the main thread. One process runs the servers of a
    data directory; another one that comes later shares them (`share`), or is refused.
    """

    def __init__(self, settings: Settings, *, share: bool = True, durable: bool = True) -> None:
        self.data_dir: Path = settings.data_dir.resolve()
        self.children: list[Child] = []
        self._settings = settings
        self._share = share
        self._durable = durable
        self._lock = Lock(self.data_dir / "stack.lock")
        self._secrets: Credentials | None = None
        self._sockets = Path()
        self._starts: list[Callable[[], Child]] = []

    def start(self) -> None:
        """Return when both servers answer; on any failure nothing is left running. Raises: StackError, OSError."""
        make_data_dir(self.data_dir)
        if self._settings.database_url and self._settings.redis_url:
            self._secrets = credentials(self.data_dir)
        elif self._take():
            self._run()
        else:
            self._attach()

    def stop(self) -> None:
        """End what this process started, the last first; PostgreSQL writes its checkpoint."""
        while self.children:
            self.children.pop().stop()
        self._release()

    def kill(self) -> None:
        """End it now; nothing committed is lost."""
        while self.children:
            self.children.pop().kill()
        self._release()

    def revive(self) -> list[str]:
        """Start the servers of ours again that ended by themselves; their names. Raises: StackError."""
        fallen = [place for place, child in enumerate(self.children) if not child.running]
        for place in fallen:
            self.children[place] = self._starts[place]()
        return [self.children[place].name for place in fallen]

    def fallen(self) -> Child | None:
        """A server of ours that ended by itself."""
        return next((child for child in self.children if not child.running), None)

    @property
    def database_url(self) -> str:
        """The owner's login."""
        return self._settings.database_url or owner_url(self._sockets, self._known())

    @property
    def redis_url(self) -> str:
        return self._settings.redis_url or self.redis_database(0)

    def redis_database(self, number: int) -> str:
        """Another numbered database (0 to 63) of the embedded Valkey."""
        return valkey_url(self._sockets, self._known(), number)

    @property
    def superuser_url(self) -> str:
        """The embedded cluster's bootstrap superuser, for test databases."""
        return superuser_url(self._sockets, self._known())

    @property
    def environment(self) -> dict[str, str]:
        """The variables that give another process of this installation the same servers and keys."""
        values = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, "DATA_DIR": str(self.data_dir)}
        if not self._settings.production:
            values["SECRET_KEY"] = self._settings.secret_key.get_secret_value() or self._known().secret_key
            values["SIGNING_KEY"] = self._settings.signing_key.get_secret_value() or self._known().signing_key
        return values

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """Blocks the loop while the servers start: the kernel ties them to the thread that starts them."""
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _known(self) -> Credentials:
        assert self._secrets is not None, "the stack is not started"
        return self._secrets

    def _take(self) -> bool:
        """Become the process that runs the servers, unless another one does."""
        if self._lock.acquire():
            return True
        if not self._share:
            pid, _, command = self._lock.holder()
            raise StackError(f"Another process ({pid}: {command}) already runs on {self.data_dir}: stop it first")
        return False

    def _run(self) -> None:
        try:
            self._secrets = credentials(self.data_dir)
            self._start_servers(self._secrets)
            self._lock.note("ready")
        except BaseException:
            self.stop()
            raise

    def _start_servers(self, secrets: Credentials) -> None:
        self._starts.clear()
        account = choose_account(find_home(self.data_dir))
        home = make_home(self.data_dir, account)
        self._sockets = make_socket_directory(home, account)
        logs = self.data_dir / "log"
        if not self._settings.database_url:
            postgres = Postgres(home, self._sockets, logs / "postgres.log", account, fsync=self._durable)
            self._starts.append(partial(postgres.start, postgres_programs(account, home), secrets))
        if not self._settings.redis_url:
            valkey = Valkey(home, self._sockets, logs / "valkey.log", account, persistent=self._durable)
            self._starts.append(partial(valkey.start, valkey_program(account, home), secrets))
        for start in self._starts:
            self.children.append(start())

    def _attach(self) -> None:
        """Wait for the process that runs the servers; when it ends first, run them here."""
        deadline = time.monotonic() + _ATTACH_SECONDS
        while self._lock.holder()[1] != "ready":
            if self._lock.acquire():
                return self._run()
            if time.monotonic() > deadline:
                raise StackError(
                    f"Process {self._lock.holder()[0]} has been starting {self.data_dir} for too long: stop it"
                )
            time.sleep(0.05)
        self._secrets = credentials(self.data_dir)
        self._sockets = find_socket_directory(find_home(self.data_dir))
        return None

    def _release(self) -> None:
        if self._lock.held:
            remove_socket_directory(find_home(self.data_dir))
            self._lock.release()
