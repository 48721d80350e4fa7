"""`up`: servers, migrations, demo data, then what uses them, one after the other; stopped in the opposite order."""

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console

from chargecars.banner import show_banner
from chargecars.running import adopt, check_given, give_word, is_empty
from chargecars.serving import listen, listen_for_chargers, listen_for_mail
from chargecars.stack import Stack, StackError
from chargecars.stack.child import Child
from chargecars.stack.files import Lock, make_data_dir
from tenants.settings import Settings, settings

if TYPE_CHECKING:
    from chargecars.demo import Login

_READY_SECONDS = 60
_WATCH_SECONDS = 0.2
_STOP = ((signal.SIGTERM, 12.0),)


def up() -> None:
    """Run until Ctrl-C or SIGTERM. Raises: StackError with one clear line when something cannot be or dies."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    platform = Platform(settings(), Console(highlight=False))
    try:
        platform.start()
        platform.watch()
    except KeyboardInterrupt:
        if not platform.complete:
            raise
    finally:
        platform.stop()


class Platform:
    """Everything one `up` starts."""

    def __init__(self, given: Settings, console: Console) -> None:
        self.complete = False
        self._settings = given
        self._console = console
        self._stack = Stack(given, share=False)
        self._processes: dict[Child, int] = {}
        self._lock = Lock(self._stack.data_dir / "up.lock")
        self._listening: socket.socket | None = None
        self._for_chargers: socket.socket | None = None
        self._for_mail: socket.socket | None = None
        self._logins: list[Login] = []

    def start(self) -> None:
        """Return when `/readyz` answers."""
        self._claim()
        self._start_processes()
        self._step("PostgreSQL and Valkey", self._start_servers)
        self._settings = adopt(self._stack)
        self._step("Migrations", self._migrate)
        self._load_demo()
        self._step("API, worker, telemetry and mail", self._let_serve)
        self.complete = True
        show_banner(self._console, self._settings, self._stack.data_dir, self._logins)

    def watch(self) -> None:
        """Return never; raise StackError when something of ours ends."""
        while (fallen := self._fallen()) is None:
            time.sleep(_WATCH_SECONDS)
        raise StackError(f"{fallen.name} {fallen.outcome} ({fallen.log})", fallen.last_lines())

    def stop(self) -> None:
        """In order, what uses the servers first; a second Ctrl-C kills."""
        try:
            self._stop_in_order()
        except KeyboardInterrupt:
            self._kill()
            raise
        finally:
            self._lock.release()
            for listening in filter(None, (self._listening, self._for_chargers, self._for_mail)):
                listening.close()

    def _claim(self) -> None:
        """Take the data directory and the ports, and change nothing when one of them is taken."""
        make_data_dir(self._stack.data_dir)
        if not self._lock.acquire():
            pid, _, _ = self._lock.holder()
            raise StackError(f"Another ./dev up already runs on {self._stack.data_dir} (process {pid}): stop it first")
        self._listening = listen(self._settings)
        if not self._settings.mqtt_url:
            self._for_chargers = listen_for_chargers(self._settings)
            os.environ["MQTT_PORT"] = str(self._for_chargers.getsockname()[1])
        if self._settings.mail_in_port:
            self._for_mail = listen_for_mail(self._settings)
            os.environ["MAIL_IN_PORT"] = str(self._for_mail.getsockname()[1])

    def _start_servers(self) -> None:
        check_given(self._settings)
        self._stack.start()

    def _step(self, name: str, work: Callable[[], None]) -> None:
        """Show a turning wheel while it works on a terminal, and one line when it is done."""
        began = time.monotonic()
        with self._console.status(name):
            work()
        self._console.print(f"[green]✓[/] {name} [dim]{time.monotonic() - began:.1f} s[/]")

    def _migrate(self) -> None:
        from chargecars.database import migrate  # loads every model, which the first steps do not wait for

        migrate(self._settings)

    def _load_demo(self) -> None:
        """Into a development database that has no business entity yet."""
        if self._settings.environment != "development" or not is_empty(self._settings):
            return
        from chargecars.example import load_demo  # most starts do not need it

        began = time.monotonic()
        with self._console.status("Demo data") as status:
            load_demo(self._settings, 1, lambda step, done: status.update(f"Demo data: {step} {done:.0%}"))
        self._console.print(f"[green]✓[/] Demo data [dim]{time.monotonic() - began:.1f} s[/]")

    def _start_processes(self) -> None:
        """They load their code while the servers start, and wait for the word where these are."""
        assert self._listening is not None
        listening = self._listening.fileno()
        self._start_process("API", "api", "--listening", str(listening), descriptors=(listening,))
        self._start_process("worker", "worker")
        self._start_with("telemetry", "telemetry", self._for_chargers)
        if self._for_mail or self._settings.mail_in_lmtp_port:
            self._start_with("mail", "mail-in", self._for_mail)

    def _start_with(self, name: str, command: str, listening: socket.socket | None) -> None:
        """A process that is handed a socket of ours where there is one."""
        descriptors = (listening.fileno(),) if listening else ()
        options = [word for number in descriptors for word in ("--listening", str(number))]
        self._start_process(name, command, *options, descriptors=descriptors)

    def _start_process(self, name: str, *words: str, descriptors: tuple[int, ...] = ()) -> None:
        theirs, ours = os.pipe()
        command = [sys.executable, "-m", "chargecars", *words, "--word", str(theirs)]
        log = self._stack.data_dir / "log" / f"{words[0]}.log"
        passed = (*descriptors, theirs)
        try:
            child = Child(name, command, log, environment=os.environ, stop_signals=_STOP, descriptors=passed)
        finally:
            os.close(theirs)
        self._processes[child] = ours

    def _let_serve(self) -> None:
        for word in self._processes.values():
            give_word(word, self._stack)
        self._logins = self._known_logins()
        api, *others = self._processes
        api.wait_until(self._serves, _READY_SECONDS)
        if not all(process.running for process in others):
            self.watch()

    def _known_logins(self) -> "list[Login]":
        """Looked up while the API gets ready; only a development database has them."""
        if self._settings.environment != "development":
            return []
        from chargecars.example import known_logins

        return known_logins(self._settings)

    def _serves(self) -> bool:
        """Whether `/readyz` answers 200."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104  # read
        connection = http.client.HTTPConnection(host, self._settings.port, timeout=1)
        with suppress(OSError, http.client.HTTPException):
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == http.client.OK
            finally:
                connection.close()
        return False

    def _fallen(self) -> Child | None:
        fallen = (child for child in self._processes if not child.running)
        return next(fallen, None) or self._stack.fallen()

    def _stop_in_order(self) -> None:
        if self.complete:
            self._console.print("\nStopping")
        for process in self._processes:
            process.ask_to_stop()
        for process in self._processes:
            process.stop()
        self._processes.clear()
        self._stack.stop()

    def _kill(self) -> None:
        for process in self._processes:
            process.kill()
        self._stack.kill()
