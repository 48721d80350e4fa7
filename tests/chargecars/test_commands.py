"""What cannot be is one clear line, exit code 1, and nothing half-made."""

import os
import re
import runpy
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chargecars.stack.files import Lock
from chargecars.stack.postgres import _check_space
from tests.chargecars.processes import ESCAPE, ROOT, chargecars

DEV = ROOT / "dev"


def refused(*words: str, **environment: str) -> str:
    """The one line a refused command says."""
    done = chargecars(*words, **environment)
    lines = ESCAPE.sub("", done.stderr).strip().splitlines()
    assert done.returncode == 1, done.stderr
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stdout
    return lines[0].removeprefix("chargecars: ")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path, taken_port: int) -> None:
    line = refused("up", DATA_DIR=str(tmp_path / "data"), PORT=str(taken_port))
    assert line.startswith(f"Port {taken_port} is taken (127.0.0.1:{taken_port})")
    assert not (tmp_path / "data" / "stack").exists()


def test_an_unreachable_database_is_said_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hidden@127.0.0.1:1/x"
    line = refused("migrate", DATA_DIR=str(tmp_path / "data"), DATABASE_URL=url)
    assert line == "DATABASE_URL: 127.0.0.1:1 cannot be used: nothing listens there"


def test_an_unreachable_redis_is_said(tmp_path: Path) -> None:
    line = refused("migrate", DATA_DIR=str(tmp_path / "data"), REDIS_URL="redis://:hidden@127.0.0.1:1")
    assert line == "REDIS_URL: 127.0.0.1:1 cannot be used: nothing listens there"


def test_a_wrong_database_password_is_said(test_run: dict[str, str], tmp_path: Path) -> None:
    url = re.sub(r":[0-9a-f]+@", ":guess@", test_run["owner"])
    line = refused("migrate", DATA_DIR=str(tmp_path / "data"), DATABASE_URL=url)
    assert line.endswith('password authentication failed for user "chargecars_owner"')


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refused("migrate", DATABASE_URL="mysql://x", DATA_DIR=str(tmp_path)) == (
        "DATABASE_URL: must start with postgresql://"
    )


def test_a_second_up_on_the_same_data_is_refused(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "up.lock")
    assert lock.acquire()
    line = refused("up", DATA_DIR=str(tmp_path))
    assert line == f"Another ./dev up already runs on {tmp_path} (process {os.getpid()}): stop it first"
    lock.release()


def test_a_directory_without_write_permission_is_said(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    obedient = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.executable, sys.argv[1:])"
    done = chargecars("migrate", DATA_DIR=str(closed / "data"), through=obedient)
    assert done.returncode == 1
    assert done.stderr == f"chargecars: {closed / 'data'}: no permission\n"


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 12_000_000}))
    with pytest.raises(Exception, match=r"The disk is full: .* has 12 MB free and a new database needs 250 MB"):
        _check_space(tmp_path)


def test_an_old_python_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "argv", ["dev", "up"])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(DEV), run_name="__main__")
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"./dev: Python 3.11 or newer is needed, this is Python 3.9 ({sys.executable})\n"


def test_a_relative_path_means_the_callers_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.csv").touch()
    monkeypatch.chdir(tmp_path)
    dev = runpy.run_path(str(DEV))
    assert dev["absolute"](["import", "rows.csv", "./rows.csv", "--scale", "10"]) == [
        "import",
        str(tmp_path / "rows.csv"),
        str(tmp_path / "rows.csv"),
        "--scale",
        "10",
    ]
