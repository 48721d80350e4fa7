"""Who the quotes were made for, which of them began as a lead, and everybody else who is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chargecars.demo.contacts import Customer, Partner, draw_customer
from chargecars.demo.draw import Draw, Wheel
from chargecars.demo.figures import Figures, shared
from chargecars.demo.people import CUSTOMER_MAILBOX
from chargecars.demo.plan import OPEN, QuotePlan
from chargecars.demo.tenants import Entity
from chargecars.demo.world import World
from domain.contacts.models import Lifecycle
from domain.leads.models import LeadStatus
from domain.quotes.models import QuoteStatus

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_COMES_BACK = 0.08
_NOBODY = UUID(int=0)
_LEADS: dict[LeadStatus, float] = {
    LeadStatus.CONVERTED: 0.38,
    LeadStatus.QUOTED: 0.10,
    LeadStatus.QUALIFIED: 0.14,
    LeadStatus.NEW: 0.09,
    LeadStatus.INTAKE: 0.09,
    LeadStatus.DISQUALIFIED: 0.20,
}
_RECENT = {
    LeadStatus.NEW: 6 * _DAY,
    LeadStatus.INTAKE: 12 * _DAY,
    LeadStatus.QUALIFIED: 15 * _DAY,
}
"""How old a lead in this status is at most, where no quote says so."""
_WITHOUT_A_QUOTE = {Lifecycle.CUSTOMER: 0.40, Lifecycle.INACTIVE: 0.35, Lifecycle.PROSPECT: 0.25}


@dataclass(slots=True)
class LeadPlan:
    """One lead; with the quote that came of it, or without."""

    status: LeadStatus
    at: datetime
    entity: Entity
    partner: Partner | None
    quote: QuotePlan | None = None
    customer: Customer | None = None
    id: UUID = _NOBODY
    number: str = ""


@dataclass
class Demand:
    """Customers and leads, both in order of time."""

    customers: list[Customer]
    leads: list[LeadPlan]


def draw_demand(world: World, figures: Figures, plans: list[QuotePlan]) -> Demand:
    """Give the quotes their leads and customers, and make up everybody else."""
    draw = world.draw("demand")
    leads = _draw_leads(draw, world, figures, plans)
    customers = _Customers(draw, world)
    _pin_customer(customers, plans)
    for plan in plans:
        if not plan.entity.wholesale and plan.customer is None:
            plan.customer = customers.of_quote(plan)
    for lead in leads:
        lead.customer = (lead.quote and lead.quote.customer) or customers.of_lead(lead)
    customers.fill(figures.customers, plans)
    leads.sort(key=lambda lead: lead.at)
    for lead in leads:
        lead.id = draw.id(lead.at)
    return Demand(sorted(customers.all, key=lambda customer: customer.at), leads)


# --- leads --------------------------------------------------------------------------------------------------------


def _draw_leads(draw: Draw, world: World, figures: Figures, plans: list[QuotePlan]) -> list[LeadPlan]:
    wheel = Wheel(draw, range(len(world.partners)), [p.weight for p in world.partners])
    leads: list[LeadPlan] = []
    for status, count in zip(_LEADS, shared(figures.leads, list(_LEADS.values())), strict=True):
        quotes = _fitting(draw, plans, status, count)
        leads += [_lead_of(draw, status, plan) for plan in quotes]
        leads += [_lone_lead(draw, world, wheel, status) for _ in range(count - len(quotes))]
    return leads


def _fitting(draw: Draw, plans: list[QuotePlan], status: LeadStatus, count: int) -> list[QuotePlan]:
    """Quotes that leave their lead in this status."""
    wanted: dict[LeadStatus, tuple[QuoteStatus, ...]] = {
        LeadStatus.CONVERTED: (QuoteStatus.ORDERED,),
        LeadStatus.QUOTED: OPEN,
        LeadStatus.QUALIFIED: (QuoteStatus.DECLINED, QuoteStatus.WITHDRAWN),
    }
    kept = count if status is not LeadStatus.QUALIFIED else count // 2
    those = [plan for plan in plans if plan.status in wanted.get(status, ()) and not plan.entity.wholesale]
    return draw.several(those, min(kept, len(those)))


def _lead_of(draw: Draw, status: LeadStatus, plan: QuotePlan) -> LeadPlan:
    plan.lead_at = plan.at - draw.between(_HOUR, 6 * _DAY)
    return LeadPlan(status, plan.lead_at, plan.entity, plan.partner, quote=plan)


def _lone_lead(draw: Draw, world: World, wheel: Wheel, status: LeadStatus) -> LeadPlan:
    """Of those in the first steps only the last days'; a converted one without its quote does not exist."""
    status = LeadStatus.NEW if status in (LeadStatus.CONVERTED, LeadStatus.QUOTED) else status
    at = draw.moment(world.now - _RECENT.get(status, world.now - world.since), world.now - _HOUR)
    entity = draw.weighted({entity.code: entity.share for entity in world.entities if not entity.wholesale})
    home = next(each for each in world.entities if each.code == entity)
    partner = world.partners[_selling(wheel, world, home)] if home.requires_partner else None
    return LeadPlan(status, at, home, partner)


