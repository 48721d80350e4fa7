"""The product beside its peers on one instance: the same seconds, plans held against the checker before they count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chargecars.bench.planning.checker import Fault, faults, promises_kept
from chargecars.bench.planning.instances import instance
from chargecars.bench.planning.peers import PEERS, PeerPlan, peers_of
from chargecars.bench.planning.processes import Ran, apart
from chargecars.bench.report import say
from domain.planning.solver import solve
from domain.planning.world import Solution, World

OURS = "chargecars"


class Illegal(Exception):
    """A plan breaks a hard rule."""


@dataclass(frozen=True)
class Entry:
    """A legal plan of a contender."""

    value: int
    promises: int
    seconds: float
    megabytes: float


@dataclass
class Contest:
    """What came of an instance. `plans` are the product's, by budget; `missing` says why a peer has none."""

    scale: int
    seed: int
    world: World
    entries: dict[tuple[str, float], Entry] = field(default_factory=dict)
    plans: dict[float, Solution] = field(default_factory=dict)
    missing: dict[tuple[str, float], str] = field(default_factory=dict)
    proven: float | None = None
    """By a longer run, where those with a budget have no time to prove a bound."""
    broken: list[Fault] = field(default_factory=list)
    """What the checker found in plans of the product."""

    @property
    def bound(self) -> float | None:
        """The least that was proven, by whichever run."""
        found = [self.proven, *(plan.bound for plan in self.plans.values())]
        return min((bound for bound in found if bound is not None), default=None)

    def prove(self, seconds: float) -> None:
        """A run for its bound alone."""
        if self.bound is None:
            ran = apart(_solve, self.world, seconds, 0)
            self.broken += faults(self.world, ran.result)
            self.proven = ran.result.bound
            say(f"{self.scale}x, seed {self.seed}: bound {self.proven or 0:,.0f} by a run of {ran.seconds:.0f} s")

    @property
    def promises(self) -> int:
        return sum(job.promise is not None for job in self.world.jobs)


def contest(scale: int, seed: int, budgets: Sequence[float], file: Path | None = None) -> Contest:
    """Everybody, one after the other."""
    found = Contest(scale, seed, instance(scale, seed, file))
    for budget in budgets:
        ran = apart(_solve, found.world, budget, 0)
        found.broken += faults(found.world, ran.result)
        found.plans[budget] = ran.result
        found.entries[OURS, budget] = _entry(found.world, ran.result, ran.seconds, ran.megabytes)
        say(f"{_about(found, budget)} {OURS}: {found.entries[OURS, budget].value:,}")
    with peers_of(found.world) as peers:
        for name in PEERS:
            for budget, plan in peers.plans(name, budgets).items():
                _note(found, name, budget, plan)
    return found


def solved(world: World, seconds: float, seed: int = 0) -> Ran[Solution]:
    """The product's plan, from a process of its own. Raises: Illegal."""
    ran = apart(_solve, world, seconds, seed)
    broken = faults(world, ran.result)
    if broken:
        raise Illegal(f"a plan breaks rules: {broken[:5]}")
    return ran


def _solve(world: World, seconds: float, seed: int) -> Solution:
    return solve(world, seconds=seconds, seed=seed, workers=2)


def _note(found: Contest, name: str, budget: float, plan: PeerPlan | str) -> None:
    if isinstance(plan, str):
        found.missing[name, budget] = plan
        say(f"{_about(found, budget)} {name}: {plan}")
        return
    if broken := faults(found.world, plan.solution):
        raise Illegal(f"the repair left {broken[:5]}")
    found.entries[name, budget] = _entry(found.world, plan.solution, plan.seconds, plan.megabytes)
    late = f", after {plan.seconds:.0f} s" if plan.seconds > budget * 1.1 + 1 else ""
    say(f"{_about(found, budget)} {name}: {plan.solution.value:,}{late}")


def _entry(world: World, plan: Solution, seconds: float, megabytes: float) -> Entry:
    return Entry(plan.value, promises_kept(world, plan.routes), seconds, megabytes)


def _about(found: Contest, budget: float) -> str:
    return f"{found.scale}x, seed {found.seed}, {budget:g} s,"


def rows(contests: Sequence[Contest]) -> Iterator[tuple[str, str, str]]:
    """Contender, instance and budget, and what the table says."""
    for found in contests:
        for (name, budget), entry in found.entries.items():
            column = f"{found.scale}x #{found.seed} {budget:g} s"
            yield name, column, f"{entry.value:,} · {entry.promises}"
