"""What publishing a plan changes for visits, and what their customers, partners and teams are told of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, or_

from domain.events.record import About, Payload, plain
from domain.planning.arrival import NOTICEABLE
from domain.plans.models import PlanFormer
from domain.visits.events import VisitMoved, VisitPlanned, VisitRetimed, VisitUnplanned
from domain.visits.models import Visit, VisitStatus

ON_A_DAY = (VisitStatus.PLANNED, VisitStatus.EN_ROUTE, VisitStatus.IN_PROGRESS, VisitStatus.DONE)
"""A visit in one of these has its day."""
Kind = Literal["added", "moved", "dropped"]


def droppable(visit: Any) -> Any:
    """SQL: a planned visit that a plan may leave out: its promise stays, its team goes; what is given out stays."""
    placed = or_(visit.team_id.is_not(None), visit.promised_at.is_(None))
    return and_(visit.status == VisitStatus.PLANNED, visit.dispatched_at.is_(None), placed)


@dataclass(frozen=True, slots=True)
class Changed:
    """A visit as it is and as it was."""

    id: UUID
    entity_id: UUID
    order_id: UUID
    channel: Sequence[UUID]
    customer_id: UUID
    position: int
    kind: str
    status: str
    team_id: UUID | None
    day: date | None
    block: str | None
    was_status: str
    was_team_id: UUID | None
    was_day: date | None
    was_block: str | None
    starts_at: datetime | None
    was_starts_at: datetime | None
    told_window: bool
    """Whether the customer was told when to expect the team."""

    @classmethod
    def columns(cls) -> tuple[Any, ...]:
        """In the order of the fields."""
        return _COLUMNS

    @property
    def differs(self) -> bool:
        """Whether it has another status, day, block or team."""
        return (self.status, *self._place) != (self.was_status, *self._was)

    @property
    def retimed(self) -> bool:
        """Whether a customer who was told a window has to expect the team at another time."""
        if self.differs or not self.told_window or self.starts_at is None or self.was_starts_at is None:
            return False
        return abs(self.starts_at - self.was_starts_at) >= NOTICEABLE

    @property
    def change(self) -> Kind:
        if self.was_status == VisitStatus.REQUIRED:
            return "added"
        return "dropped" if self.status == VisitStatus.REQUIRED else "moved"

    @property
    def _place(self) -> tuple[Any, ...]:
        return (self.team_id, self.day, self.block)

    @property
    def _was(self) -> tuple[Any, ...]:
        return (self.was_team_id, self.was_day, self.was_block)

    def reversed(self) -> "Changed":
        """The way back."""
        return replace(
            self,
            status=self.was_status,
            team_id=self.was_team_id,
            day=self.was_day,
            block=self.was_block,
            was_status=self.status,
            was_team_id=self.team_id,
            was_day=self.day,
            was_block=self.block,
            starts_at=self.was_starts_at,
            was_starts_at=self.starts_at,
        )

    def happened(self) -> Payload:
        """What those who see the visit are told."""
        what = (self.order_id, self.position, self.kind)
        day, block, was, was_block = (
            "" if value is None else str(plain(value)) for value in (self.day, self.block, self.was_day, self.was_block)
        )
        if not self.differs:
            return VisitRetimed(*what, day, block)
        if self.change == "dropped":
            return VisitUnplanned(*what, was, was_block)
        if self.change == "moved":
            return VisitMoved(*what, day, block, self.team_id, was, was_block)
        assert self.team_id is not None
        return VisitPlanned(*what, day, block, self.team_id)


_COLUMNS = (
    Visit.id,
    Visit.entity_id,
    Visit.order_id,
    Visit.channel_organization_ids,
    Visit.end_customer_contact_id,
    Visit.position,
    Visit.kind,
    Visit.status,
    Visit.team_id,
    Visit.day,
    Visit.block,
    PlanFormer.status,
    PlanFormer.team_id,
    PlanFormer.day,
    PlanFormer.block,
    Visit.starts_at,
    PlanFormer.starts_at,
    Visit.arrival_from.is_not(None),
)


def told(changed: Iterable[Changed]) -> Iterator[tuple[Payload, About]]:
    """The events of changes, for the log."""
    for each in changed:
        teams = [id for id in (each.team_id, each.was_team_id) if id is not None]
        changes = {
            name: [plain(was), plain(now)]
            for name, was, now in (
                ("status", each.was_status, each.status),
                ("team_id", each.was_team_id, each.team_id),
                ("day", each.was_day, each.day),
                ("block", each.was_block, each.block),
            )
            if was != now
        }
        about = About(each.entity_id, each.id, (), each.channel, [each.customer_id], teams, changes)
        yield each.happened(), about


def counted(changed: Iterable[Changed]) -> dict[str, int]:
    """How many of each kind."""
    found = Counter[str](each.change for each in changed if each.differs)
    return {kind: found[kind] for kind in ("added", "moved", "dropped")}
