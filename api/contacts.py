"""Contacts: persons and organizations, what they are to each business entity, where they are, what happened to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Select, and_, case, exists, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased
from strawberry.scalars import JSON

from api.enums import described
from api.events import EVENT_SORT, Event, EventFilter
from api.invoices import invoices_of_contact
from api.listing import SourceOf, by_key, listed, walk
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    argument,
    column,
    computed_list,
    condition,
    filters,
    match,
    read_connection,
    read_list,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.contacts import queries
from domain.contacts.models import Address as AddressRow
from domain.contacts.models import Contact as ContactRow
from domain.contacts.models import ContactRelation as RelationRow
from domain.contacts.models import ContactType, Exactness, Lifecycle, PartnerModel
from domain.events.timeline import TimelineRow
from domain.leads.models import Lead
from domain.orders.models import Order
from domain.quotes.models import Quote
from domain.visits.models import Visit
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.organizations import Organization

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]

described(
    ContactType,
    "What a contact is (T7).",
    PERSON="A person.",
    ORGANIZATION="An organization: a partner, a company, a business customer.",
)
described(
    PartnerModel,
    "How a partner works with us (T10).",
    LEAD_TRANSFER="Hands leads over.",
    AUTOMOTIVE="Sells or leases cars.",
    ENERGY="Supplies energy.",
    B2B_CONTRACTOR="Contracts for businesses.",
)
described(
    Lifecycle,
    "What a contact is to a business entity (T16).",
    LEAD="May want something.",
    PROSPECT="Has or had an offer.",
    CUSTOMER="Ordered something.",
    INACTIVE="Is no longer dealt with.",
)
described(
    Exactness,
    "How exactly an address was located: what the coordinates are the centre of.",
    ADDRESS="The address itself.",
    STREET="The street.",
    POSTCODE="The postcode, six characters.",
    PC4="The first four digits of the postcode.",
    PC2="The first two digits of the postcode.",
    NONE="It was not located.",
)


@reads(AddressRow)
@strawberry.type(description="An address as it was given, normalized and located. Addresses never change.")
class Address(Node):
    street: str = column("Street.")
    house_number: str = column("House number.")
    house_number_addition: str = column("Addition to the house number.")
    postal_code: str = column("Postcode; in the Netherlands `1234AB`.")
    city: str = column("Place.")
    country: str = column("ISO 3166-1 code.")
    latitude: float | None = column("Degrees north, WGS 84.")
    longitude: float | None = column("Degrees east, WGS 84.")
    exactness: Exactness = column("How exactly it was located.")
    location_source: str = column("Who located it; empty where nobody did.")
    flagged: bool = column("Whether a person should look at it.")
    flag_reason: str | None = column("Why, as a code.")
    original: JSON = column("Exactly what was given.")
    created_at: datetime = column("When it was given.")


@reads(RelationRow)
@strawberry.interface(description="What a contact is to one business entity.")
class ContactRelation(Node):
    lifecycle: Lifecycle = column("Where the contact is with this entity.")
    source: str = column("How the contact came to this entity.")
    acquired_on: date = column("When it came.")
    communication_preferences: JSON = column("How it wants to be reached.")
    scheduling_preferences: JSON = column("When it wants to be visited.")
    entity: EntityRef | None = related("The business entity.", on=lambda r, e: e.id == r.entity_id)
    partner: OrganizationRef | None = related(
        "The partner that brought it to this entity.", on=lambda r, o: o.id == r.partner_organization_id
    )


@reads(RelationRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="A relation as staff see it.")
class StaffContactRelation(ContactRelation):
    satisfaction: Decimal | None = column("1 to 5.")
    service_preferences: JSON = column("How it wants to be served.")


@reads(RelationRow, audiences=[Audience.PARTNER])
@strawberry.type(description="A relation as partners see it.")
class PartnerContactRelation(ContactRelation):
    pass


@reads(RelationRow, audiences=[Audience.CUSTOMER])
@strawberry.type(description="A relation as the contact itself sees it.")
class OwnContactRelation(ContactRelation):
    satisfaction: Decimal | None = column("1 to 5.")
    service_preferences: JSON = column("How you want to be served.")


@reads(None, audiences=[Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.SYSTEM])
@strawberry.type(description="Where a contact was met: how often, first and last.")
class Touchpoint:
    kind: str = column("LEAD, QUOTE, ORDER or VISIT.")
    entity_id: strawberry.ID = column("With which business entity.", node="BusinessEntity")
    count: int = column("How often.", name="times")
    first_at: datetime = column("The first time.")
    last_at: datetime = column("The last time.")


def touchpoints_of(contact: Any) -> Select[Any]:
    """Of the records that the reader sees."""
    met = union_all(
        _met("LEAD", Lead, Lead.contact_id == contact.id),
        _met("QUOTE", Quote, Quote.end_customer_contact_id == contact.id),
        _met("ORDER", Order, Order.end_customer_contact_id == contact.id),
        _met("VISIT", Visit, Visit.end_customer_contact_id == contact.id),
    ).subquery("met")
    return (
        select(
            met.c.kind,
            met.c.entity_id,
            func.count().label("times"),
            func.min(met.c.created_at).label("first_at"),
            func.max(met.c.created_at).label("last_at"),
        )
        .group_by(met.c.kind, met.c.entity_id)
        .order_by(func.min(met.c.created_at), met.c.kind)
    )


def _met(kind: str, model: Any, on: Any) -> Select[Any]:
    table = model.__table__
    return select(literal(kind).label("kind"), table.c.entity_id, table.c.created_at).where(on)


def on_timeline(contact: Any, event: Any) -> Any:
    """A condition: the event is on the timeline of the contact, or of a duplicate that was merged into it."""
    same, row = aliased(ContactRow, name="same"), aliased(TimelineRow, name="on_timeline")
    ids = select(same.id).where(or_(same.id == contact.id, same.merged_into_id == contact.id))
    return tuple_(event.id, event.created_at).in_(select(row.event_id, row.created_at).where(row.key.in_(ids)))


def contact_source(kind: str) -> SourceOf:
    """A `source`: whoever lists starts from the index of what it sees, and walks it where that has the order."""
    walking = by_key(kind)

    def source(listing: Listing, row: Any) -> Source | None:
        if listing.audience is Audience.PARTNER and listing.sort != "created_at":
            return Source(where=[row.id.in_(listed(kind, listing.actor.organization_id))])
        if listing.audience is Audience.TECHNICIAN and listing.sort == "created_at":
            return walk("served_contact", listing.actor.team_id, row)
        return walking(listing, row)

    return source


def is_current(contact: Any) -> Any:
    """Whether lists show it: neither merged into another nor erased."""
    return and_(contact.merged_into_id.is_(None), contact.erased_at.is_(None))


@reads(ContactRow, source=contact_source("contact"))
@strawberry.type(description="A person or an organization.")
class Contact(Node):
    contact_type: ContactType = column("What it is.")
    name: str = column("Full name of a person, trade name of an organization.")
    first_name: str | None = column("First name of a person.")
    last_name: str | None = column("Last name of a person.")
    job_title: str | None = column("What a person does in its organization.")
    email: str | None = column("E-mail address.")
    phone: str | None = column("Telephone number in E.164.")
    language: str = column("`nl` or `en`.")
    created_at: datetime = column("When it became known.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Goes up with every change; pass it back to change nothing that somebody else changed.")
    erased_at: datetime | None = column("When its personal data was erased.")
    merged_into: ContactRef | None = related(
        "The record that took its place.", on=lambda c, winner: winner.id == c.merged_into_id
    )
    organization: OrganizationRef | None = related(
        "The organization it belongs to; an organization is its own.",
        on=lambda c, o: o.id == case((c.contact_type == "ORGANIZATION", c.id), else_=c.parent_organization_id),
    )
    address: Address | None = related("Where it lives or is established.", on=lambda c, a: a.id == c.address_id)
    addresses: list[Address] = related_list(
        "All its addresses, newest first.",
        on=lambda c, a: a.contact_id == c.id,
        order_by=lambda a: a.id.desc(),
        limit=100,
    )
    relations: list[ContactRelation] = related_list(
        "What it is to each business entity.", on=lambda c, r: r.contact_id == c.id, order_by=lambda r: r.id
    )
    touchpoints: list[Touchpoint] = computed_list("Where it was met, first contact first.", touchpoints_of)
    invoices: Connection[InvoiceRef] = invoices_of_contact()
    timeline: Connection[Event] = related_connection(
        "What happened with it, newest first.",
        on=on_timeline,
        filter=EventFilter,
        order=EVENT_SORT,
    )


@filters(ContactRow)
@strawberry.input(description="Which contacts; all conditions hold together.")
class ContactFilter:
    contact_type: EnumFilter[ContactType] | None = match("Persons or organizations.")
    email: TextFilter | None = match("By e-mail address, in lower case.")
    phone: TextFilter | None = match("By telephone number in E.164.")
    organization_id: IDFilter | None = match(
        "Of this organization, or below it.", node="Organization", name="parent_organization_id"
    )
    partner_model: EnumFilter[PartnerModel] | None = match("Partners of a kind.")
    created_at: DateTimeFilter | None = match("By when they became known.")
    search: str | None = condition(
        "Text in name, e-mail address, telephone number, KvK number or partner code; the 250 best.",
        with_text("contact"),
    )


CONTACT_SORT = Sort(ContactRow, created_at="When it became known.", name="By name.", default="-created_at")


def related_as_wanted(contact: Any, arguments: Any) -> Any:
    """Current contacts, with a relation as the arguments want it; an argument that is not given is None."""
    wanted = {"entity_id": arguments.entity_id, "lifecycle": arguments.lifecycle}
    equal = [getattr(RelationRow, name) == value for name, value in wanted.items() if value is not None]
    if not equal:
        return is_current(contact)
    return and_(is_current(contact), exists(select(RelationRow.id).where(RelationRow.contact_id == contact.id, *equal)))


RELATION_ARGUMENTS = {
    "entity_id": argument(strawberry.ID | None, "Only with a relation to this business entity.", node="BusinessEntity"),
    "lifecycle": argument(Lifecycle | None, "Only in this lifecycle, with that entity or any that you see."),
}


@reads(None)
@strawberry.type(description="Two records that may be one.")
class DuplicateContacts:
    score: int = column("How likely, 0 to 100.")
    reasons: list[str] = column("What is the same: EMAIL, PHONE, KVK, VAT, NAME_AND_POSTCODE.")
    first: Contact | None = related("The older record.", on=lambda pair, c: c.id == pair.first_id)
    second: Contact | None = related("The newer record.", on=lambda pair, c: c.id == pair.second_id)


@strawberry.type
class ContactQueries:
    contact: Contact | None = read_one(
        "One contact; a merged one says where it went.", requires=Permission.CONTACTS_READ
    )
    contacts: Connection[Contact] = read_connection(
        "Contacts you may see, without merged and erased ones.",
        filter=ContactFilter,
        order=CONTACT_SORT,
        where=related_as_wanted,
        arguments=RELATION_ARGUMENTS,
        requires=Permission.CONTACTS_READ,
    )
    duplicate_contacts: list[DuplicateContacts] = read_list(
        "Records that may be one, likeliest first: the 100 best, or those of one contact.",
        rows=lambda a: queries.look_alikes(a.contact_id),
        limit=queries.LOOK_ALIKES,
        cost=50,
        arguments={
            "contact_id": argument(
                strawberry.ID | None, "Only look-alikes of this contact.", node=("Contact", "Organization")
            )
        },
        requires=Permission.CONTACTS_MERGE,
    )


TYPES = (StaffContactRelation, PartnerContactRelation, OwnContactRelation)
