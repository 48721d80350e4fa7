"""`up` from the outside: it serves, stops everything it started, says who died, and comes back after `kill -9`."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chargecars.stack import leftovers
from tests.chargecars.processes import ESCAPE, ROOT, alive, wait_for

READY_SECONDS = 90
BRANDS = ("chargecars", "laderthuis", "meterkastthuis", "zaptecshop", "ratioshop")


class Up:
    """One `up` on a data directory, without demo data."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.port = port
        self._output = data_dir / "up.output"
        environment = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            "MQTT_PORT": "0",
            "ENVIRONMENT": "test",
        }
        with self._output.open("w") as output:
            command = [sys.executable, "-m", "chargecars", "up"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    @property
    def said(self) -> str:
        return ESCAPE.sub("", self._output.read_text())

    def ready(self) -> None:
        wait_for(lambda: "Ctrl-C stops everything" in self.said or self.process.poll() is not None, READY_SECONDS)
        assert self.process.poll() is None, self.said

    def children(self) -> dict[str, int]:
        """Pids of the API, the worker and the mail process."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        words = {pid: Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in found}
        return {
            name: int(pid) for pid, parts in words.items() for name in ("api", "worker", "mail-in") if name in parts
        }

    def answer(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"host": f"chargecars.localhost:{self.port}", **headers})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Shared by the tests of this file, in their order: the second start is the usual one."""
    directory = Path(tempfile.mkdtemp(prefix="chargecars-data-"))
    directory.chmod(0o711)
    yield directory
    end_servers(directory)
    shutil.rmtree(directory)


@pytest.fixture
def up(data_dir: Path) -> Iterator[Up]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = Up(data_dir, port)
    started.ready()
    yield started
    started.process.kill()
    started.process.wait()


def servers(data_dir: Path) -> set[int]:
    stack = data_dir / "stack"
    return leftovers.find(stack / "postgres", "postgres") | leftovers.find(stack / "valkey", "valkey-server")


def end_servers(data_dir: Path) -> None:
    leftovers.stop(data_dir / "stack" / "postgres", "postgres", None, [])
    leftovers.stop(data_dir / "stack" / "valkey", "valkey-server", None, [])


def test_it_serves_what_it_prints_and_stops_everything_on_ctrl_c(up: Up, data_dir: Path) -> None:
    for brand in BRANDS:
        assert f"http://{brand}.localhost:{up.port}" in up.said
    line = next(line for line in up.said.splitlines() if line.startswith("curl "))
    if shutil.which("curl"):
        pasted = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=30, check=True)
        assert "errors" not in json.loads(pasted.stdout), pasted.stdout
    children = up.children()
    assert set(children) == {"api", "worker", "mail-in"}
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(40) == 0, up.said
    assert servers(data_dir) == set()
    assert not any(alive(pid) for pid in children.values())


def test_a_child_that_dies_is_named_and_the_rest_is_stopped(up: Up, data_dir: Path) -> None:
    os.kill(up.children()["worker"], signal.SIGKILL)
    assert up.process.wait(40) == 1
    last = up.said.strip().splitlines()[-1]
    assert re.fullmatch(r"chargecars: worker was killed by SIGKILL \(.*/log/worker\.log\)", last)
    assert servers(data_dir) == set()


def test_killed_with_everything_it_leaves_nothing_that_runs(up: Up, data_dir: Path) -> None:
    children = up.children()
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not servers(data_dir) and not any(alive(pid) for pid in children.values()), 30)
