"""Offers of places for a visit: bands for customers and partners, what stands behind them for staff."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.context import Context, Info
from api.enums import described
from api.executor import Completed, Executor
from api.flat import Flattening
from api.inputs import key_of
from api.pacing import till_the_next_step
from api.planning_terms import Rule
from api.reading import Node, column, field, global_id, reads, related
from api.visits import Visit
from domain.errors import OutOfRange
from domain.planning.discretion import coarse
from domain.slots import offering
from domain.slots.cache import boards_of
from domain.slots.models import SlotHold as HoldRow
from domain.slots.offers import Band, Offer
from domain.slots.rules import SlotRules, restricted
from domain.visits.models import DayBlock
from tenants.permissions import Permission

MOST_SLOTS = 84
_STEP_SECONDS = 0.01

described(
    Band,
    "How free a part of a day is. It never tells how many places there are.",
    HIGH="There are many places.",
    LIMITED="There are few places, or one.",
    FULL="There is none.",
)


@strawberry.interface(description="A part of a day for a visit.")
class SlotOffer:
    day: date = strawberry.field(description="The day, in Amsterdam.")
    block: DayBlock = strawberry.field(description="The part of the day.")
    band: Band = strawberry.field(description="How free it is.")


@strawberry.type(description="A part of a day as customers and partners see it.")
class BandedSlotOffer(SlotOffer):
    pass


@strawberry.type(description="What keeps a visit from a part of a day.")
class BlockingRule:
    rule: Rule = strawberry.field(description="The rule.")
    amount: int = strawberry.field(description="By how much, in the unit of the rule; 0 where it has none.")


@strawberry.type(description="A part of a day as staff see it.")
class PlannedSlotOffer(SlotOffer):
    places: int = strawberry.field(description="Visits like this one that the teams which can take it have room for.")
    team_id: strawberry.ID | None = strawberry.field(
        description="Who would do it; where it is full, for whom least has to give."
    )
    team_name: str | None = strawberry.field(description="The name of that team.")
    drive_minutes: int | None = strawberry.field(description="Driving that it adds; null where it is full.")
    reassigns: bool = strawberry.field(description="Whether other visits of the day have to change teams for it.")
    rules: list[BlockingRule] = strawberry.field(
        description="Where it is full: what keeps the visit from that team, the smallest relaxation of the day."
    )


@reads(HoldRow)
@strawberry.type(description="A place that is kept for a visit for some minutes.")
class SlotHold(Node):
    day: date = column("The day, in Amsterdam.")
    block: DayBlock = column("The part of the day.")
    expires_at: datetime = column("Until when it is kept.")
    renewed: bool = column("Whether it was prolonged, which it can be once.")
    created_at: datetime = column("Since when the visit holds a place.")
    visit: Visit | None = related("For which visit.", on=lambda h, v: v.id == h.visit_id)


def shown(context: Context, offers: Sequence[Offer]) -> list[SlotOffer]:
    """The offers as the actor may see them."""
    make = _banded if restricted(context.actor) else _planned
    return [make(offer) for offer in offers]


def _banded(offer: Offer) -> SlotOffer:
    return BandedSlotOffer(day=offer.day, block=offer.block, band=offer.band)


def _planned(offer: Offer) -> SlotOffer:
    return PlannedSlotOffer(
        day=offer.day,
        block=offer.block,
        band=offer.band,
        places=offer.places,
        team_id=_team(offer.team_id) if offer.team_id else None,
        team_name=offer.team or None,
        drive_minutes=offer.drive,
        reassigns=offer.reassigned,
        rules=[BlockingRule(rule=reason.rule, amount=coarse(reason.rule, reason.amount)) for reason in offer.reasons],
    )


@lru_cache(maxsize=4096)
def _team(id: UUID) -> strawberry.ID:
    return strawberry.ID(global_id("Team", id))


VisitId = Annotated[strawberry.ID, strawberry.argument(description="The visit.")]
First = Annotated[int, strawberry.argument(description=f"At most so many parts of days, up to {MOST_SLOTS}.")]


@strawberry.type
class SlotQueries:
    @field(
        "Parts of days that a visit can be given, from the earliest on, as free as they are at this second.",
        requires=Permission.VISITS_BOOK,
        cost=20,
        most=42,
    )
    async def slot_offers(self, info: Info, visit_id: VisitId, first: First = 42) -> list[SlotOffer] | None:
        context, began = info.context, time.monotonic()
        if not 1 <= first <= MOST_SLOTS:
            raise OutOfRange(minimum=1, maximum=MOST_SLOTS, field=("first",))
        key = key_of("Visit", visit_id, "visitId")
        try:
            found = await _offered(context, key)
            return None if found is None else _completed(info, shown(context, found[:first]))
        finally:
            if restricted(context.actor):
                await till_the_next_step(began, _STEP_SECONDS)


def _completed(info: Info, found: list[SlotOffer]) -> Any:
    """Data at once where the lane asks for this field alone; they are up to a thousand values."""
    context = info.context
    if not isinstance(context.executor, Executor) or context.executor.only is None:
        return found
    return Completed(Flattening(info._raw_info, context.actor.audience).data(found))


async def _offered(context: Context, visit_id: UUID) -> list[Offer] | None:
    """None for a visit that the actor does not see."""
    database, rules = context.database, SlotRules.of(context.settings)
    return await offering.offered(database, boards_of(database), rules, context.actor, visit_id)


TYPES = (SlotHold, BandedSlotOffer, PlannedSlotOffer)
