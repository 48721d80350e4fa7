"""Offers of this second: asked of the database what has changed, the rest is remembered."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.slots.asking import Facts, facts, facts_in, unfit_on, weathered
from domain.slots.board import DayBoard
from domain.slots.cache import Boards
from domain.slots.offers import Asked, Offer, nearest, nowhere, offers
from domain.slots.rules import SlotRules
from domain.visits.models import DayBlock
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database

_WEATHER_SECONDS = 600


async def offered(
    database: Database, memory: Boards, rules: SlotRules, actor: Actor, visit_id: UUID
) -> list[Offer] | None:
    """All slots for a visit; None where the actor does not see it."""
    first, last = rules.offered(datetime.now(UTC))
    known = await facts(database, actor, visit_id, first, last)
    if known is None:
        return None
    known = await _in_its_weather(database, memory, rules, known)
    return judged(memory, rules, known, await memory.current(database, known.versions, known.now))


async def _in_its_weather(database: Database, memory: Boards, rules: SlotRules, known: Facts) -> Facts:
    """Remembered for a while: the days count a forecast that changes, and nothing counts one that grows old."""
    if known.outdoor_area is None:
        return known
    key = (known.outdoor_area, tuple(known.versions.items()), known.now.timestamp() // _WEATHER_SECONDS)
    if key not in memory.weather:
        async with database.session(SYSTEM) as session:
            judged_ = await weathered(session, known, rules.weather)
        memory.keep_weather(key, judged_.job.unfit if judged_.job else frozenset())
    return unfit_on(known, memory.weather[key])


async def around(
    session: AsyncSession, memory: Boards, rules: SlotRules, visit_id: UUID, day: date, block: DayBlock
) -> tuple[Offer | None, Sequence[Offer]]:
    """A slot as it is and the nearest that are free, in a session of the system that has written nothing."""
    first, last = rules.offered(datetime.now(UTC))
    known = await facts_in(session, visit_id, first, last)
    known = await weathered(session, known, rules.weather)
    found = judged(memory, rules, known, await memory.within(session, known.versions, known.now))
    slot = next((offer for offer in found if (offer.day, offer.block) == (day, block)), None)
    return slot, nearest(found, day, block)


def judged(memory: Boards, rules: SlotRules, known: Facts, days: Sequence[DayBoard]) -> list[Offer]:
    """The offers on days as they are remembered."""
    if known.job is None:
        return nowhere([board.day for board in days])
    own = tuple(board.without(known.id) for board in days)
    asked = Asked(own, memory.calendar(own), memory.lacking(own), known.job)
    return offers(asked, rules.high)
