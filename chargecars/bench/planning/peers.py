"""The other planners on the same problem, each in a process and, where the product lacks it, an environment of its own.

PyVRP and VROOM are installed from their lock when they are first wanted; the routing library is the product's OR-Tools.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from chargecars.bench.peer import Missing
from chargecars.bench.planning.export import export
from chargecars.bench.planning.processes import program
from chargecars.bench.planning.repairing import repaired
from chargecars.bench.report import say
from domain.planning.world import Solution, World
from tenants.settings import settings

FILES = Path(__file__).resolve().parent.parent / "peers" / "planning"
PEERS = {
    "greedy": ("with_greedy.py", False, 10.0),
    "routing": ("with_routing.py", False, 10.0),
    "pyvrp": ("with_pyvrp.py", True, 60.0),
    "vroom": ("with_vroom.py", True, 60.0),
}
"""Script, whether it needs the environment of the peers, and for how many seconds after its time it may answer."""
_LATE_SECONDS = 1.0


@dataclass(frozen=True)
class PeerPlan:
    """A legal plan; `seconds` says when it was there, which may be after its budget."""

    solution: Solution
    seconds: float
    megabytes: float


class Peers:
    """A problem that was handed over."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world, self._directory = world, directory
        export(world, directory)

    def plans(self, name: str, budgets: Sequence[float]) -> dict[float, PeerPlan | str]:
        """By budget the plan, or why there is none."""
        script, is_apart, grace = PEERS[name]
        try:
            python = environment() if is_apart else Path(sys.executable)
        except Missing as missing:
            return dict.fromkeys(budgets, str(missing))
        output = self._directory / f"{name}.json"
        command = [str(python), str(FILES / script), str(self._directory), str(output), *map(str, budgets)]
        lasts = (sum(budgets) + grace * len(budgets)) if name == "vroom" else max(budgets) + grace
        _, megabytes = program(command, output.with_suffix(".began"), lasts, _variables(), self._directory / "log")
        found = json.loads(output.read_text()) if output.exists() else []
        return {budget: self._plan(name, found, budget, megabytes) for budget in budgets}

    def _plan(self, name: str, found: list[dict[str, object]], budget: float, megabytes: float) -> PeerPlan | str:
        """The last one of the budget, else the first after it."""
        chosen = None
        for each in sorted(found, key=lambda each: float(str(each["seconds"]))):
            if chosen is None or float(str(each["seconds"])) <= budget * 1.01 + _LATE_SECONDS:
                chosen = each
        if chosen is None or not chosen["routes"]:
            return f"no plan, nor one {PEERS[name][2]:g} seconds later"
        routes = {int(vehicle): jobs for vehicle, jobs in chosen["routes"]}  # type: ignore[attr-defined]  # pairs
        return PeerPlan(repaired(self._world, routes), float(str(chosen["seconds"])), megabytes)


@contextmanager
def peers_of(world: World) -> Iterator[Peers]:
    """The problem in a directory that is removed again."""
    with TemporaryDirectory(prefix="planning-") as directory:
        yield Peers(world, Path(directory))


def _variables() -> dict[str, str]:
    """Two threads for libraries that would take more."""
    return {"PATH": os.environ.get("PATH", os.defpath), "OMP_NUM_THREADS": "2", "PYTHONUNBUFFERED": "1"}


def environment() -> Path:
    """The Python of the peers' environment, made once per lock file. Raises: Missing, with what is missing."""
    lock = FILES / "requirements.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    place = settings().data_dir.resolve() / "bench" / f"planning-{digest}"
    python = place / "bin" / "python"
    if not (place / "installed").exists():
        shutil.rmtree(place, ignore_errors=True)
        say("installing PyVRP and VROOM")
        _run([sys.executable, "-m", "venv", str(place)])
        options = ["--require-hashes", "--no-deps", "--no-input", "--quiet"]
        _run([str(python), "-m", "pip", "install", *options, "-r", str(lock)])
        (place / "installed").touch()
    return python


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603  # pip by its full path
    if done.returncode:
        raise Missing(f"{Path(command[0]).name} {command[2]} failed: {done.stderr.strip().splitlines()[-1:]}")
