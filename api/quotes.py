"""Quotes as each audience sees them: one set of lines, and to each party only its own."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ARRAY, BigInteger, Select, Text, case, cast, func, select, true
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.scalars import JSON

from api import quote_amounts as explained
from api.enums import described
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.quote_parts import (
    MOST_PARTIES,
    PARTIES,
    CustomerLineItem,
    LineItem,
    PartnerLineItem,
    PlannedVisit,
    QuoteParty,
    StaffLineItem,
    TechnicianLineItem,
    cost_of,
    hexadecimal,
)
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    column,
    computed,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.quotes.draft import MOST_LINES
from domain.quotes.models import LineItem as LineRow
from domain.quotes.models import PartyRole, QuoteStatus
from domain.quotes.models import Quote as QuoteRow
from domain.quotes.models import QuoteParty as PartyRow
from domain.quotes.models import QuoteVersion as VersionRow
from domain.quotes.models import QuoteVisit as VisitRow
from tenants.audience import Audience
from tenants.permissions import Permission

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

described(
    QuoteStatus,
    "Where a quote is in its life.",
    DRAFT="Being made; only staff see it.",
    SENT="Offered; nobody has signed yet.",
    PARTIALLY_SIGNED="Signed by some of its parties.",
    ORDERED="Signed by all who were asked; there is an order.",
    DECLINED="A party declined it.",
    EXPIRED="Not signed in time.",
    WITHDRAWN="Taken back by us.",
)
# --- versions -----------------------------------------------------------------------------------------------------


@reads(None)
@strawberry.type(description="What the visits of a version take of our teams.")
class ResourcePreview:
    visits: int = column("How many visits.")
    minutes: int = column("All minutes of work together.")
    skills: list[str] = column("All skills that are asked for.")
    outdoor: bool = column("Whether there is outdoor work.")


def _resources(version: Any) -> Select[Any]:
    visits = VisitRow.__table__.alias()
    skill = func.unnest(visits.c.skills).table_valued("skill", name="skill").render_derived()
    own = visits.c.quote_version_id == version.id
    skills = select(skill.c.skill).select_from(visits.join(skill, true())).where(own).distinct().order_by(skill.c.skill)
    return select(
        func.count().label("visits"),
        func.coalesce(func.sum(visits.c.minutes), 0).label("minutes"),
        func.array(skills.scalar_subquery(), type_=ARRAY(Text())).label("skills"),
        func.coalesce(func.bool_or(visits.c.outdoor), False).label("outdoor"),
    ).where(own)


def total_of(column_name: str, version_id: Any, currency: Any, whose: str) -> Any:
    """Money: the sum over the parties that the actor sees; `whose` is `quote` or `order`."""
    party = PartyRow.__table__.alias()
    amount = func.coalesce(func.sum(party.c[column_name]), 0)
    cents = select(cast(amount, BigInteger)).where(party.c.quote_version_id == version_id).scalar_subquery()
    return money(cents, currency, explained.total(whose, column_name, version_id))


@reads(VersionRow, audiences=PARTIES)
@strawberry.type(description="What was offered at one time; once sent it never changes.")
class QuoteVersion(Node):
    number: int = column("From 1.")
    reason: str = column("Why it replaced the one before; empty for the first.")
    terms: str = column("The terms that hold.")
    consent_text: str = column("What a signer agrees to.")
    payment_terms_days: int = column("Days in which is paid.")
    valid_days: int = column("Days for which it may be signed once sent.")
    document_hash: str | None = expression(
        "Hexadecimal; what is signed, and what `verifyDocument` takes. Null for a draft.",
        lambda v: hexadecimal(v.document_hash),
    )
    head: JSON | None = column("The head of the document, of which the document hash is made.")
    sent_at: datetime | None = column("When it was sent; null for a draft.")
    expires_at: datetime | None = column("Until when it may be signed, not included.")
    superseded_at: datetime | None = column("When a later version took its place.")
    created_at: datetime = column("When it was made.")
    lines: list[LineItem] = related_list(
        "The lines that you may see.",
        on=lambda v, line: line.quote_version_id == v.id,
        order_by=lambda line: line.position,
        limit=MOST_LINES,
    )
    parties: list[QuoteParty] = related_list(
        "The parties that you may see.",
        on=lambda v, p: p.quote_version_id == v.id,
        order_by=lambda p: p.role,
        limit=MOST_PARTIES,
    )
    visits: list[PlannedVisit] = related_list(
        "The visits that it calls for.", on=lambda v, p: p.quote_version_id == v.id, order_by=lambda p: p.position
    )
    signatures: list[SignatureRef] = related_list(
        "The signatures that you may see, in order of time.",
        on=lambda v, s: s.quote_version_id == v.id,
        order_by=lambda s: s.chain_position,
        limit=MOST_PARTIES,
    )
    resources: ResourcePreview | None = computed("What it takes of our teams.", _resources)


# --- quotes -------------------------------------------------------------------------------------------------------


def in_force(quote: Any) -> Any:
    """Key of the version in force, or of the first draft."""
    version = VersionRow.__table__.alias()
    own = (version.c.quote_id == quote.id) & (version.c.number == quote.current_version)
    return select(version.c.id).where(own).scalar_subquery()


@reads(QuoteRow, source=by_entity_or_channel("quote"))
@strawberry.interface(description="An offer over its life.")
class Quote(Node):
    number: str = column("Human number, such as `CC-Q-2026-00012`.")
    status: QuoteStatus = column("Where it is in its life.")
    pending_parties: list[PartyRole] = column("Roles of those who have yet to act; one entry per party.")
    current_version: int = column("Number of the version in force.")
    currency: str = column("ISO 4217 code.")
    sent_at: datetime | None = column("When the version in force was sent.")
    expires_at: datetime | None = column("Until when it may be signed, not included.")
    closed_at: datetime | None = column("When it was ordered or ended.")
    close_reason: str | None = column("Why we withdrew it.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    net: Money = expression(
        "Without VAT, over the parties that you may see.",
        lambda q: total_of("net_cents", in_force(q), q.currency, "quote"),
    )
    vat: Money = expression(
        "VAT, over the parties that you may see.", lambda q: total_of("vat_cents", in_force(q), q.currency, "quote")
    )
    gross: Money = expression(
        "With VAT, over the parties that you may see.",
        lambda q: total_of("gross_cents", in_force(q), q.currency, "quote"),
    )
    version: QuoteVersion | None = related(
        "The version in force, or the first draft.",
        on=lambda q, v: (v.quote_id == q.id) & (v.number == q.current_version),
    )
    versions: list[QuoteVersion] = related_list(
        "All versions that you may see, newest first.",
        on=lambda q, v: v.quote_id == q.id,
        order_by=lambda v: v.number.desc(),
    )
    lines: list[LineItem] = related_list(
        "The lines in force that you may see.",
        on=lambda q, line: line.quote_version_id == in_force(q),
        order_by=lambda line: line.position,
        limit=MOST_LINES,
    )
    parties: list[QuoteParty] = related_list(
        "The parties to the version in force that you may see.",
        on=lambda q, p: p.quote_version_id == in_force(q),
        order_by=lambda p: p.role,
        limit=MOST_PARTIES,
    )
    entity: EntityRef | None = related("Who sells.", on=lambda q, e: e.id == q.entity_id)
    end_customer: ContactRef | None = related("The customer.", on=lambda q, c: c.id == q.end_customer_contact_id)
    account: OrganizationRef | None = related(
        "The partner whose account it is on.", on=lambda q, o: o.id == q.account_contact_id
    )
    service_address: AddressRef | None = related(
        "Where the work is done.", on=lambda q, a: a.id == q.service_address_id
    )
    lead: LeadRef | None = related("The lead it came from.", on=lambda q, lead: lead.id == q.lead_id)
    orders: list[OrderRef] = related_list(
        "The orders that were made of it.", on=lambda q, o: o.quote_id == q.id, order_by=lambda o: o.sequence
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.",
        on=lambda q, e: e.subject_id == q.id,
        filter=EventFilter,
        order=EVENT_SORT,
    )


def _of_lines(quote: Any, amount: Any) -> Any:
    line = LineRow.__table__.alias()
    summed = cast(func.coalesce(func.sum(amount(line.c)), 0), BigInteger)
    return select(summed).where(line.c.quote_version_id == in_force(quote)).scalar_subquery()


@reads(QuoteRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="A quote as staff see it: all lines, cost and margin, drafts.")
class StaffQuote(Quote):
    revision: int = column(
        "Rises with every change; give it as `expectedRevision` to change only what you saw.", name="version"
    )
    partner_order_id: str | None = column("The partner's own number.")
    partner_metadata: JSON = column("The partner's own references.")
    channel_contact_ids: list[strawberry.ID] = column(
        "The account and its ancestors, root first, when the quote was made.",
        name="account_chain_ids",
        node="Organization",
    )
    cost: Money = expression(
        "What the lines in force cost us.",
        lambda q: money(_of_lines(q, cost_of), q.currency, explained.cost("quote", in_force(q), cost_of)),
    )
    margin: Money = expression(
        "Net amount of the lines in force less their cost.",
        lambda q: money(
            _of_lines(q, lambda line: line.net_cents - cost_of(line)),
            q.currency,
            explained.margin_of_lines(in_force(q), cost_of),
        ),
    )
    draft: QuoteVersion | None = related(
        "The version that was not sent yet.", on=lambda q, v: (v.quote_id == q.id) & v.sent_at.is_(None)
    )


def own_part(chain: Any, organization_id: Any) -> Any:
    """The part of a chain from an organization down: what is above it is not its to see, nor a chain it is not in."""
    length = func.cardinality(chain)
    return chain[func.coalesce(func.array_position(chain, organization_id), length + 1) : length]


@reads(QuoteRow, audiences=[Audience.PARTNER])
@strawberry.type(description="A quote as partners see it: fully technical, with their own lines.")
class PartnerQuote(Quote):
    partner_order_id: str | None = expression(
        "Your own number; for the account and those above it.",
        lambda q, a: case((of_account(q, a), q.partner_order_id)),
    )
    partner_metadata: JSON = expression(
        "Your own references; empty for who is not the account or above it.",
        lambda q, a: case((of_account(q, a), q.partner_metadata), else_=cast({}, JSONB)),
    )


def of_account(row: Any, arguments: Any) -> Any:
    """Whether the actor's organization is in the account's chain; others take part as payers only."""
    return func.coalesce(arguments.actor.organization_id == func.any(row.account_chain_ids), False)


@reads(QuoteRow, audiences=[Audience.CUSTOMER])
@strawberry.type(description="A quote as the customer sees it: simple, with the customer's own lines.")
class CustomerQuote(Quote):
    pass


@filters(QuoteRow)
@strawberry.input(description="Which quotes; all conditions hold together.")
class QuoteFilter:
    status: EnumFilter[QuoteStatus] | None = match("By status.")
    number: TextFilter | None = match("By number.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    end_customer_id: IDFilter | None = match(
        "Of this customer.", name="end_customer_contact_id", node=["Contact", "Organization"]
    )
    account_id: IDFilter | None = match(
        "On the account of this partner.", name="account_contact_id", node="Organization"
    )
    within_organization_id: strawberry.ID | None = condition(
        "On the account of this partner or one below it.",
        lambda q, value: value == func.any(q.account_chain_ids),
        node="Organization",
    )
    lead_id: IDFilter | None = match("From this lead.", node="Lead")
    pending: PartyRole | None = condition(
        "That wait for a party in this role.", lambda q, value: value == func.any(q.pending_parties)
    )
    created_at: DateTimeFilter | None = match("By time of making.")
    sent_at: DateTimeFilter | None = match("By time of sending.")
    expires_at: DateTimeFilter | None = match("By end of validity.")
    search: str | None = condition(
        "Text in number, partner's number or customer; the 250 best.",
        with_text("quote"),
    )


QUOTE_SORT = Sort(
    QuoteRow,
    created_at="When it was made.",
    sent_at="When the version in force was sent.",
    expires_at="Until when it may be signed.",
    number="By number.",
    default="-created_at",
)


@strawberry.type
class QuoteQueries:
    quote: Quote | None = read_one(
        "One quote, by its id or its number.", by=("id", "number"), requires=Permission.QUOTES_READ
    )
    quotes: Connection[Quote] = read_connection(
        "Quotes you may see.", filter=QuoteFilter, order=QUOTE_SORT, requires=Permission.QUOTES_READ
    )


TYPES = (
    StaffQuote,
    PartnerQuote,
    CustomerQuote,
    StaffLineItem,
    PartnerLineItem,
    CustomerLineItem,
    TechnicianLineItem,
)
