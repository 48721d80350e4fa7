"""Node programs of the tests: packages are pinned by a lock file and installed once, outside the tree."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_CACHE = Path(__file__).parent.parent / ".data" / "npm"
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
_INSTALL_SECONDS = 180


def packages(directory: Path) -> Path:
    """Where the packages of `directory`'s lock file are installed; skips the test where that cannot be."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("node and npm are not installed")
    lock = (directory / "package-lock.json").read_bytes()
    place = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    _CACHE.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several workers may ask at once
        if not place.exists():
            _install(npm, directory, place)
    return place


async def run(script: Path, *arguments: str, seconds: float = 60) -> str:
    """What an ES module prints; its imports are the packages of its own directory's lock file."""
    program = await asyncio.to_thread(script.read_bytes)
    process = await asyncio.create_subprocess_exec(
        "node",
        "--input-type=module",
        "-",
        *arguments,
        cwd=packages(script.parent),
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            printed, complaints = await process.communicate(program)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


def _install(npm: str, directory: Path, place: Path) -> None:
    """Into a directory beside, which takes the name when it is whole."""
    made = Path(tempfile.mkdtemp(dir=place.parent))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(directory / name, made)
    command = [npm, *_INSTALL]
    done = subprocess.run(
        command, cwd=made, env=_environment(), capture_output=True, text=True, timeout=_INSTALL_SECONDS
    )
    if done.returncode:
        shutil.rmtree(made)
        pytest.skip(f"npm cannot install the packages of {directory.name}: {done.stderr.strip()[-300:]}")
    made.rename(place)


def _environment() -> dict[str, str]:
    """Node speaks to the servers of the tests directly, whatever proxy the shell names."""
    return {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "NODE_NO_WARNINGS": "1"}
