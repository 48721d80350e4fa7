"""What is on a quote: articles that go together, priced, divided over payers and visits by the rules of the domain."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chargecars.demo.agreements import policy_of
from chargecars.demo.articles import Catalog, Item
from chargecars.demo.draw import Draw
from chargecars.demo.plan import QuotePlan
from domain.agreements.service import propose_payer
from domain.catalog.models import ArticleCategory, VisitKind
from domain.money import VatClass
from domain.numbering.service import AMSTERDAM
from domain.quotes import pricing, visits
from domain.quotes.draft import Offer
from domain.quotes.models import PartyRole
from domain.quotes.offer import Line
from domain.quotes.parties import Roles, parties

_SALT_BYTES = 32
_INSTALLATION = (ArticleCategory.CHARGING_STATION, ArticleCategory.INSTALLATION_SERVICE)
_METER_BOX = ("MTR-3P-25A", "MTR-1P-40A")
_SURVEY = "SURV-HOME"


@dataclass(frozen=True)
class Deal:
    """The parties of one quote: customer and account with its chain, and another payer."""

    plan: QuotePlan
    catalog: Catalog
    customer_id: UUID
    account_id: UUID | None
    chain: list[UUID]

    @classmethod
    def of(cls, plan: QuotePlan, catalog: Catalog) -> "Deal":
        partner = plan.partner
        account_id = partner.id if partner else None
        customer_id = plan.customer.id if plan.customer else account_id
        assert customer_id is not None, "a quote without a customer is for a partner"
        return cls(plan, catalog, customer_id, account_id, partner.chain if partner else [])

    @property
    def roles(self) -> Roles:
        chains = {self.account_id: self.chain} if self.account_id else {}
        if self.plan.payer:
            chains[self.plan.payer.id] = self.plan.payer.chain
        return Roles(self.customer_id, self.account_id, chains)


@dataclass(frozen=True)
class Content:
    """Articles of a version, with how many of each, and the visits that they call for."""

    chosen: list[tuple[Item, Decimal]]
    planned: visits.Visits


def draw_content(plan: QuotePlan, catalog: Catalog, number: int) -> Content:
    """What is on version `number` of a quote: the same whenever it is asked, since visits are planned by it as well."""
    draw = Draw(f"{plan.number} {number}")
    chosen = [(item, _quantity(draw, plan, item)) for item in _choose(draw, plan, catalog, plan.lines[number - 1])]
    works = [_work(n, item, quantity) for n, (item, quantity) in enumerate(chosen, start=1)]
    return Content(chosen, visits.derive(works))


def draw_offer(draw: Draw, deal: Deal, number: int, at: datetime) -> Offer:
    """The offer of a version, as `domain.quotes.draft` would have made it."""
    plan = deal.plan
    content = draw_content(plan, deal.catalog, number)
    chosen, planned = content.chosen, content.planned
    agreement = plan.partner.agreements[plan.entity.id] if plan.partner else None
    roles, lines = deal.roles, []
    for position, (item, quantity) in enumerate(chosen, start=1):
        payer = propose_payer(agreement, item.category, deal.customer_id, deal.account_id)
        payer = plan.payer.id if plan.payer and position == 1 else payer
        lines.append(_line(draw, deal, position, item, quantity, payer, roles, planned.of_line.get(position), at))
    found = parties(lines, pricing.totals_of(lines, "EUR"), roles, policy_of(agreement))
    for party in found:
        party.salt = draw.bytes(_SALT_BYTES)
    return Offer(
        lines=lines,
        parties=found,
        visits=list(planned.planned),
        valid_days=(agreement and agreement.quote_valid_days) or 30,
        payment_terms_days=(agreement and agreement.payment_terms_days) or 14,
    )


def asked(offer: Offer) -> list[PartyRole]:
    """Roles of the parties that have to act."""
    return [party.role for party in offer.parties if party.state == "PENDING"]


# --- articles that go together ------------------------------------------------------------------------------------


def _choose(draw: Draw, plan: QuotePlan, catalog: Catalog, count: int) -> list[Item]:
    """First what the visits are for, then whatever fits beside it."""
    if plan.entity.wholesale:
        return draw.several(list(catalog.items.values()), count)
    core = _core(draw, plan, catalog)[:count]
    kinds = {item.visit_kind for item in core} | {None}
    rest = [item for item in catalog.items.values() if item.visit_kind in kinds and item not in core]
    rest = [item for item in rest if item.sku not in (*_METER_BOX, _SURVEY) and item.category not in _INSTALLATION]
    return [*core, *draw.several(rest, count - len(core))]


def _core(draw: Draw, plan: QuotePlan, catalog: Catalog) -> list[Item]:
    items = catalog.items
    if plan.entity.sells_meter_boxes:
        before, main = [items[_SURVEY]], [items[draw.one(_METER_BOX)]]
    else:
        stations = [item for item in items.values() if item.category == ArticleCategory.CHARGING_STATION]
        before = [items[_SURVEY] if draw.uniform() < 0.5 else items[draw.one(_METER_BOX)]]
        main = [items[draw.one(("INST-BASIC-1P", "INST-BASIC-3P"))], draw.one(stations)]
    return [*before[: plan.visits - 1], *main]


def _quantity(draw: Draw, plan: QuotePlan, item: Item) -> Decimal:
    if plan.entity.wholesale:
        return Decimal(draw.integer(1, 20))
    if item.unit == "meter":
        return Decimal(draw.integer(6, 60)) / 2
    return Decimal(2 if item.category == ArticleCategory.METER_BOX_MODULE and draw.uniform() < 0.15 else 1)


# --- lines --------------------------------------------------------------------------------------------------------


def _work(position: int, item: Item, quantity: Decimal) -> visits.Work:
    kind = VisitKind(item.visit_kind) if item.visit_kind else None
    return visits.Work(position, kind, quantity, item.minutes, item.skills, item.outdoor)


def _line(
    draw: Draw,
    deal: Deal,
    position: int,
    item: Item,
    quantity: Decimal,
    payer: UUID,
    roles: Roles,
    visit: int | None,
    at: datetime,
) -> Line:
    price = deal.catalog.price(item, deal.chain)
    discount = Decimal(draw.one((5, 10))) if draw.uniform() < 0.08 else Decimal(0)
    day = at.astimezone(AMSTERDAM).date()
    return Line(
        position=position,
        article_id=item.id,
        sku=item.sku,
        description=item.name,
        technical_description=item.technical,
        category=item.category,
        quantity=quantity,
        unit=item.unit,
        unit_price_cents=price,
        discount_percent=discount,
        vat_class=VatClass.STANDARD.value,
        unit_cost_cents=item.cost,
        payer_contact_id=payer,
        payer_role=roles.of(payer),
        payer_chain_ids=roles.chain(payer),
        visit_position=visit,
        serial_required=item.serial,
        skills=list(item.skills),
        install_minutes=item.minutes,
        salt=draw.bytes(_SALT_BYTES),
        **pricing.amounts(quantity, price, "EUR", VatClass.STANDARD, day, discount),
    )
