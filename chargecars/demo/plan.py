"""What happened when: every quote with its customer, its lead, its versions and its orders, before a row is written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from chargecars.demo.agreements import acts
from chargecars.demo.contacts import Customer, Partner
from chargecars.demo.courses import Course, draw_course
from chargecars.demo.draw import Draw, Wheel
from chargecars.demo.figures import Figures, shared
from chargecars.demo.fulfilment import OrderPlan
from chargecars.demo.tenants import Entity
from chargecars.demo.world import World
from domain.quotes.models import PartyRole, QuoteStatus

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_OTHERWISE: dict[QuoteStatus, float] = {
    QuoteStatus.DRAFT: 0.12,
    QuoteStatus.SENT: 0.30,
    QuoteStatus.PARTIALLY_SIGNED: 0.13,
    QuoteStatus.DECLINED: 0.18,
    QuoteStatus.EXPIRED: 0.17,
    QuoteStatus.WITHDRAWN: 0.10,
}
"""Of the quotes that did not become an order."""
OPEN = (QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)
_THIRD_PAYERS = 0.02
_LINES = {2: 0.12, 3: 0.22, 4: 0.28, 5: 0.20, 6: 0.12, 7: 0.06}
FEWEST_LINES, MOST_LINES = 2, 8


@dataclass(slots=True)
class QuotePlan:
    """One quote; `partner` has the account, `payer` is another organization that pays a line."""

    entity: Entity
    status: QuoteStatus
    course: Course
    at: datetime
    partner: Partner | None
    payer: Partner | None
    roles: list[PartyRole]
    """Of the parties that have to act."""
    number: str = ""
    customer: Customer | None = None
    """None where a wholesale partner buys for itself."""
    lead_at: datetime | None = None
    lead_id: UUID | None = None
    lead_number: str | None = None
    partner_order_id: str | None = None
    visits: int = 0
    lines: list[int] = field(default_factory=list)
    """How many, by version."""
    orders: list[OrderPlan] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime:
        """When the last of it happened; where it was agreed to, that made the order."""
        return self.at + self.course.end


def draw_quotes(world: World, figures: Figures) -> list[QuotePlan]:
    """All quotes in order of time, without their customers."""
    draw = world.draw("quotes")
    wheels = {entity.id: _wheel(draw, world.partners, entity) for entity in world.entities}
    others = Wheel(draw, range(len(world.partners)), [1.0] * len(world.partners))
    plans = []
    for entity, status in _kinds(draw, world, figures):
        partner = world.partners[wheels[entity.id].spin()] if _through_partners(entity) else None
        payer = world.partners[others.spin()] if entity.requires_partner and draw.uniform() < _THIRD_PAYERS else None
        plans.append(_quote(draw, world, entity, status, partner, payer))
    plans.sort(key=lambda plan: plan.at)
    _name_partner_orders(draw, plans)
    return plans


def _through_partners(entity: Entity) -> bool:
    return entity.requires_partner or entity.wholesale


def _wheel(draw: Draw, partners: list[Partner], entity: Entity) -> Wheel:
    those = [i for i, partner in enumerate(partners) if entity in partner.entities]
    return Wheel(draw, those or [0], [partners[i].weight for i in those] or [1.0])


def _kinds(draw: Draw, world: World, figures: Figures) -> list[tuple[Entity, QuoteStatus]]:
    """Entity and status of every quote, in exact proportion."""
    shares = [entity.share for entity in world.entities]
    ordered = shared(figures.ordered_quotes, shares)
    others = shared(figures.quotes - figures.ordered_quotes, shares)
    kinds = []
    for entity, with_order, without in zip(world.entities, ordered, others, strict=True):
        kinds += [(entity, QuoteStatus.ORDERED)] * with_order
        for status, count in zip(_OTHERWISE, shared(without, list(_OTHERWISE.values())), strict=True):
            kinds += [(entity, _possible(entity, status))] * count
    return draw.several(kinds, len(kinds))


def _possible(entity: Entity, status: QuoteStatus) -> QuoteStatus:
    """Only where two parties sign can one have signed."""
    lone = status is QuoteStatus.PARTIALLY_SIGNED and not entity.requires_partner
    return QuoteStatus.SENT if lone else status


def _quote(
    draw: Draw, world: World, entity: Entity, status: QuoteStatus, partner: Partner | None, payer: Partner | None
) -> QuotePlan:
    if status is QuoteStatus.PARTIALLY_SIGNED and not (partner and acts(partner.agreements[entity.id])):
        partner = world.partners[0]
    payer = None if payer is partner or (payer and entity not in payer.entities) else payer
    roles = _roles(entity, partner, payer)
    course = draw_course(draw, status, roles)
    return QuotePlan(entity, status, course, _made_at(draw, world, status, course), partner, payer, roles)


def _roles(entity: Entity, partner: Partner | None, payer: Partner | None) -> list[PartyRole]:
    if entity.wholesale:
        return [PartyRole.PARTNER]
    signs = partner is not None and acts(partner.agreements[entity.id])
    return [PartyRole.CUSTOMER, *([PartyRole.PARTNER] if signs else []), *([PartyRole.PAYER] if payer else [])]


def _made_at(draw: Draw, world: World, status: QuoteStatus, course: Course) -> datetime:
    """Open quotes are of the last days, so that they can still be signed for some weeks."""
    if status in OPEN:
        return world.now - course.end - draw.between(_HOUR, 9 * _DAY)
    margin = 60 * _DAY if status is QuoteStatus.EXPIRED else _HOUR
    return draw.moment(world.since, world.now - course.end - margin)


def _name_partner_orders(draw: Draw, plans: list[QuotePlan]) -> None:
    """The partner's own order id on most quotes that came through a partner; unique per partner."""
    last: Counter[str] = Counter()
    for plan in plans:
        if plan.entity.requires_partner and plan.partner and draw.uniform() < 0.6:
            last[plan.partner.code] += 1
            mark = plan.partner.code.replace("partner-", "P").upper()[:6]
            plan.partner_order_id = f"{mark}-{plan.at.year}-{last[plan.partner.code]:06d}"


