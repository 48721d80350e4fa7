"""The course of a quote from its making on: versions sent, parties that acted, how it ended."""

from dataclasses import dataclass, field
from datetime import timedelta

from chargecars.demo.draw import Draw
from domain.quotes.models import PartyRole, QuoteStatus

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_REVISIONS = {0: 0.88, 1: 0.10, 2: 0.02}


@dataclass(slots=True)
class Act:
    """A party signs, acknowledges or declines a version, some time after the quote was made."""

    version: int
    role: PartyRole
    after: timedelta
    declined: bool = False


@dataclass(slots=True)
class Course:
    """Times since the quote was made."""

    sent: list[timedelta] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    drafted: bool = False
    """Whether one more version is being prepared."""
    end: timedelta = timedelta()
    """When the last of it happened."""

    @property
    def versions(self) -> int:
        return max(1, len(self.sent) + self.drafted)

    def act(self, role: PartyRole, after: timedelta, declined: bool = False) -> None:
        self.acts.append(Act(len(self.sent), role, after, declined))
        self.end = max(self.end, after)


def draw_course(draw: Draw, status: QuoteStatus, roles: list[PartyRole]) -> Course:
    """A plausible course to this status; `roles` are the parties that have to act."""
    course = Course()
    if status is QuoteStatus.DRAFT or (status is QuoteStatus.WITHDRAWN and draw.uniform() < 0.3):
        course.end = timedelta() if status is QuoteStatus.DRAFT else draw.between(_HOUR, 10 * _DAY)
        return course
    _send(draw, course, roles)
    _conclude(draw, course, status, draw.several(roles, len(roles)))
    return course


def _send(draw: Draw, course: Course, roles: list[PartyRole]) -> None:
    """One version, or more where it was revised; a signature under an earlier one counts no longer."""
    at = draw.between(10 * _MINUTE, 2 * _DAY)
    for _ in range(draw.weighted(_REVISIONS)):
        course.sent.append(at)
        if len(roles) > 1 and draw.uniform() < 0.3:
            course.act(roles[0], at + draw.between(_HOUR, 20 * _HOUR))
        at += _DAY + draw.between(_HOUR, 5 * _DAY)
    course.sent.append(at)
    course.end = at


def _conclude(draw: Draw, course: Course, status: QuoteStatus, roles: list[PartyRole]) -> None:
    sent = course.sent[-1]
    match status:
        case QuoteStatus.ORDERED:
            _let_act(draw, course, roles, sent)
        case QuoteStatus.PARTIALLY_SIGNED:
            _let_act(draw, course, roles[: draw.integer(1, len(roles) - 1)], sent)
        case QuoteStatus.DECLINED:
            _let_act(draw, course, roles[1:] if draw.uniform() < 0.25 else [], sent)
            course.act(roles[0], course.end + draw.between(_HOUR, 5 * _DAY), declined=True)
        case QuoteStatus.EXPIRED:
            _let_act(draw, course, roles[1:] if draw.uniform() < 0.3 else [], sent)
        case QuoteStatus.WITHDRAWN:
            course.end = sent + draw.between(_HOUR, 10 * _DAY)
        case _:
            course.drafted = draw.uniform() < 0.06


def _let_act(draw: Draw, course: Course, roles: list[PartyRole], sent: timedelta) -> None:
    for role, after in zip(roles, sorted(draw.between(30 * _MINUTE, 9 * _DAY) for _ in roles), strict=True):
        course.act(role, sent + after)
