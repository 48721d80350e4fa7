"""What a quote would offer, before it is made."""

from decimal import Decimal

import strawberry

from api.reading import BigInt, Money, global_id
from domain.catalog.models import VisitKind
from domain.money import Money as Amount
from domain.quotes.draft import Offer
from domain.quotes.models import PartyRole, Requirement
from domain.quotes.offer import Line, Party, PlannedVisit


@strawberry.type(description="A line that would be offered.")
class PreviewedLine:
    position: int = strawberry.field(description="Place, from 1.")
    sku: str = strawberry.field(description="Article number.")
    description: str = strawberry.field(description="In the customer's words.")
    quantity: Decimal = strawberry.field(description="How many.")
    unit_price: Money = strawberry.field(description="Per unit, without VAT.")
    net: Money = strawberry.field(description="After discount, without VAT.")
    vat: Money = strawberry.field(description="VAT.")
    gross: Money = strawberry.field(description="With VAT.")
    payer_id: strawberry.ID = strawberry.field(description="Who would pay it.")
    payer_role: PartyRole = strawberry.field(description="As what the payer would be a party.")
    visit_position: int | None = strawberry.field(description="The visit in which it would be delivered.")


@strawberry.type(description="A party that would be asked.")
class PreviewedParty:
    contact_id: strawberry.ID = strawberry.field(description="Who.")
    role: PartyRole = strawberry.field(description="As what.")
    requirement: Requirement = strawberry.field(description="What would be asked of it.")
    requirement_reason: str = strawberry.field(description="The rule or agreement behind that.")
    net: Money = strawberry.field(description="Its lines without VAT.")
    vat: Money = strawberry.field(description="VAT of its lines.")
    gross: Money = strawberry.field(description="What it would pay.")


@strawberry.type(description="A visit that the lines would call for.")
class PreviewedVisit:
    position: int = strawberry.field(description="First or second.")
    kind: VisitKind = strawberry.field(description="What it is for.")
    minutes: int = strawberry.field(description="How long it takes.")
    skills: list[str] = strawberry.field(description="Skills that it asks for.")
    outdoor: bool = strawberry.field(description="Whether there is outdoor work.")


@strawberry.type(description="What a quote would offer.")
class QuotePreview:
    lines: list[PreviewedLine] = strawberry.field(description="All lines.")
    parties: list[PreviewedParty] = strawberry.field(description="Who would have to agree.")
    visits: list[PreviewedVisit] = strawberry.field(description="Which visits it takes.")
    valid_days: int = strawberry.field(description="Days for which it could be signed.")
    payment_terms_days: int = strawberry.field(description="Days in which is paid.")
    net: Money = strawberry.field(description="Of all lines, without VAT.")
    vat: Money = strawberry.field(description="VAT of all lines.")
    gross: Money = strawberry.field(description="Of all lines, with VAT.")
    margin: Money = strawberry.field(description="Net less what the lines cost us.")


def preview_of(offer: Offer) -> QuotePreview:
    """The offer as the API shows it; global ids of payers are those of contacts."""
    cost = sum(Amount(line.unit_cost_cents, offer.currency).times(line.quantity).cents for line in offer.lines)
    net = sum(line.net_cents for line in offer.lines)
    vat = sum(line.vat_cents for line in offer.lines)
    return QuotePreview(
        lines=[_line(line, offer.currency) for line in offer.lines],
        parties=[_party(party, offer.currency) for party in offer.parties],
        visits=[_visit(visit) for visit in offer.visits],
        valid_days=offer.valid_days,
        payment_terms_days=offer.payment_terms_days,
        net=_money(net, offer.currency),
        vat=_money(vat, offer.currency),
        gross=_money(net + vat, offer.currency),
        margin=_money(net - cost, offer.currency),
    )


def _line(line: Line, currency: str) -> PreviewedLine:
    return PreviewedLine(
        position=line.position,
        sku=line.sku,
        description=line.description,
        quantity=line.quantity,
        unit_price=_money(line.unit_price_cents, currency),
        net=_money(line.net_cents, currency),
        vat=_money(line.vat_cents, currency),
        gross=_money(line.gross_cents, currency),
        payer_id=strawberry.ID(global_id("Contact", line.payer_contact_id)),
        payer_role=line.payer_role,
        visit_position=line.visit_position,
    )


def _party(party: Party, currency: str) -> PreviewedParty:
    return PreviewedParty(
        contact_id=strawberry.ID(global_id("Contact", party.contact_id)),
        role=party.role,
        requirement=party.requirement,
        requirement_reason=party.requirement_reason,
        net=_money(party.net_cents, currency),
        vat=_money(party.vat_cents, currency),
        gross=_money(party.gross_cents, currency),
    )


def _visit(visit: PlannedVisit) -> PreviewedVisit:
    return PreviewedVisit(
        position=visit.position, kind=visit.kind, minutes=visit.minutes, skills=visit.skills, outdoor=visit.outdoor
    )


def _money(cents: int, currency: str) -> Money:
    return Money(cents=BigInt(cents), amount=Amount(cents, currency).amount, currency=currency)
