"""The parts of a quote as each audience sees them: lines, parties, foreseen visits."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, Numeric, Select, cast, func, literal_column, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB

from api import quote_amounts as explained
from api.enums import described
from api.reading import (
    Money,
    Node,
    column,
    computed_list,
    expression,
    money,
    reads,
    related,
)
from domain.catalog.models import ArticleCategory, VisitKind
from domain.money import VatClass
from domain.quotes.draft import MOST_LINES
from domain.quotes.models import LineItem as LineRow
from domain.quotes.models import PartyRole, PartyState, Requirement
from domain.quotes.models import QuoteParty as PartyRow
from domain.quotes.models import QuoteVisit as VisitRow
from tenants.audience import Audience

if TYPE_CHECKING:
    from api.catalog import Article
    from api.contacts import Address, Contact
    from api.entities import BusinessEntity
    from api.leads import Lead
    from api.orders import Order
    from api.organizations import Organization
    from api.signatures import Signature

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
AddressRef = Annotated["Address", strawberry.lazy("api.contacts")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
ArticleRef = Annotated["Article", strawberry.lazy("api.catalog")]
LeadRef = Annotated["Lead", strawberry.lazy("api.leads")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
SignatureRef = Annotated["Signature", strawberry.lazy("api.signatures")]

PARTIES = [Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.SYSTEM]
MOST_PARTIES = MOST_LINES + 2
"""The customer, the partner, and a payer for each line."""

described(
    PartyRole,
    "Why somebody is a party to a quote.",
    CUSTOMER="The end customer.",
    PARTNER="The partner whose account it is on.",
    PAYER="Another organization that pays a line.",
)
described(
    Requirement,
    "What is asked of a party before there is an order.",
    SIGN="Its signature.",
    ACKNOWLEDGE="That it takes note: it pays nothing.",
    WAIVED="Nothing, by a recorded policy.",
)
described(
    PartyState,
    "What a party has done.",
    PENDING="Nothing yet.",
    SIGNED="Signed or acknowledged.",
    DECLINED="Declined.",
    WAIVED="Nothing was asked.",
)


def hexadecimal(value: Any) -> Any:
    """Bytes as lower-case hexadecimal text."""
    return func.encode(value, literal_column("'hex'"))


# --- lines --------------------------------------------------------------------------------------------------------


@reads(LineRow)
@strawberry.interface(description="One line of a quote: what, how much, and who pays it.")
class LineItem(Node):
    position: int = column("Place in the version, from 1.")
    sku: str = column("Article number at that time.")
    description: str = column("In the customer's words.")
    category: ArticleCategory = column("Category of the article.")
    quantity: Decimal = column("How many, at most three decimals.")
    unit: str = column("Unit of the quantity.")
    serial_required: bool = column("Whether each piece is tracked by serial number.")
    visit_position: int | None = column("The visit in which it is delivered; null where it needs none.")
    payer_role: PartyRole = column("As what its payer is a party.")
    article: ArticleRef | None = related("The article.", on=lambda line, a: a.id == line.article_id)


@reads(LineRow, kind="LineItem", audiences=PARTIES)
@strawberry.interface(description="A line with what its payer pays.")
class PricedLineItem(LineItem):
    unit_price: Money = expression(
        "Per unit, without VAT.", lambda line: money(line.unit_price_cents, line.currency, explained.unit_price(line))
    )
    unit_price_including_vat: Money = expression(
        "Per unit with VAT, rounded for display; amounts are computed from the price without VAT.",
        lambda line: money(
            cast(func.round(line.unit_price_cents * (100 + line.vat_rate) / 100), BigInteger),
            line.currency,
            explained.unit_price_with_vat(line),
        ),
    )
    discount_percent: Decimal = column("Discount, 0 to 100.")
    vat_class: VatClass = column("How VAT is charged.")
    vat_rate: Decimal = column("VAT in percent at the time of the version.")
    net: Money = expression(
        "After discount, without VAT.", lambda line: money(line.net_cents, line.currency, explained.net(line))
    )
    vat: Money = expression("VAT of the line.", lambda line: money(line.vat_cents, line.currency, explained.vat(line)))
    gross: Money = expression(
        "Net and VAT together.", lambda line: money(line.gross_cents, line.currency, explained.gross(line))
    )
    payer: ContactRef | None = related("Who pays it.", on=lambda line, c: c.id == line.payer_contact_id)


@reads(LineRow, kind="LineItem", audiences=[Audience.STAFF, Audience.PARTNER, Audience.TECHNICIAN, Audience.SYSTEM])
@strawberry.interface(description="A line with what installers need to know.")
class TechnicalLineItem(LineItem):
    technical_description: str = column("In an installer's words.")
    skills: list[str] = column("Skills that the work asks for.")
    install_minutes: int = column("Minutes of work per unit.")


@reads(LineRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="A line as staff see it: with what it costs us.")
class StaffLineItem(PricedLineItem, TechnicalLineItem):
    unit_cost: Money = expression(
        "What one unit costs us.", lambda line: money(line.unit_cost_cents, line.currency, explained.unit_cost(line))
    )
    margin: Money = expression(
        "Net amount less cost.",
        lambda line: money(line.net_cents - cost_of(line), line.currency, explained.margin(line, cost_of(line))),
    )


@reads(LineRow, audiences=[Audience.PARTNER])
@strawberry.type(description="A line that the partner or an organization below it pays.")
class PartnerLineItem(PricedLineItem, TechnicalLineItem):
    pass


@reads(LineRow, audiences=[Audience.CUSTOMER])
@strawberry.type(description="A line that the customer pays.")
class CustomerLineItem(PricedLineItem):
    pass


@reads(LineRow, audiences=[Audience.TECHNICIAN])
@strawberry.type(description="A line of an order as the team sees it: no prices.")
class TechnicianLineItem(TechnicalLineItem):
    pass


def cost_of(line: Any) -> Any:
    """Cost of a line in cents, rounded once."""
    return cast(func.round(line.unit_cost_cents * line.quantity), BigInteger)


# --- parties and visits -------------------------------------------------------------------------------------------


@reads(None)
@strawberry.type(description="The part of an amount that is charged at one VAT rate.")
class VatShare:
    vat_class: VatClass = column("How VAT is charged.")
    rate: Decimal = column("In percent.")
    net: Money = expression("Without VAT.", lambda g: money(g.net_cents, g.currency, explained.share("net", g)))
    vat: Money = expression("The VAT.", lambda g: money(g.vat_cents, g.currency, explained.share("vat", g)))
    gross: Money = expression(
        "Net and VAT together.", lambda g: money(g.gross_cents, g.currency, explained.share("gross", g))
    )


def _vat_shares(party: Any) -> Select[Any]:
    shares = func.jsonb_array_elements(party.vat_breakdown)
    share = shares.table_valued(sql_column("value", JSONB), with_ordinality="place", name="share").render_derived()
    value = share.c.value
    amounts = (cast(value[name].astext, BigInteger).label(name) for name in ("net_cents", "vat_cents", "gross_cents"))
    return select(
        value["vat_class"].astext.label("vat_class"),
        cast(value["rate"].astext, Numeric).label("rate"),
        *amounts,
        party.currency.label("currency"),
        party.quote_version_id.label("version_id"),
        party.contact_id.label("payer_id"),
    ).order_by(share.c.place)


@reads(PartyRow, audiences=PARTIES)
@strawberry.type(description="Somebody who is asked to agree to a version, and what it pays.")
class QuoteParty(Node):
    role: PartyRole = column("As what it takes part.")
    requirement: Requirement = column("What is asked of it.")
    requirement_reason: str = column("The rule or agreement behind that.")
    state: PartyState = column("What it has done.")
    acted_at: datetime | None = column("When it did.")
    net: Money = expression(
        "Its lines without VAT.", lambda p: money(p.net_cents, p.currency, explained.party("net", p))
    )
    vat: Money = expression("VAT of its lines.", lambda p: money(p.vat_cents, p.currency, explained.party("vat", p)))
    gross: Money = expression("What it pays.", lambda p: money(p.gross_cents, p.currency, explained.party("gross", p)))
    vat_shares: list[VatShare] = computed_list("Its total by VAT rate.", _vat_shares, limit=20)
    salt: str = expression(
        "Hexadecimal; opens the party's commitment in the head of the document.", lambda p: hexadecimal(p.salt)
    )
    contact: ContactRef | None = related("Who it is.", on=lambda p, c: c.id == p.contact_id)
    signature: SignatureRef | None = related("What it signed.", on=lambda p, s: s.quote_party_id == p.id)


@reads(VisitRow, audiences=PARTIES)
@strawberry.type(description="A visit that the lines of a version call for.")
class PlannedVisit(Node):
    position: int = column("First or second.")
    kind: VisitKind = column("What it is for.")
    minutes: int = column("How long it takes.")
    skills: list[str] = column("Skills that it asks for.")
    outdoor: bool = column("Whether there is outdoor work.")
