"""Holding, booking, moving, confirming and giving back the place of a visit."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from api.context import Context, Info
from api.errors import user_errors
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.reading import read_in
from api.slots import SlotHold, SlotOffer, shown
from api.visits import Visit
from domain.errors import InvalidInput, RateLimited
from domain.slots import service
from domain.slots.asking import sees
from domain.slots.cache import boards_of
from domain.slots.rules import SlotRules, restricted
from domain.slots.service import Desk, Outcome
from domain.validation import text
from domain.visits.models import DayBlock
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.permissions import Permission
from tenants.rate import take

MOST_REASON = 1_000
_AS_IT_IS = "The visit as it is now."
P = TypeVar("P", bound="SlotPayload")


@strawberry.type(description="What every mutation that asks for a place returns.")
class SlotPayload(Payload):
    slot: SlotOffer | None = strawberry.field(
        default=None, description="Where the place is refused: the slot as it is; staff see what keeps the visit out."
    )
    nearest: list[SlotOffer] = strawberry.field(
        default_factory=list, description="Where the place is refused: the free slots that are nearest in time."
    )


@strawberry.type(description="What holdSlot returns.")
class HoldSlotPayload(SlotPayload):
    hold: SlotHold | None = strawberry.field(default=None, description="The place that is kept.")


@strawberry.type(description="What bookVisit returns.")
class BookVisitPayload(SlotPayload):
    visit: Visit | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What rescheduleVisit returns.")
class RescheduleVisitPayload(SlotPayload):
    visit: Visit | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What releaseSlot returns.")
class ReleaseSlotPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What confirmVisit returns.")
class ConfirmVisitPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What cancelVisit returns.")
class CancelVisitPayload(Payload):
    visit: Visit | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.input(description="A part of a day for a visit.")
class SlotInput:
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    day: date = strawberry.field(description="The day, in Amsterdam.")
    block: DayBlock = strawberry.field(description="The part of the day.")


@strawberry.input(description="What is booked: a part of a day, or the one that is held.")
class BookVisitInput:
    visit_id: strawberry.ID = strawberry.field(description="The visit.")
    day: date | None = strawberry.field(default=None, description="The day; together with `block`, or neither.")
    block: DayBlock | None = strawberry.field(default=None, description="The part of the day.")


VisitId = Annotated[strawberry.ID, strawberry.argument(description="The visit.")]
Reason = Annotated[str, strawberry.argument(description=f"Why, at most {MOST_REASON} characters; all parties read it.")]
CallOff = Annotated[
    bool,
    strawberry.argument(description="Whether the visit is called off for good, which staff may; else it waits anew."),
]


_STEP_SECONDS = 0.25
"""Longer than looking for another assignment of a day takes, which happens only where no team has a place."""


def _pace(actor: Actor) -> float:
    return _STEP_SECONDS if restricted(actor) else 0.0


@strawberry.type
class SlotMutations:
    @mutation(
        "Keeps a place for ten minutes. The same slot again prolongs that once; another slot gives up the former.",
        requires=Permission.VISITS_BOOK,
        pace=_pace,
    )
    async def hold_slot(self, info: Info, input: SlotInput) -> HoldSlotPayload:
        visit_id = key_of("Visit", input.visit_id, "input.visitId")
        await _not_too_often(info.context, visit_id)
        async with info.context.system() as session:
            outcome = await service.hold(session, _desk(info), visit_id, input.day, input.block)
            if outcome.refused:
                return _refusal(HoldSlotPayload, info, outcome)
            return HoldSlotPayload(hold=await _read(session, info, "hold", outcome.id))

    @mutation("Gives a held place back.", requires=Permission.VISITS_BOOK)
    async def release_slot(self, info: Info, visit_id: VisitId) -> ReleaseSlotPayload:
        async with info.context.system() as session:
            id = await service.release(session, _desk(info), key_of("Visit", visit_id, "visitId"))
            return ReleaseSlotPayload(visit=await _read(session, info, "visit", id))

    @mutation(
        "Promises a day and a part of it: the held one, or any that is free. Said twice, it is promised once.",
        requires=Permission.VISITS_BOOK,
        pace=_pace,
    )
    async def book_visit(self, info: Info, input: BookVisitInput) -> BookVisitPayload:
        if (input.day is None) is not (input.block is None):
            raise InvalidInput(field=("input", "block"))
        async with info.context.system() as session:
            key = key_of("Visit", input.visit_id, "input.visitId")
            outcome = await service.book(session, _desk(info), key, input.day, input.block)
            if outcome.refused:
                return _refusal(BookVisitPayload, info, outcome)
            return BookVisitPayload(visit=await _read(session, info, "visit", outcome.id))

    @mutation(
        "Promises another day and part of it to a visit that has one. It keeps the former where the new one is full.",
        requires=Permission.VISITS_BOOK,
        pace=_pace,
    )
    async def reschedule_visit(self, info: Info, input: SlotInput) -> RescheduleVisitPayload:
        async with info.context.system() as session:
            key = key_of("Visit", input.visit_id, "input.visitId")
            outcome = await service.reschedule(session, _desk(info), key, input.day, input.block)
            if outcome.refused:
                return _refusal(RescheduleVisitPayload, info, outcome)
            return RescheduleVisitPayload(visit=await _read(session, info, "visit", outcome.id))

    @mutation(
        "Accepts the day and the part of it that were announced: from now on they are promised.",
        requires=Permission.VISITS_BOOK,
    )
    async def confirm_visit(self, info: Info, visit_id: VisitId) -> ConfirmVisitPayload:
        async with info.context.system() as session:
            id = await service.confirm(session, _desk(info), key_of("Visit", visit_id, "visitId"))
            return ConfirmVisitPayload(visit=await _read(session, info, "visit", id))

    @mutation(
        "Gives the day of a visit back; the visit waits for another one. Customers and partners may until some days "
        "before.",
        requires=Permission.VISITS_BOOK,
    )
    async def cancel_visit(
        self, info: Info, visit_id: VisitId, reason: Reason, call_off: CallOff = False
    ) -> CancelVisitPayload:
        why = text(reason, "reason", maximum=MOST_REASON)
        async with info.context.system() as session:
            key = key_of("Visit", visit_id, "visitId")
            id = await service.cancel(session, _desk(info), key, why, call_off=call_off)
            return CancelVisitPayload(visit=await _read(session, info, "visit", id))


def _desk(info: Info) -> Desk:
    context = info.context
    return Desk(context.actor, SlotRules.of(context.settings), boards_of(context.database))


async def _read(session: Any, info: Info, field: str, id: UUID | None) -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, field, id)


def _refusal(payload: type[P], info: Info, outcome: Outcome) -> P:
    """The error as everywhere, and beside it the slots as the actor may see them."""
    assert outcome.refused is not None
    slot = _shown(info.context, [outcome.slot] if outcome.slot else [])
    errors = user_errors(outcome.refused, info.context.language)
    return payload(user_errors=errors, slot=slot[0] if slot else None, nearest=_shown(info.context, outcome.nearest))


def _shown(context: Context, offers: Sequence[Any]) -> list[SlotOffer]:
    return shown(context, offers)


async def _not_too_often(context: Context, visit_id: UUID) -> None:
    """A place that is held again and again is kept from others. Of a visit that one does not see nothing is counted."""
    if context.redis is None or not await sees(context.database, context.actor, visit_id):
        return
    taken = await take(context.redis, f"slots:{visit_id}", context.settings.slot_holds_per_hour, 3600)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)
