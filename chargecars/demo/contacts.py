"""Partners in their channel tree, their people, and customers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Range

from chargecars.demo import agreements
from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.figures import Figures
from chargecars.demo.tenants import Entity
from domain.agreements.models import Agreement
from domain.contacts.models import ContactType, Lifecycle, PartnerModel

_NAMED = (
    # code, name, model, share of ChargeCars' orders (monthly volumes of the partner document)
    ("groendus", "Groendus", PartnerModel.ENERGY, 275),
    ("essent", "Essent", PartnerModel.ENERGY, 175),
    ("eneco", "Eneco", PartnerModel.ENERGY, 125),
    ("alva", "Alva Charging", PartnerModel.LEAD_TRANSFER, 88),
    ("50five", "50five", PartnerModel.B2B_CONTRACTOR, 62),
)
_MODELS: dict[str, float] = {
    PartnerModel.LEAD_TRANSFER: 4.0,
    PartnerModel.AUTOMOTIVE: 3.0,
    PartnerModel.ENERGY: 1.0,
    PartnerModel.B2B_CONTRACTOR: 3.0,
}
_REGIONAL = 60
"""Partners that may have others below them."""
_DEPTH = 4
_RUN_UP = timedelta(days=400)
"""The time before the first quote in which the channel was built."""


@dataclass(frozen=True)
class PartnerPerson:
    """Somebody who works for a partner, and its login where it has one."""

    id: UUID
    name: str
    email: str
    user_id: UUID | None
    role: str


@dataclass
class Partner:
    """An organization of the channel with its ancestors, root first and itself last."""

    id: UUID
    code: str
    name: str
    model: str
    at: datetime
    entities: list[Entity]
    weight: float
    chain: list[UUID] = field(default_factory=list)
    parent: UUID | None = None
    address_id: UUID | None = None
    agreements: dict[UUID, Agreement] = field(default_factory=dict)
    """Its own or the nearest above it, by entity."""
    people: list[PartnerPerson] = field(default_factory=list)

    @property
    def signer(self) -> PartnerPerson:
        return self.people[0]


@dataclass
class Customer:
    """A person who buys, with the address of the work, and its login where it was ever sent a quote."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    phone: str
    address_id: UUID
    address: dict[str, Any]
    at: datetime
    entity: Entity
    partner: Partner | None
    lifecycle: str
    user_id: UUID | None = None
    password: bool = False
    """Whether it logs in with the demo's password; the others have a code mailed."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def draw_partners(draw: Draw, figures: Figures, entities: list[Entity], since: datetime) -> list[Partner]:
    """The named partners, partners below them, direct ones and wholesale customers; who is above comes first."""
    main, wholesale = entities[0], [entity for entity in entities if entity.wholesale]
    partners: list[Partner] = []
    for code, name, model, volume in _NAMED:
        weight = float(volume * figures.scale)
        partners.append(Partner(draw.id(since), code, name, model, since, [main], weight))
        _settle(draw, partners[-1], None)
    while len(partners) < figures.partners:
        partners.append(_drawn(draw, partners, main, wholesale, since))
    return partners


def _drawn(draw: Draw, partners: list[Partner], main: Entity, wholesale: list[Entity], since: datetime) -> Partner:
    number = len(partners) + 1
    trade = number <= len(_NAMED) + 2
    model = PartnerModel.B2B_CONTRACTOR if trade else PartnerModel(draw.weighted(_MODELS))
    trade = trade or (model is PartnerModel.B2B_CONTRACTOR and draw.uniform() < 0.8)
    parent = None if trade or draw.uniform() < 0.4 else _above(draw, partners, main)
    at = (parent.at if parent else since) + draw.between(timedelta(days=1), _RUN_UP / _DEPTH)
    name, weight = draw.company(model, number), 0.5 + 2 * draw.uniform()
    entities = wholesale if trade else [main]
    partner = Partner(draw.id(at), f"partner-{number}", name, model, at, entities, weight)
    _settle(draw, partner, parent)
    return partner


def _above(draw: Draw, partners: list[Partner], main: Entity) -> Partner:
    """Every other time one of the named, else one of the first partners that is not too deep itself."""
    if draw.uniform() < 0.5:
        return draw.one(partners[: len(_NAMED)])
    return draw.one([p for p in partners[:_REGIONAL] if len(p.chain) < _DEPTH and p.entities == [main]])


def _settle(draw: Draw, partner: Partner, parent: Partner | None) -> None:
    """Its place in the tree, and its agreements: its own at the root, else the ones from above."""
    partner.chain = [*(parent.chain if parent else []), partner.id]
    if parent:
        partner.parent, partner.agreements = parent.id, parent.agreements
        return
    for entity in partner.entities:
        terms = agreements.agreed(draw, entity, partner.id, partner.code, partner.model, partner.at)
        partner.agreements[entity.id] = terms


def add_partner(rows: Rows, draw: Draw, partner: Partner) -> None:
    """The organization with its address, its relations, its place in the tree and its own agreements."""
    partner.address_id = draw.id(partner.at)
    _add_contact(
        rows,
        partner.id,
        ContactType.ORGANIZATION,
        partner.name,
        partner.at,
        email=f"info@{partner.code}.example",
        phone=draw.phone(),
        kvk_number=f"99{draw.integer(0, 999_999):06d}",
        partner_model=partner.model,
        partner_code=partner.code,
        parent_organization_id=partner.parent,
        address_id=partner.address_id,
        entity_ids=[entity.id for entity in partner.entities],
        chain_organization_ids=partner.chain,
        channel_organization_ids=partner.chain,
    )
    _add_address(rows, partner.address_id, partner.id, draw.address(), partner.at)
    for entity in partner.entities:
        _add_relation(rows, draw, partner.id, entity, Lifecycle.CUSTOMER, "STAFF", None, partner.at)
    if partner.parent:
        _add_place(rows, draw, partner)
    for agreement in partner.agreements.values():
        if agreement.organization_id == partner.id:
            agreements.write(rows, agreement, partner.at)


def _add_place(rows: Rows, draw: Draw, partner: Partner) -> None:
    rows.add(
        "organization_parent",
        id=draw.id(partner.at),
        organization_id=partner.id,
        parent_id=partner.parent,
        valid=Range(partner.at, None),
        created_at=partner.at,
    )


def add_partner_person(
    rows: Rows, draw: Draw, partner: Partner, mailbox: str, role: str, user_id: UUID | None
) -> PartnerPerson:
    """Somebody who works for a partner."""
    first, last = draw.person()
    email = f"{mailbox}@{partner.code}.example"
    person = PartnerPerson(draw.id(partner.at), f"{first} {last}", email, user_id, role)
    partner.people.append(person)
    _add_contact(
        rows,
        person.id,
        ContactType.PERSON,
        person.name,
        partner.at,
        first_name=first,
        last_name=last,
        email=person.email,
        phone=draw.phone(),
        parent_organization_id=partner.id,
        entity_ids=[entity.id for entity in partner.entities],
        channel_organization_ids=partner.chain,
    )
    for entity in partner.entities:
        _add_relation(rows, draw, person.id, entity, Lifecycle.CUSTOMER, "STAFF", None, partner.at)
    return person


def draw_customer(
    draw: Draw, number: int, entity: Entity, partner: Partner | None, lifecycle: Lifecycle, at: datetime
) -> Customer:
    """A person with an address, brought by a partner or by itself."""
    first, last = draw.person()
    return Customer(
        id=draw.id(at),
        first_name=first,
        last_name=last,
        email=f"klant{number}@post.example",
        phone=draw.phone(),
        address_id=draw.id(at),
        address=draw.address(),
        at=at,
        entity=entity,
        partner=partner,
        lifecycle=lifecycle,
    )


def add_customer(rows: Rows, draw: Draw, customer: Customer) -> None:
    """The contact with its address and its relation."""
    partner = customer.partner
    _add_contact(
        rows,
        customer.id,
        ContactType.PERSON,
        customer.name,
        customer.at,
        first_name=customer.first_name,
        last_name=customer.last_name,
        email=customer.email,
        phone=customer.phone,
        address_id=customer.address_id,
        entity_ids=[customer.entity.id],
        channel_organization_ids=partner.chain if partner else [],
    )
    _add_address(rows, customer.address_id, customer.id, customer.address, customer.at)
    source = "PARTNER_API" if partner else "PORTAL"
    _add_relation(rows, draw, customer.id, customer.entity, customer.lifecycle, source, partner, customer.at)


def _add_contact(rows: Rows, id: UUID, contact_type: str, name: str, at: datetime, **columns: object) -> None:
    values: dict[str, object] = {
        "first_name": None,
        "last_name": None,
        "email": None,
        "phone": None,
        "kvk_number": None,
        "partner_model": None,
        "partner_code": None,
        "parent_organization_id": None,
        "address_id": None,
        "entity_ids": [],
        "chain_organization_ids": [],
        "channel_organization_ids": [],
    }
    rows.add("contact", id=id, contact_type=contact_type, name=name, **(values | columns), created_at=at, updated_at=at)


def _add_address(rows: Rows, id: UUID, contact_id: UUID, address: dict[str, Any], at: datetime) -> None:
    rows.add("address", id=id, contact_id=contact_id, **address, created_at=at)


def _add_relation(
    rows: Rows,
    draw: Draw,
    contact_id: UUID,
    entity: Entity,
    lifecycle: str,
    source: str,
    partner: Partner | None,
    at: datetime,
) -> None:
    rows.add(
        "contact_relation",
        id=draw.id(at),
        contact_id=contact_id,
        entity_id=entity.id,
        lifecycle=lifecycle,
        source=source,
        partner_organization_id=partner.id if partner else None,
        channel_organization_ids=partner.chain if partner else [],
        acquired_on=at.date(),
        created_at=at,
        updated_at=at,
    )
