"""What a quote would offer, before it is made."""

from collections.abc import Sequence
from decimal import Decimal

import strawberry

from api.explained_amounts import Input, amount_of, recorded
from api.reading import Money, global_id
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


def preview_of(offer: Offer, language: str) -> QuotePreview:
    """The offer as the API shows it; global ids of payers are those of contacts."""
    currency, lines = offer.currency, offer.lines
    cost = sum(Amount(line.unit_cost_cents, offer.currency).times(line.quantity).cents for line in offer.lines)
    net = sum(line.net_cents for line in offer.lines)
    vat = sum(line.vat_cents for line in offer.lines)
    return QuotePreview(
        lines=[_line(line, currency, language) for line in lines],
        parties=[_party(party, lines, currency, language) for party in offer.parties],
        visits=[_visit(visit) for visit in offer.visits],
        valid_days=offer.valid_days,
        payment_terms_days=offer.payment_terms_days,
        net=_sum("offer", "net", net, lines, currency, language),
        vat=_sum("offer", "vat", vat, lines, currency, language),
        gross=_sum("offer", "gross", net + vat, lines, currency, language),
        margin=amount_of(net - cost, currency, "offer.margin", [("net", net), ("cost", cost)], language),
    )


def _line(line: Line, currency: str, language: str) -> PreviewedLine:
    net, vat = ("net", line.net_cents), ("vat", line.vat_cents)
    priced: list[Input] = [
        ("unitPrice", line.unit_price_cents),
        ("quantity", line.quantity),
        ("discountPercent", line.discount_percent),
    ]
    return PreviewedLine(
        position=line.position,
        sku=line.sku,
        description=line.description,
        quantity=line.quantity,
        unit_price=recorded(line.unit_price_cents, currency, "line.unitPrice", language, _article(line)),
        net=amount_of(line.net_cents, currency, "line.net", priced, language),
        vat=amount_of(line.vat_cents, currency, "line.vat", [net, ("vatRate", line.vat_rate)], language),
        gross=amount_of(line.gross_cents, currency, "line.gross", [net, vat], language),
        payer_id=strawberry.ID(global_id("Contact", line.payer_contact_id)),
        payer_role=line.payer_role,
        visit_position=line.visit_position,
    )


def _article(line: Line) -> str:
    return str(global_id("Article", line.article_id))


def _sum(whose: str, amount: str, cents: int, lines: Sequence[Line], currency: str, language: str) -> Money:
    inputs = [(amount, int(getattr(line, f"{amount}_cents"))) for line in lines]
    return amount_of(cents, currency, f"{whose}.{amount}", inputs, language)


def _party(party: Party, lines: Sequence[Line], currency: str, language: str) -> PreviewedParty:
    own = [line for line in lines if line.payer_contact_id == party.contact_id]
    return PreviewedParty(
        contact_id=strawberry.ID(global_id("Contact", party.contact_id)),
        role=party.role,
        requirement=party.requirement,
        requirement_reason=party.requirement_reason,
        net=_sum("party", "net", party.net_cents, own, currency, language),
        vat=_sum("party", "vat", party.vat_cents, own, currency, language),
        gross=_sum("party", "gross", party.gross_cents, own, currency, language),
    )


def _visit(visit: PlannedVisit) -> PreviewedVisit:
    return PreviewedVisit(
        position=visit.position, kind=visit.kind, minutes=visit.minutes, skills=visit.skills, outdoor=visit.outdoor
    )
