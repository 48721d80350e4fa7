"""The repaired plan of a disruption, kept: what it changes, and what is offered where a promise cannot be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.days.loading import Days
from domain.disruptions.alternatives import Alternative
from domain.disruptions.events import DisruptionFailed, DisruptionProposed
from domain.disruptions.models import Disruption, DisruptionKind, DisruptionOffer, DisruptionState, DisruptionVisit
from domain.disruptions.repairing import Repaired
from domain.disruptions.reporting import said
from domain.disruptions.situation import Upset
from domain.rows import actor_of, find
from domain.slots import taking
from domain.slots.asking import facts_in
from domain.slots.cache import Boards
from domain.slots.errors import SlotFull
from domain.slots.models import SlotHold
from domain.teams import planning_days
from domain.teams.telling import tell
from domain.visits.events import VisitHeld
from domain.visits.models import DayBlock, Visit
from domain.visits.telling import tell as tell_of

HELD_WHILE_DECIDING = timedelta(minutes=30)
OFFER_DAYS = 14
"""After the last day of the disruption: how far alternatives are looked for."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that is kept of a repair. `versions`: of the repaired days, read before anything else of them."""

    days: Days
    repaired: Repaired
    offers: Mapping[int, Sequence[Alternative]]
    versions: Mapping[date, int]
    seconds: float


def upset_of(disruption: Disruption) -> Upset:
    """The disruption as the repair reads it."""
    count = (disruption.last_day - disruption.first_day).days + 1
    return Upset(
        kind=DisruptionKind(disruption.kind),
        days=tuple(disruption.first_day + timedelta(days=number) for number in range(count)),
        team_ids=frozenset(disruption.team_ids),
        minutes=disruption.minutes or 0,
        prefixes=tuple(disruption.postcode_prefixes),
    )


async def propose(session: AsyncSession, memory: Boards, disruption_id: UUID, proposal: Proposal) -> None:
    """Keep it, in the place of an earlier attempt; nothing where it was decided meanwhile. As the system actor."""
    await planning_days.lock(session, _offered_days(proposal))
    disruption = await find(session, Disruption, disruption_id, lock=True)
    if disruption.state not in (DisruptionState.REPORTED, DisruptionState.FAILED):
        return
    await session.execute(delete(DisruptionVisit).where(DisruptionVisit.disruption_id == disruption.id))
    for name, value in proposal.repaired.figures.items():
        setattr(disruption, name, value)
    ids = await _write(session, disruption.id, proposal.repaired.visits)
    await _offer(session, memory, proposal, ids)
    disruption.day_versions = {day.isoformat(): version for day, version in proposal.versions.items()}
    disruption.state, disruption.proposed_at = DisruptionState.PROPOSED, datetime.now(UTC)
    disruption.seconds, disruption.failure = round(proposal.seconds, 2), None
    told = (disruption.promises, disruption.promises_kept, disruption.changed)
    await tell(session, DisruptionProposed(*said(disruption), *told), disruption.id)


async def fail(session: AsyncSession, disruption_id: UUID, failure: str) -> None:
    """No repaired plan; the plan in force stays. As the system actor."""
    disruption = await find(session, Disruption, disruption_id, lock=True)
    if disruption.state == DisruptionState.REPORTED:
        disruption.state, disruption.failure = DisruptionState.FAILED, failure
        await tell(session, DisruptionFailed(*said(disruption), failure), disruption.id)


def _offered_days(proposal: Proposal) -> set[date]:
    return {proposal.days.world.days[each.day] for offers in proposal.offers.values() for each in offers}


async def _write(session: AsyncSession, disruption_id: UUID, rows: Sequence[Mapping[str, Any]]) -> dict[int, UUID]:
    """The id of each row by its job."""
    values = [{"disruption_id": disruption_id, **{k: v for k, v in row.items() if k != "job"}} for row in rows]
    if not values:
        return {}
    made = insert(DisruptionVisit).returning(DisruptionVisit.id, sort_by_parameter_order=True)
    ids = await session.scalars(made, values)
    return {row["job"]: id for row, id in zip(rows, ids, strict=True)}


async def _offer(session: AsyncSession, memory: Boards, proposal: Proposal, ids: Mapping[int, UUID]) -> None:
    """All alternatives as rows; the nearest of each customer is held where the day is not one to be repaired."""
    repaired = {day for _, day in proposal.repaired.routes}
    until = datetime.now(UTC) + HELD_WHILE_DECIDING
    rows: list[dict[str, Any]] = []
    for job, offers in proposal.offers.items():
        kept = False
        for position, offer in enumerate(offers):
            row = _row(proposal.days, job, ids[job], position, offer)
            if not kept and offer.day not in repaired:
                held = await hold(session, memory, proposal.days.waiting[job].id, row["day"], offer.block, until)
                kept = held is not None
                row |= held or {}
            rows.append(row)
    if rows:
        await session.execute(insert(DisruptionOffer), rows)


def _row(days: Days, job: int, of: UUID, position: int, offer: Alternative) -> dict[str, Any]:
    return {
        "disruption_visit_id": of,
        "entity_id": days.waiting[job].entity_id,
        "position": position,
        "day": days.world.days[offer.day],
        "block": offer.block.value,
        "team_id": days.team_ids[offer.team],
        "starts_at": offer.starts_at,
        "ends_at": offer.ends_at,
        "drive_added": offer.drive_added,
        "hold_id": None,
        "held_until": None,
    }


async def hold(
    session: AsyncSession, memory: Boards, visit_id: UUID, day: date, block: DayBlock, until: datetime
) -> dict[str, Any] | None:
    """Keep a place of a locked day for a visit that holds none, as a customer would; columns of its offer.

    None: it holds one already, or the day has no room for it any more.
    """
    try:
        async with session.begin_nested():
            facts = await facts_in(session, visit_id, day, day)
            if facts.hold is not None:
                return None
            place = await taking.write(session, await taking.find(session, memory, facts, day, block))
            there = {"team_id": place.team_id, "starts_at": place.starts_at, "ends_at": place.ends_at}
            id = await _hold(session, visit_id, {"day": day, "block": block.value, **there}, until)
    except SlotFull:
        return None
    return there | {"hold_id": id, "held_until": until}


async def _hold(session: AsyncSession, visit_id: UUID, place: Mapping[str, Any], until: datetime) -> UUID:
    """Prolonged it cannot be: the customer has had its time. It takes the place of one that ran out."""
    visit = (await session.scalars(select(Visit).where(Visit.id == visit_id))).one()
    values = {**place, "expires_at": until, "renewed": True, "held_by": actor_of(session).user_id}
    made = upsert(SlotHold).values(
        visit_id=visit.id,
        entity_id=visit.entity_id,
        channel_organization_ids=visit.channel_organization_ids,
        end_customer_contact_id=visit.end_customer_contact_id,
        **values,
    )
    kept = made.on_conflict_do_update(index_elements=["visit_id"], set_=values).returning(SlotHold.id)
    id: UUID = (await session.scalars(kept)).one()
    what = (visit.order_id, visit.position, visit.kind)
    await tell_of(session, visit, VisitHeld(*what, place["day"].isoformat(), place["block"], until.isoformat()))
    return id