def count_signatures(plans: list[QuotePlan]) -> int:
    return sum(len(plan.course.acts) for plan in plans)


def spread_visits(draw: Draw, plans: list[QuotePlan], figures: Figures) -> None:
    """One visit or two for every quote with work; the ordered ones together call for exactly the visits there are."""
    ordered = [plan for plan in plans if plan.status is QuoteStatus.ORDERED and not plan.entity.wholesale]
    twice = figures.visits - len(ordered)
    if not 0 <= twice <= len(ordered):
        raise ValueError(f"{len(ordered)} orders cannot have {figures.visits} visits")
    for plan in plans:
        plan.visits = 0 if plan.entity.wholesale else 1 + (draw.uniform() < twice / len(ordered))
    for place, plan in enumerate(draw.several(ordered, len(ordered))):
        plan.visits = 2 if place < twice else 1


def spread_lines(draw: Draw, plans: list[QuotePlan], figures: Figures) -> None:
    """Line counts for every version that add up to what the total asks for."""
    wanted = figures.line_items(count_signatures(plans))
    versions = sum(plan.course.versions for plan in plans)
    if not FEWEST_LINES * versions <= wanted <= MOST_LINES * versions:
        raise ValueError(f"{versions} versions cannot have {wanted} lines")
    counts = [draw.weighted(_LINES) for _ in range(versions)]
    missing = wanted - sum(counts)
    while missing:
        place, step = draw.integer(0, versions - 1), 1 if missing > 0 else -1
        if FEWEST_LINES <= counts[place] + step <= MOST_LINES:
            counts[place] += step
            missing -= step
    taken = iter(counts)
    for plan in plans:
        plan.lines = [next(taken) for _ in range(plan.course.versions)]
