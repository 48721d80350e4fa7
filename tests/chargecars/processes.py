"""Other processes of the tests: a holder of a stack that can be killed, and commands with captured output."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
"""What a terminal reads as colour and movement."""
ROOT = Path(__file__).resolve().parents[2]
_HOLD = """\
import json, sys, time
from chargecars.stack import Stack
from tenants.settings import Settings
began = time.monotonic()
stack = Stack(Settings(_env_file=None, data_dir=sys.argv[1]))
with stack:
    pids = {child.name: child.pid for child in stack.children}
    url, redis = stack.database_url, stack.redis_url
    print(json.dumps({"url": url, "redis": redis, "pids": pids, "seconds": time.monotonic() - began}), flush=True)
    sys.stdin.read()
"""


class Holder:
    """A process that runs the stack of a data directory until it is released or killed."""

    def __init__(self, data_dir: Path) -> None:
        command = [sys.executable, "-c", _HOLD, str(data_dir)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self) -> dict[str, Any]:
        """Wait for its servers: `url`, `redis`, `pids` by name, and the `seconds` it took."""
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline() or "{}"))

    def release(self) -> None:
        """Let it stop in order."""
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        """`kill -9` of the parent only."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def chargecars(
    *words: str, through: str = "", timeout: float = 30, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """A command of the platform, to its end; `through` is a Python program that becomes it."""
    command = [sys.executable, "-m", "chargecars", *words]
    return subprocess.run(
        [sys.executable, "-c", through, *command] if through else command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Poll without a fixed pause. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