def _selling(wheel: Wheel, world: World, entity: Entity) -> int:
    while entity not in world.partners[place := wheel.spin()].entities:
        pass
    return place


# --- customers ----------------------------------------------------------------------------------------------------


class _Customers:
    """Draws customers, and remembers them so that some come back."""

    def __init__(self, draw: Draw, world: World) -> None:
        self._draw, self._world = draw, world
        self._known: dict[tuple[UUID, UUID | None], list[Customer]] = {}
        self.all: list[Customer] = []

    def of_quote(self, plan: QuotePlan) -> Customer:
        """Somebody who was a customer before, or somebody new; from before the lead."""
        known = self._known.setdefault((plan.entity.id, plan.partner.id if plan.partner else None), [])
        if known and plan.lead_at is None and self._draw.uniform() < _COMES_BACK:
            return self._draw.one(known)
        began = plan.lead_at or plan.at - self._draw.between(5 * _MINUTE, 3 * _DAY)
        customer = self._draw_one(plan.entity, plan.partner, began)
        known.append(customer)
        return customer

    def of_lead(self, lead: LeadPlan) -> Customer:
        return self._draw_one(lead.entity, lead.partner, lead.at)

    def fill(self, wanted: int, plans: list[QuotePlan]) -> None:
        """Say what everybody is by their quotes, and add people whose business was before the platform's time."""
        _set_lifecycles(self._draw, plans)
        if len(self.all) > wanted:
            raise ValueError(f"{wanted} customers are too few for {len(self.all)} with quotes or leads")
        entities = [entity for entity in self._world.entities if not entity.wholesale]
        wheel = Wheel(self._draw, range(len(entities)), [entity.share for entity in entities])
        selling = [partner for partner in self._world.partners if entities[0] in partner.entities]
        while len(self.all) < wanted:
            entity = entities[wheel.spin()]
            partner = self._draw.one(selling) if entity.requires_partner else None
            customer = self._draw_one(entity, partner, self._draw.moment(self._world.since, self._world.now))
            customer.lifecycle = self._draw.weighted(_WITHOUT_A_QUOTE)

    def _draw_one(self, entity: Entity, partner: Partner | None, at: datetime) -> Customer:
        customer = draw_customer(self._draw, len(self.all) + 1, entity, partner, Lifecycle.LEAD, at)
        self.all.append(customer)
        return customer


def _set_lifecycles(draw: Draw, plans: list[QuotePlan]) -> None:
    """As the services advance it; who was sent a quote has a login to sign with."""
    for plan in plans:
        customer = plan.customer
        if customer is None or not plan.course.sent:
            continue
        customer.user_id = customer.user_id or draw.id(customer.at)
        if plan.status is QuoteStatus.ORDERED:
            customer.lifecycle = Lifecycle.CUSTOMER
        elif customer.lifecycle == Lifecycle.LEAD:
            customer.lifecycle = Lifecycle.PROSPECT


def _pin_customer(customers: _Customers, plans: list[QuotePlan]) -> None:
    """The customer whose login is printed: an old order, a recent one, and two quotes to sign."""
    own = [plan for plan in plans if plan.entity.code == "LT"]
    ordered = [plan for plan in own if plan.status is QuoteStatus.ORDERED]
    ordered.sort(key=lambda plan: plan.ended_at)
    to_sign = [plan for plan in own if plan.status is QuoteStatus.SENT][-2:]
    chosen = sorted([*ordered[len(ordered) // 2 :][:1], *ordered[-9:-8], *to_sign], key=lambda plan: plan.at)
    if not chosen:
        return
    customer = customers.of_quote(chosen[0])
    customer.email, customer.password = CUSTOMER_MAILBOX, True
    for plan in chosen:
        plan.customer = customer
