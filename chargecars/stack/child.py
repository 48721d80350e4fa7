"""A child process that dies with its parent, writes to a log and is stopped in steps."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chargecars.stack.account import Account
from chargecars.stack.errors import StackError, not_started
from chargecars.stack.files import open_log, tail

_SPAWN = Path(__file__).with_name("spawn.py")
_POLL_SECONDS = 0.02
BARE = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""The servers' environment: nothing of the user's, such as PGDATA."""


def run_to_end(command: Sequence[str | Path], account: Account, directory: Path, text: str = "") -> str:
    """Run a program that also dies with this process. Raises: StackError with the end of its output."""
    done = subprocess.run(  # noqa: S603  # a fixed program, no shell
        _spawning(command, account, signal.SIGKILL),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        env=BARE,
        start_new_session=True,
    )
    if done.returncode:
        raise not_started(Path(command[0]).name, "\n".join(done.stdout.strip().splitlines()[-20:]))
    return done.stdout


def _spawning(command: Sequence[str | Path], account: Account, death_signal: signal.Signals) -> list[str]:
    spawn = [sys.executable, "-I", "-S", _SPAWN, os.getpid(), account.uid, account.gid, int(death_signal)]
    return [str(part) for part in (*spawn, *command)]


class Child:
    """Start it from the main thread: the kernel counts the end of the starting thread as the parent's death."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
        stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10),),
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        self._stop_signals = stop_signals
        self._log_start = log.stat().st_size if log.exists() else 0
        self._process = self._spawn(command, account or Account(), environment, descriptors)

    def _spawn(
        self,
        command: Sequence[str | Path],
        account: Account,
        environment: Mapping[str, str] | None,
        descriptors: Sequence[int],
    ) -> "subprocess.Popen[bytes]":
        """A session of its own keeps the terminal's Ctrl-C away: the parent stops its children in order."""
        output = open_log(self.log)
        try:
            return subprocess.Popen(  # noqa: S603  # a fixed program, no shell
                _spawning(command, account, self._stop_signals[0][0]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=BARE if environment is None else environment,
                pass_fds=descriptors,
                start_new_session=True,
            )
        finally:
            os.close(output)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def outcome(self) -> str:
        """How it ended, for a person."""
        code = self._process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def last_lines(self) -> str:
        """What it wrote last in this run."""
        return tail(self.log, self._log_start)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready` says so, else end it. Raises: StackError when it ends first or takes too long."""
        try:
            self._wait_until(ready, seconds)
        except BaseException:
            self.stop()
            raise

    def _wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise not_started(self.name, self.last_lines())
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} is not ready after {seconds:.0f} s ({self.log})", self.last_lines())
            time.sleep(_POLL_SECONDS)

    def ask_to_stop(self) -> None:
        """Send the first stop signal without waiting."""
        if self.running:
            self._process.send_signal(self._stop_signals[0][0])

    def stop(self) -> None:
        """Each stop signal with its patience, then kill."""
        for number, seconds in self._stop_signals:
            if not self.running:
                return
            self._process.send_signal(number)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        self.kill()

    def kill(self) -> None:
        """Now."""
        if self.running:
            self._process.kill()
            self._process.wait()
