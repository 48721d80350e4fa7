"""Offers: for a visit every day and block, how many places there are, and what stands in the way of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate, pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.planning.evaluate import BLOCKS, Calendar, Candidate, Evaluation, evaluate
from domain.planning.timing import Rule
from domain.slots.board import DayBoard, Job, Step, Teams
from domain.slots.places import Places
from domain.slots.reassigning import OFFERING, reassigned
from domain.visits.models import DayBlock

_DRIVE_BITS, _ROW_BITS = 16, 20
_MOST_RELAXATION = 1 << 26


class Band(StrEnum):
    """All that a customer learns of a slot (Decision 15)."""

    HIGH = "HIGH"
    LIMITED = "LIMITED"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that keeps the visit out, in the unit of the rule."""

    rule: Rule
    amount: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A part of a day, as the planner may see it; others see `day`, `block` and `band`."""

    day: date
    block: DayBlock
    band: Band
    places: int
    """Visits like this one that the teams which can take it have room for."""
    team_id: UUID | None = None
    """Who would do it with the least driving; where it is full, for whom the least has to give."""
    team: str = ""
    drive: int | None = None
    """Minutes of driving that it adds."""
    reassigned: bool = False
    """Whether other visits of the day have to change teams for it."""
    reasons: tuple[Reason, ...] = ()

    @property
    def free(self) -> bool:
        return self.band is not Band.FULL


@dataclass(frozen=True, slots=True)
class Asked:
    """A visit against some days without its own place in them."""

    days: tuple[DayBoard, ...]
    calendar: Calendar
    """All their team-days."""
    lacking: Calendar
    """All their team-days without each of their movable stops."""
    job: Job


def candidate(job: Job, teams: Teams, places: Places) -> Candidate:
    """The visit as the evaluation reads it; after the days were read, since places are numbered by then."""
    minutes, kilometres = places.around(job.point)
    pin = (teams.number.get(job.pin[0], -1), job.pin[1]) if job.pin else None
    return Candidate(
        job.minutes, minutes, minutes, kilometres, job.skills, job.earliest, job.not_before, job.unfit, pin,
        not_after=job.not_after,
    )  # fmt: skip


def offers(asked: Asked, high: int) -> list[Offer]:
    """An offer per day and block, in order; `high`: from so many places on a slot is no longer LIMITED."""
    if not asked.days:
        return []
    first = asked.days[0]
    job = candidate(asked.job, first.teams, first.places)
    said, lacking = evaluate(asked.calendar, job), evaluate(asked.lacking, job)
    table = _Table.of(asked, said, high)
    return [_offer(table, lacking, number, board, block) for number, board in enumerate(asked.days) for block in (0, 1)]


def nowhere(days: Sequence[date]) -> list[Offer]:
    """The offers for a visit of which nobody knows where it is."""
    reason = (Reason(Rule.PLACE, 0),)
    return [Offer(day, block, Band.FULL, 0, reasons=reason) for day in days for block in BLOCKS]


@dataclass(frozen=True, slots=True)
class _Table:
    """What the evaluation says, summed up per [block, day]."""

    asked: Asked
    said: Evaluation
    places: NDArray[np.int64]
    best: NDArray[np.int64]
    """The team-day that takes it with the least driving, else that with the smallest relaxation; -1 without teams."""
    removals: tuple[slice, ...]
    """The rows of `Asked.lacking` that are a day's."""
    high: int

    @classmethod
    def of(cls, asked: Asked, said: Evaluation, high: int) -> "_Table":
        sizes = [len(board.team_days) for board in asked.days]
        day = np.repeat(np.arange(len(sizes)), sizes)
        room = np.where(said.feasible, np.maximum(asked.calendar.room, 0), 0)
        places = np.stack([np.bincount(day, row, minlength=len(sizes)).astype(np.int64) for row in room])
        ends = list(accumulate((len(board.lacking.stop) for board in asked.days), initial=0))
        removals = tuple(slice(begin, end) for begin, end in pairwise(ends))
        return cls(asked, said, places, _least(said, sizes), removals, high)


def _least(said: Evaluation, sizes: Sequence[int]) -> NDArray[np.int64]:
    """Per block and day the team-day with the smallest relaxation, then the least driving."""
    drive = np.clip(said.drive.astype(np.int64) + 4096, 0, (1 << _DRIVE_BITS) - 1)
    relaxation = np.minimum(said.relaxation().astype(np.int64), _MOST_RELAXATION)
    key = (relaxation << (_DRIVE_BITS + _ROW_BITS)) | (drive << _ROW_BITS) | np.arange(said.drive.shape[1])
    found = np.full((len(BLOCKS), len(sizes)), -1, np.int64)
    begins = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    working = np.flatnonzero(sizes)
    if len(working):
        least = np.minimum.reduceat(key, begins[working], axis=1)
        found[:, working] = least & ((1 << _ROW_BITS) - 1)
    return found


def _offer(table: _Table, lacking: Evaluation, number: int, board: DayBoard, block: int) -> Offer:
    row, places, kind = int(table.best[block, number]), int(table.places[block, number]), BLOCKS[block]
    if row < 0:
        return Offer(board.day, kind, Band.FULL, 0, reasons=(Reason(Rule.ABSENCE, 0),))
    team = int(table.asked.calendar.team[row])
    if places:
        band = Band.HIGH if places >= table.high else Band.LIMITED
        drive = int(table.said.drive[block, row])
        return Offer(board.day, kind, band, places, board.teams.ids[team], board.teams.names[team], drive)
    rows = table.removals[number]
    if steps := reassigned(board, block, lacking, rows, OFFERING):
        return _by_reassigning(board, kind, steps[0], int(lacking.drive[block, rows.start + _row(board, steps[0])]))
    reasons = tuple(Reason(*reason) for reason in table.said.reasons(block, row))
    return Offer(board.day, kind, Band.FULL, 0, board.teams.ids[team], board.teams.names[team], reasons=reasons)


def _by_reassigning(board: DayBoard, kind: DayBlock, step: Step, drive: int) -> Offer:
    team = board.team_days[step.number].team
    return Offer(board.day, kind, Band.LIMITED, 1, board.teams.ids[team], board.teams.names[team], drive, True)


def _row(board: DayBoard, step: Step) -> int:
    """The row of the board's `lacking` in which the visit takes the place of a stop."""
    return next(at for at, stop in enumerate(board.lacking.stop) if stop is step.out)


def nearest(found: Sequence[Offer], day: date, block: DayBlock, most: int = 3) -> list[Offer]:
    """The free slots that are nearest to one in time, the earlier of equals first; never that slot itself."""

    def apart(offer: Offer) -> tuple[int, date, DayBlock]:
        halves = 2 * abs((offer.day - day).days) + (offer.block is not block)
        return halves, offer.day, offer.block

    free = [offer for offer in found if offer.free and (offer.day, offer.block) != (day, block)]
    return sorted(free, key=apart)[:most]
