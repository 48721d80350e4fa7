"""Partners in their channel tree, their people, and customers."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from asyncpg import Range

from chargecars.demo.bulk import Rows
from chargecars.demo.draw import Draw
from chargecars.demo.figures import Figures
from chargecars.demo.tenants import Entity

_NAMED = (
    # code, name, model, share of ChargeCars' orders (monthly volumes of the partner document)
    ("groendus", "Groendus", "ENERGY", 275),
    ("essent", "Essent", "ENERGY", 175),
    ("eneco", "Eneco", "ENERGY", 125),
    ("alva", "Alva Charging", "LEAD_TRANSFER", 88),
    ("50five", "50five", "B2B_CONTRACTOR", 62),
)
_MODELS = {"LEAD_TRANSFER": 4.0, "AUTOMOTIVE": 3.0, "ENERGY": 1.0, "B2B_CONTRACTOR": 3.0}


@dataclass
class Partner:
    """An organization of the channel with its ancestors, root first and itself last."""

    id: UUID
    code: str
    name: str
    model: str
    chain: list[UUID]
    entities: list[UUID]
    weight: float
    children: int = 0
    parent: UUID | None = None


@dataclass(frozen=True)
class Customer:
    """A person who buys, with the address of the work."""

    id: UUID
    name: str
    email: str
    address_id: UUID
    at: datetime


@dataclass
class Channel:
    """All partners, by the entities they sell for."""

    partners: list[Partner] = field(default_factory=list)

    def named(self) -> dict[str, UUID]:
        return {partner.code: partner.id for partner in self.partners}

    def of(self, entity: Entity) -> dict[int, float]:
        """Positions in `partners` with their weights."""
        return {i: p.weight for i, p in enumerate(self.partners) if entity.id in p.entities}


def add_partners(rows: Rows, draw: Draw, figures: Figures, entities: list[Entity], since: datetime) -> Channel:
    """The named partners with subtrees of two more levels, and direct partners."""
    channel = Channel()
    main, wholesale = entities[0], [entity for entity in entities if entity.wholesale]
    for code, name, model, volume in _NAMED:
        weight = volume * figures.partners / 391
        channel.partners.append(Partner(draw.id(since), code, name, model, [], [main.id], weight))
    while len(channel.partners) < figures.partners:
        channel.partners.append(_drawn(draw, channel, main, wholesale, since))
    for partner in channel.partners:
        partner.chain = [*partner.chain, partner.id]
        _add_partner(rows, draw, partner, since)
    return channel


def _drawn(draw: Draw, channel: Channel, main: Entity, wholesale: list[Entity], since: datetime) -> Partner:
    number = len(channel.partners) + 1
    model = draw.weighted(_MODELS)
    name = draw.company(model, number)
    partner = Partner(draw.id(since), f"partner-{number}", name, model, [], [main.id], 0.5 + 2 * draw.uniform())
    if model == "B2B_CONTRACTOR" and draw.uniform() < 0.8:
        partner.entities = [entity.id for entity in wholesale]
    elif draw.uniform() < 0.6:
        _place_under(draw, channel, partner)
    return partner


def _place_under(draw: Draw, channel: Channel, partner: Partner) -> None:
    """Below one of the named partners or one of its regional partners: at most four levels."""
    parent = draw.one([p for p in channel.partners[:60] if len(p.chain) < 3 and partner.entities == p.entities])
    partner.parent, partner.chain = parent.id, [*parent.chain, parent.id]


def _add_partner(rows: Rows, draw: Draw, partner: Partner, since: datetime) -> None:
    address_id = draw.id(since)
    _add_contact(
        rows,
        partner.id,
        "ORGANIZATION",
        partner.name,
        since,
        email=f"info@{partner.code}.example",
        phone=draw.phone(),
        kvk_number=f"{draw.integer(10_000_000, 89_999_999)}",
        partner_model=partner.model,
        partner_code=partner.code,
        parent_organization_id=partner.parent,
        address_id=address_id,
        entity_ids=partner.entities,
        channel_organization_ids=partner.chain,
    )
    _add_address(rows, draw, address_id, partner.id, since)
    for entity_id in partner.entities:
        _add_relation(rows, draw, partner.id, entity_id, "CUSTOMER", "STAFF", partner.parent, since)
    if partner.parent:
        rows.add(
            "organization_parent",
            id=draw.id(since),
            organization_id=partner.id,
            parent_id=partner.parent,
            valid=Range(since, None),
            created_at=since,
        )


def add_partner_person(rows: Rows, draw: Draw, partner: Partner, number: int, at: datetime) -> tuple[UUID, str, str]:
    """Somebody who works for a partner: id, name, e-mail."""
    first, last = draw.person()
    id, name, email = draw.id(at), f"{first} {last}", f"persoon{number}@{partner.code}.example"
    _add_contact(
        rows,
        id,
        "PERSON",
        name,
        at,
        first_name=first,
        last_name=last,
        email=email,
        phone=draw.phone(),
        parent_organization_id=partner.id,
        entity_ids=partner.entities,
        channel_organization_ids=partner.chain,
    )
    for entity_id in partner.entities:
        _add_relation(rows, draw, id, entity_id, "CUSTOMER", "STAFF", partner.id, at)
    return id, name, email


def add_customer(
    rows: Rows, draw: Draw, number: int, entity: Entity, partner: Partner | None, lifecycle: str, at: datetime
) -> Customer:
    """A person with an address, brought by a partner or by itself."""
    first, last = draw.person()
    customer = Customer(draw.id(at), f"{first} {last}", f"klant{number}@post.example", draw.id(at), at)
    _add_contact(
        rows,
        customer.id,
        "PERSON",
        customer.name,
        at,
        first_name=first,
        last_name=last,
        email=customer.email,
        phone=draw.phone(),
        address_id=customer.address_id,
        entity_ids=[entity.id],
        channel_organization_ids=partner.chain if partner else [],
    )
    _add_address(rows, draw, customer.address_id, customer.id, at)
    source = "PARTNER_API" if partner else "PORTAL"
    _add_relation(rows, draw, customer.id, entity.id, lifecycle, source, partner.id if partner else None, at)
    return customer


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
    }
    rows.add("contact", id=id, contact_type=contact_type, name=name, **(values | columns), created_at=at, updated_at=at)


def _add_address(rows: Rows, draw: Draw, id: UUID, contact_id: UUID, at: datetime) -> None:
    rows.add("address", id=id, contact_id=contact_id, **draw.address(), created_at=at)


def _add_relation(
    rows: Rows,
    draw: Draw,
    contact_id: UUID,
    entity_id: UUID,
    lifecycle: str,
    source: str,
    partner_id: UUID | None,
    at: datetime,
) -> None:
    rows.add(
        "contact_relation",
        id=draw.id(at),
        contact_id=contact_id,
        entity_id=entity_id,
        lifecycle=lifecycle,
        source=source,
        partner_organization_id=partner_id,
        acquired_on=at.date(),
        created_at=at,
        updated_at=at,
    )
