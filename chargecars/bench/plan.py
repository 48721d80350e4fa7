"""Planning: three weeks near the optimum, beside greedy insertion, the OR-Tools routing library, PyVRP and VROOM.

Instances over Dutch postcodes, 1x and 10x of today's business (`--scale 1`: only that). Everybody gets the same seconds
and two threads, in a process of his own; building a model is free; plans of peers are repaired to legality, and an
independent checker holds every plan against every rule. Bars: of the proven bound 0.995 in 10 s at 1x, 0.94, 0.98 and
0.985 in 10, 60 and 120 s at 10x; every promise kept; ahead of all four peers; 1 GB; after 5 % urgent work a quarter of
the moves at 0.995 of the value of a plan from scratch; a disrupted day repaired in 5 s with no promise fewer than by
doing nothing; the earliest date of 6,000 jobs in 5 s; offers in 50 ms, one evaluation in 3 ms (p95).
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chargecars.bench.planning import daily, offers
from chargecars.bench.planning.contest import OURS, Contest, contest, rows
from chargecars.bench.planning.peers import PEERS
from chargecars.bench.planning.processes import apart
from chargecars.bench.report import Report, say, show_table

BUDGETS: dict[int, tuple[float, ...]] = {1: (10,), 10: (10, 60, 120)}
QUICK: dict[int, tuple[float, ...]] = {1: (5,), 10: (10,)}
RATIOS = {(1, 10): 0.995, (10, 10): 0.94, (10, 60): 0.98, (10, 120): 0.985}
"""Least value over proven bound by scale and seconds."""
_PROOF_SECONDS = 240.0
"""Of a run that has a bound to prove, where none with a budget did."""
REPLAN_SECONDS = {1: 10.0, 10: 60.0}
_IDLE = 1.0
_MOST_MB, _MOST_SECONDS = 1024.0, 5.0


def main(scale: int, json: bool, seeds: int = 3, quick: bool = False, postcodes: Path | None = None) -> None:
    """Run it; prints tables unless only JSON is wanted, and the figures as the last line.

    `seeds`: instances at 1x; at 10x a third as many, at least one. `quick`: one of each and short budgets.
    """
    run = Run([size for size in (1, 10) if size <= scale], 1 if quick else seeds, quick, postcodes)
    run.measure()
    if not json:
        run.show()
    print(run.report.line())  # noqa: T201  # a benchmark's output


@dataclass
class Run:
    """One run. Contests come first: a plan of theirs is what is disrupted later."""

    scales: Sequence[int]
    seeds: int
    quick: bool
    postcodes: Path | None = None
    contests: list[Contest] = field(default_factory=list)
    report: Report = field(default_factory=lambda: Report("plan"))

    def measure(self) -> None:
        load = os.getloadavg()[0]
        if load > _IDLE:
            say(f"other work runs here (load {load:.1f}): the figures are those of a busy machine")
        for scale in self.scales:
            for seed in range(self.seeds if scale == 1 else max(1, self.seeds // 3)):
                self.contests.append(contest(scale, seed, self.budgets(scale), self.postcodes))
                if not self.quick:
                    self.contests[-1].prove(_PROOF_SECONDS)
            self._contested(scale)
        for scale in self.scales:
            self._replanned(scale)
        largest = self._of(max(self.scales))[0]
        self._disrupted(largest)
        self._outlook(largest)
        self._offers(largest.scale)
        for each in self.report.failed:
            figure = self.report.figures[each]
            say(f"beyond its bar: {each}: {figure.value} {figure.unit}")

    def budgets(self, scale: int) -> tuple[float, ...]:
        return (QUICK if self.quick else BUDGETS)[scale]

    def _of(self, scale: int) -> list[Contest]:
        return [each for each in self.contests if each.scale == scale]

    # --- contests ---------------------------------------------------------------------------------------------------

    def _contested(self, scale: int) -> None:
        for budget in self.budgets(scale):
            self._ratio(scale, budget)
            self._peers(scale, budget)
        found = self._of(scale)
        for fault in [fault for each in found for fault in each.broken][:5]:
            say(f"a plan breaks a rule: {fault}")
        self.report.add(f"rules_broken_{scale}x", sum(len(each.broken) for each in found), "rules", 0.0)
        kept = min(each.entries[OURS, budget].promises / each.promises for each in found for budget in each.plans)
        self.report.add(f"promises_kept_{scale}x", kept, "share", 1.0, at_least=True)
        most = max(each.entries[OURS, budget].megabytes for each in found for budget in each.plans)
        self.report.add(f"peak_memory_{scale}x", most, "MB", _MOST_MB)

    def _ratio(self, scale: int, budget: float) -> None:
        """The worst of all seeds."""
        ratios = [each.entries[OURS, budget].value / each.bound for each in self._of(scale) if each.bound]
        name, bar = f"value_vs_bound_{scale}x_{budget:g}s", RATIOS.get((scale, int(budget)))
        why = None if ratios else "no run proved a bound" + (", and --quick has no time for it" if self.quick else "")
        self.report.add(name, min(ratios, default=None), "ratio", bar, why, at_least=True)

    def _peers(self, scale: int, budget: float) -> None:
        """Of each the best of all seeds; a peer without a plan is behind."""
        ahead: list[float] = []
        for name in PEERS:
            ratios = [ratio for each in self._of(scale) if (ratio := _vs(each, name, budget)) is not None]
            why = None if ratios else self._missing(scale, name, budget)
            label = f"value_vs_{name}_{scale}x_{budget:g}s"
            self.report.add(label, min(ratios, default=None), "ratio", None, why, at_least=True)
            ahead += ratios
        why = None if ahead else "no peer has a plan"
        self.report.add(
            f"ahead_of_peers_{scale}x_{budget:g}s", min(ahead, default=None), "ratio", 1.0, why, at_least=True
        )

    def _missing(self, scale: int, name: str, budget: float) -> str:
        return next(each.missing[name, budget] for each in self._of(scale) if (name, budget) in each.missing)

    # --- afterwards -------------------------------------------------------------------------------------------------

    def _replanned(self, scale: int) -> None:
        found = self._of(scale)[0]
        seconds = self.budgets(scale)[0] if self.quick else REPLAN_SECONDS[scale]
        done = daily.replanned(found.world, found.plans[seconds], seconds)
        moves = done.moves / max(1, done.moves_from_scratch)
        self.report.add(f"replan_moves_vs_scratch_{scale}x", moves, "ratio", 0.25)
        self.report.add(f"replan_left_out_{scale}x", done.left_out, "jobs")
        self.report.add(f"replan_left_out_from_scratch_{scale}x", done.left_out_from_scratch, "jobs")
        worth = done.value / done.value_from_scratch
        self.report.add(f"replan_value_vs_scratch_{scale}x", worth, "ratio", 0.995, at_least=True)

    def _disrupted(self, found: Contest) -> None:
        plan = found.plans[max(found.plans)]
        done = apart(daily.repairs, found.world, plan).result
        self.report.add(f"disruption_{found.scale}x", max(each.seconds for each in done), "s", _MOST_SECONDS)
        kept = min(each.kept - each.kept_by_nothing for each in done)
        self.report.add(f"disruption_promises_beside_nothing_{found.scale}x", kept, "promises", 0.0, at_least=True)

    def _outlook(self, found: Contest) -> None:
        done = apart(daily.outlook, found.world).result
        self.report.add(f"earliest_dates_{found.scale}x", done.seconds, "s", _MOST_SECONDS)
        say(f"earliest dates: {done.dated:,} of {done.jobs:,} jobs in {done.seconds:.1f} s")

    def _offers(self, scale: int) -> None:
        """Those need servers: what they cannot measure here is said."""
        self._or_why(lambda: asyncio.run(offers.measure(scale, self.report)), f"offers_p95_ms_planner_{scale}x")

    def _or_why(self, measure: Callable[[], None], name: str) -> None:
        try:
            measure()
        except Exception as error:  # a benchmark reports the rest
            say(f"{name}: {error!r}")
            self.report.add(name, None, "ms", offers.OFFERS_BAR_MS, f"{type(error).__name__}: {error}"[:300])

    def show(self) -> None:
        """A table to read."""
        cells = {(name, column): text for name, column, text in rows(self.contests)}
        columns = list(dict.fromkeys(column for _, column in cells))
        bounds = {
            (f"{each.scale}x #{each.seed} {budget:g} s"): each.bound for each in self.contests for budget in each.plans
        }
        cells |= {("bound", column): f"{bound:,.0f}" for column, bound in bounds.items() if bound is not None}
        show_table("Value of the plan · promises kept", [OURS, *PEERS, "bound"], columns, cells)


def _vs(found: Contest, name: str, budget: float) -> float | None:
    entry = found.entries.get((name, budget))
    return found.entries[OURS, budget].value / max(1, entry.value) if entry else None
