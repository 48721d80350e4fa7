"""A plan at once: what of the plan in force is allowed, promises and pins first, then the rest where it gains most."""

from collections.abc import Iterable
from time import monotonic

import numpy as np

from domain.planning.solver.board import ALWAYS, Board
from domain.planning.solver.promises import keep
from domain.planning.solver.tables import has_place
from domain.planning.timing import violations
from domain.planning.world import World

_NEVER = -ALWAYS


def start(world: World) -> Board:
    """The plan in force as far as it is allowed, with all promises and pins that could be fitted in."""
    board = Board(world)
    _restore(board)
    _drop_orphans(board)
    order = _hard_first(world)
    _place_all(board, order)
    if keep(board, set(order)):
        _place_all(board, order)
    _drop_orphans(board)
    return board


def _place_all(board: Board, order: Iterable[int]) -> None:
    for job in order:
        if board.at[job] < 0:
            _place_hard(board, job)


def fill(board: Board, until: float = float("inf")) -> None:
    """Insert what is not placed, the best value for its time first."""
    world = board.world
    order = sorted(range(len(world.jobs)), key=lambda index: (-_density(board, index), index))
    for job in order:
        if monotonic() > until:
            return
        if board.at[job] < 0:
            board.insert(job)


def _density(board: Board, index: int) -> float:
    job = board.world.jobs[index]
    return job.value / (job.minutes + 45)


def hard(world: World) -> set[int]:
    """Promised and pinned jobs, and those that have to come before one."""
    found = {index for index, job in enumerate(world.jobs) if (job.promise or job.pin) and has_place(world, index)}
    waiting = list(found)
    while waiting:
        before = world.jobs[waiting.pop()].after
        if before is not None and before not in found:
            found.add(before)
            waiting.append(before)
    return found


def _hard_first(world: World) -> list[int]:
    """Predecessors before their successors, else promises before pins."""
    needed = hard(world)

    def rank(index: int) -> tuple[bool, bool, int]:
        return world.jobs[index].after in needed, world.jobs[index].promise is None, index

    return sorted(needed, key=rank)


def _restore(board: Board) -> None:
    """The routes of the plan in force, without what is not allowed any more."""
    world = board.world
    number = {(each.team, each.day): index for index, each in enumerate(world.team_days)}
    routes: dict[int, list[int]] = {}
    for index, job in enumerate(world.jobs):
        if job.current and has_place(world, index) and (job.current.team, job.current.day) in number:
            routes.setdefault(number[job.current.team, job.current.day], []).append(index)
    for at, jobs in routes.items():
        jobs.sort(key=lambda index: (_order(world, index), index))
        board.put(at, _allowed(board, at, jobs))


def _order(world: World, index: int) -> int:
    current = world.jobs[index].current
    return current.order if current else 0


def _allowed(board: Board, at: int, jobs: list[int]) -> list[int]:
    """Without the least important jobs, until no rule is broken; a job that breaks one by itself goes first."""
    world, day = board.world, board.world.team_days[at]
    jobs = [job for job in jobs if not violations(world, day, [job])]
    while jobs and (len(jobs) > board.rows.shape[1] or violations(world, day, jobs)):
        jobs.remove(min(jobs, key=lambda index: (importance(world, index), index)))
    return jobs


def importance(world: World, index: int) -> tuple[bool, bool, int]:
    job = world.jobs[index]
    return job.promise is not None, job.pin is not None, job.value


def _place_hard(board: Board, job: int) -> None:
    """Where it gains most; else in place of jobs that nobody was promised, which are tried elsewhere."""
    if board.insert(job, least=_NEVER):
        return
    needed = hard(board.world)
    best: tuple[int, int, list[int], list[int]] | None = None
    for at in np.flatnonzero(board.open_to(job)):
        route = board.jobs_of(int(at))
        for out in _ejections(board, route, needed):
            rest = [each for each in route if each not in out]
            order = _inserted(board, int(at), rest, job)
            loss = sum(board.world.jobs[each].value for each in out)
            if order is not None and (best is None or loss < best[0]):
                best = (loss, int(at), order, out)
    if best is not None:
        board.put(best[1], best[2])
        for each in best[3]:
            board.insert(each)


def _ejections(board: Board, route: list[int], needed: set[int]) -> Iterable[list[int]]:
    free = [job for job in route if job not in needed and not board.followers(job)]
    yield from ([job] for job in free)
    if len(free) > 1:
        yield free


def _inserted(board: Board, at: int, rest: list[int], job: int) -> list[int] | None:
    world, day = board.world, board.world.team_days[at]
    for position in range(len(rest) + 1):
        order = [*rest[:position], job, *rest[position:]]
        if len(order) <= board.rows.shape[1] and not violations(world, day, order):
            return order
    return None


def _drop_orphans(board: Board) -> None:
    """Remove second visits whose first is not placed, or not early enough before."""
    changed = True
    while changed:
        changed = False
        for job in np.flatnonzero(board.at[:-1] >= 0):
            first, last = board.window(int(job))
            if not first <= board.day[board.at[job]] <= last and board.world.jobs[job].after is not None:
                board.remove(int(job))
                changed = True
