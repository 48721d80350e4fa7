"""Valkey from the wheel: append-only file synced every second, nothing evicted, a Unix socket with a password."""

import contextlib
import re
import shutil
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from chargecars.stack import leftovers
from chargecars.stack.account import Account
from chargecars.stack.child import Child
from chargecars.stack.credentials import Credentials
from chargecars.stack.errors import StackError
from chargecars.stack.files import make_private, write_atomically

_SOCKET = "valkey.sock"
_START_SECONDS = 30
_BROKEN_FILE = re.compile(r"bad file format|manifest file error|unexpected end of file", re.IGNORECASE)
_CONFIG = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
dir {directory}
databases 64
save ""
appendonly {persistent}
appendfsync everysec
maxmemory 512mb
maxmemory-policy noeviction
always-show-logo no
"""


class Valkey:
    """One server in `home/valkey`."""

    def __init__(self, home: Path, sockets: Path, log: Path, account: Account, *, persistent: bool = True) -> None:
        self.data = home / "valkey"
        self._socket = sockets / _SOCKET
        self._log = log
        self._account = account
        self._persistent = persistent

    def start(self, program: Path, secrets: Credentials) -> Child:
        """A running server that has read its file. Raises: StackError."""
        leftovers.stop(
            self.data, program.name, next(iter(leftovers.find(self.data, program.name)), None), [signal.SIGTERM]
        )
        try:
            return self._launch(program, secrets.valkey)
        except StackError as error:
            if not _BROKEN_FILE.search(error.detail):
                raise
        self._set_aside()
        return self._launch(program, secrets.valkey)

    def _launch(self, program: Path, password: str) -> Child:
        make_private(self.data, self._account.uid, self._account.gid)
        config = self.data / "valkey.conf"
        write_atomically(config, self._config(password))
        self._socket.unlink(missing_ok=True)
        child = Child("Valkey", [program, config], self._log, account=self._account)
        child.wait_until(lambda: self._answers(password), _START_SECONDS)
        return child

    def _config(self, password: str) -> str:
        quoted = {"socket": f'"{self._socket}"', "directory": f'"{self.data}"', "password": password}
        return _CONFIG.format(**quoted, persistent="yes" if self._persistent else "no")

    def _answers(self, password: str) -> bool:
        """PONG only after the file is loaded."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self._socket))
            client.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with client.makefile("rb") as answers:
                return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False

    def _set_aside(self) -> None:
        """A broken file costs nothing that PostgreSQL does not know (see Events in the design), so begin empty."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        shutil.move(self.data, self.data.with_name(f"valkey.broken-{stamp}"))


def valkey_url(sockets: Path, secrets: Credentials, number: int = 0) -> str:
    """The server's database `number`, as redis-py and arq read it."""
    return f"unix://:{secrets.valkey}@{quote(str(sockets / _SOCKET))}?db={number}"
