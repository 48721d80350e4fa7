"""Organizations and the channel tree."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import and_, func
from sqlalchemy.dialects.postgresql import array

from api.contacts import (
    CONTACT_SORT,
    RELATION_ARGUMENTS,
    Address,
    Contact,
    ContactFilter,
    ContactRelation,
    Touchpoint,
    contact_source,
    is_current,
    on_timeline,
    related_as_wanted,
    touchpoints_of,
)
from api.events import EVENT_SORT, Event, EventFilter
from api.invoices import invoices_of_contact
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    TextFilter,
    argument,
    column,
    computed_list,
    condition,
    expression,
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
from domain.contacts.models import Contact as ContactRow
from domain.contacts.models import ContactType, PartnerModel
from domain.contacts.models import OrganizationParent as ParentRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.invoices import Invoice

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
TREE_SIZE = 5_000

_AUDIENCES = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]


@reads(ParentRow, audiences=_AUDIENCES)
@strawberry.type(description="Where an organization stood in the tree during a time.")
class OrganizationPlace(Node):
    parent: OrganizationRef | None = related("The organization above it.", on=lambda p, o: o.id == p.parent_id)
    valid_from: datetime = expression("First moment.", lambda p: func.lower(p.valid))
    valid_until: datetime | None = expression(
        "End, not included; none while it stands there.", lambda p: func.upper(p.valid)
    )


def is_organization(contact: Any) -> Any:
    """A condition on contacts."""
    return contact.contact_type == ContactType.ORGANIZATION


@filters(ContactRow)
@strawberry.input(description="Which organizations; all conditions hold together.")
class OrganizationFilter:
    partner_model: EnumFilter[PartnerModel] | None = match("Partners of a kind; `isNull: false` for all partners.")
    parent_id: IDFilter | None = match(
        "Directly below this organization; `isNull: true` for those at the top.",
        node="Organization",
        name="parent_organization_id",
    )
    within_id: strawberry.ID | None = condition(
        "This organization and everything below it.",
        lambda o, value: o.chain_organization_ids.contains(array([value])),
        node="Organization",
    )
    kvk_number: TextFilter | None = match("By number in the trade register.")
    partner_code: TextFilter | None = match("By partner code.")
    email: TextFilter | None = match("By e-mail address, in lower case.")
    created_at: DateTimeFilter | None = match("By when they became known.")
    search: str | None = condition(
        "Text in name, e-mail address, telephone number, KvK number or partner code; the 250 best.",
        with_text("contact"),
    )


@reads(ContactRow, where=is_organization, source=contact_source("organization"), audiences=_AUDIENCES)
@strawberry.type(description="An organization: a partner of the channel, a company, a business customer.")
class Organization(Node):
    name: str = column("Trade name.")
    legal_name: str | None = column("Name in the trade register.")
    email: str | None = column("E-mail address.")
    phone: str | None = column("Telephone number in E.164.")
    language: str = column("`nl` or `en`.")
    website: str | None = column("Web address.")
    kvk_number: str | None = column("Number in the Dutch trade register.")
    vat_number: str | None = column("VAT number with its country code.")
    iban: str | None = column("Bank account.")
    partner_model: PartnerModel | None = column("How it works with us; none where it is no partner.")
    partner_code: str | None = column("Short name in web addresses and integrations.")
    payment_terms_days: int | None = column("Days within which it pays; none: as the business entity has it.")
    created_at: datetime = column("When it became known.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Goes up with every change; pass it back to change nothing that somebody else changed.")
    contact: Contact | None = related("The same record as a contact.", on=lambda o, c: c.id == o.id)
    merged_into: OrganizationRef | None = related(
        "The record that took its place.", on=lambda o, winner: winner.id == o.merged_into_id
    )
    parent: OrganizationRef | None = related(
        "The organization above it, where you may see it.", on=lambda o, above: above.id == o.parent_organization_id
    )
    places: list[OrganizationPlace] = related_list(
        "Where it stood in the tree, newest first; times without a parent are left out.",
        on=lambda o, p: p.organization_id == o.id,
        order_by=lambda p: func.lower(p.valid).desc(),
        limit=250,
    )
    address: Address | None = related("Where it is established.", on=lambda o, a: a.id == o.address_id)
    addresses: list[Address] = related_list(
        "All its addresses, newest first.",
        on=lambda o, a: a.contact_id == o.id,
        order_by=lambda a: a.id.desc(),
        limit=100,
    )
    relations: list[ContactRelation] = related_list(
        "What it is to each business entity.", on=lambda o, r: r.contact_id == o.id, order_by=lambda r: r.id
    )
    touchpoints: list[Touchpoint] = computed_list("Where it was met, first contact first.", touchpoints_of)
    children: Connection[OrganizationRef] = related_connection(
        "The organizations directly below it.",
        on=lambda o, below: and_(below.parent_organization_id == o.id, is_current(below)),
        filter=OrganizationFilter,
        order=CONTACT_SORT,
    )
    contacts: Connection[Contact] = related_connection(
        "Its people.",
        on=lambda o, c: and_(c.parent_organization_id == o.id, c.contact_type == ContactType.PERSON, is_current(c)),
        filter=ContactFilter,
        order=CONTACT_SORT,
    )
    invoices: Connection[InvoiceRef] = invoices_of_contact()
    timeline: Connection[Event] = related_connection(
        "What happened with it and its people, newest first (T6).",
        on=on_timeline,
        filter=EventFilter,
        order=EVENT_SORT,
    )


@reads(None, audiences=_AUDIENCES)
@strawberry.type(description="An organization at its place in the tree, as the tree was at the time asked for.")
class OrganizationTreeNode:
    depth: int = column("Levels below the first one.")
    parent_id: strawberry.ID | None = column("The organization above it; none for the first.", node="Organization")
    path: list[strawberry.ID] = column("From the first organization down to this one.", node="Organization")
    organization: Organization | None = related(
        "The organization as it is now.", on=lambda place, o: o.id == place.organization_id
    )


def _listed(organization: Any, arguments: Any) -> Any:
    return and_(is_organization(organization), related_as_wanted(organization, arguments))


@strawberry.type
class OrganizationQueries:
    organization: Organization | None = read_one(
        "One organization; a merged one says where it went.", requires=Permission.ORGANIZATIONS_READ
    )
    organizations: Connection[Organization] = read_connection(
        "Organizations you may see, without merged ones.",
        filter=OrganizationFilter,
        order=CONTACT_SORT,
        where=_listed,
        arguments=RELATION_ARGUMENTS,
        requires=Permission.ORGANIZATIONS_READ,
    )
    organization_tree: list[OrganizationTreeNode] = read_list(
        f"The channel tree in preorder, at most {TREE_SIZE} organizations. Partners see their own subtree.",
        rows=lambda a: queries.organization_tree(a.root_id, a.as_of, a.depth, a.actor.organization_id),
        limit=TREE_SIZE,
        cost=20,
        arguments={
            "root_id": argument(
                strawberry.ID | None, "From this organization down; else from the top.", node="Organization"
            ),
            "as_of": argument(datetime | None, "The tree as it was then; now if left out."),
            "depth": argument(int | None, "Levels below the first one; all of them, at most 32, if left out."),
        },
        requires=Permission.ORGANIZATIONS_READ,
    )


TYPES = (OrganizationPlace,)
