"""Rows for tests: each function makes what it names through the system actor, with values nobody else uses.

`session` is a session of the system actor unless a function says otherwise. Areas append their own section.
"""

from collections.abc import Sequence
from datetime import time
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog import service as catalog
from domain.catalog.models import Article
from domain.contacts import addresses
from domain.contacts import service as contacts
from domain.contacts.addresses import AddressDetails
from domain.contacts.models import Address, Contact
from domain.teams.models import Team, TeamHours
from tenants.actor import Actor, actor
from tenants.audience import Audience
from tenants.models import Brand, BusinessEntity, Membership, UserAccount
from tenants.permissions import AUDIENCE_OF, Role

_numbers = count(1)
_codes = count(1)

# --- business entities, brands, contacts, users ---------------------------------------------------------------------


def unique(prefix: str = "") -> str:
    """A short text that no other row of any test run has."""
    return f"{prefix}{next(_numbers)}{uuid4().hex[:8]}"


def letters(count: int = 4) -> str:
    """Capitals that no other call of this process gives: codes of entities are short and must not meet by chance."""
    number, text = next(_codes), ""
    for _ in range(count):
        number, letter = divmod(number, 26)
        text = chr(65 + letter) + text
    return text


async def business_entity(session: AsyncSession, **values: Any) -> BusinessEntity:
    """An entity with valid Dutch numbers and a code of four letters."""
    name = unique("Entity ")
    made = BusinessEntity(
        **{
            "code": letters(),
            "name": name,
            "legal_name": f"{name} B.V.",
            "kvk_number": "12345678",
            "vat_number": "NL123456782B01",
            "iban": "NL91ABNA0417164300",
            "invoice_prefix": f"I{letters()}",
            "email": f"{uuid4().hex}@example.nl",
            "phone": "+31201234567",
            "street": "Dorpsstraat",
            "house_number": "1",
            "postal_code": "3861AA",
            "city": "Nijkerk",
        }
        | values
    )
    session.add(made)
    await session.flush()
    return made


async def brand(session: AsyncSession, entity: BusinessEntity, **values: Any) -> Brand:
    """A portal of an entity at a host name of its own."""
    host = f"{uuid4().hex}.localhost"
    given = {"host": host, "name": unique("Brand "), "sender_name": "Brand", "sender_email": f"post@{host}.nl"}
    made = Brand(entity_id=entity.id, **(given | values))
    session.add(made)
    await session.flush()
    return made


async def organization(
    session: AsyncSession, entity: BusinessEntity, parent: Contact | None = None, **values: Any
) -> Contact:
    """An organization of an entity, below `parent` where one is given."""
    given = {"name": unique("Organization "), "partner_model": "ENERGY"} | values
    return await contacts.create_organization(
        session, given, entity_id=entity.id, parent_id=parent.id if parent else None
    )


async def person(
    session: AsyncSession,
    entity: BusinessEntity,
    organization: Contact | None = None,
    partner: Contact | None = None,
    address: AddressDetails | None = None,
    **values: Any,
) -> Contact:
    """A person: of an organization, or brought by a partner, or neither."""
    given = {"name": unique("Person "), "email": f"{uuid4().hex}@example.nl"} | values
    return await contacts.create_person(
        session,
        given,
        entity_id=entity.id,
        organization_id=organization.id if organization else None,
        partner_id=partner.id if partner else None,
        address=address,
    )


async def user(session: AsyncSession, **values: Any) -> UserAccount:
    """A login without a password."""
    made = UserAccount(**({"email": f"{uuid4().hex}@example.nl", "name": unique("User ")} | values))
    session.add(made)
    await session.flush()
    return made


async def membership(
    session: AsyncSession,
    user: UserAccount,
    role: Role,
    entity: BusinessEntity | None,
    *,
    organization: Contact | None = None,
    contact: Contact | None = None,
    team_id: UUID | None = None,
) -> Membership:
    """What the user is to the entity."""
    made = Membership(
        user_id=user.id,
        entity_id=entity.id if entity else None,
        role=role.value,
        organization_id=organization.id if organization else None,
        channel_organization_ids=list(organization.chain_organization_ids) if organization else [],
        contact_id=contact.id if contact else None,
        team_id=team_id,
    )
    session.add(made)
    await session.flush()
    return made


async def actor_with(
    session: AsyncSession,
    role: Role,
    entities: BusinessEntity | Sequence[BusinessEntity] = (),
    *,
    organization: Contact | None = None,
    contact: Contact | None = None,
    team_id: UUID | None = None,
) -> Actor:
    """The actor of a new user with one membership per entity; a platform admin has one without an entity."""
    of = [entities] if isinstance(entities, BusinessEntity) else list(entities)
    made = await user(session)
    for entity in of if AUDIENCE_OF[role] is not Audience.SYSTEM else [None]:
        await membership(session, made, role, entity, organization=organization, contact=contact, team_id=team_id)
    ids = {
        "user_id": made.id,
        "organization_id": organization.id if organization else None,
        "contact_id": contact.id if contact else None,
        "team_id": team_id,
    }
    return actor(role, *(entity.id for entity in of), **ids)


# --- catalog, quotes --------------------------------------------------------------------------------------------------


async def article(session: AsyncSession, entity: BusinessEntity, price_cents: int = 100_00, **values: Any) -> Article:
    """An article with a price in the entity's standard list."""
    given = {"sku": unique("SKU-").upper(), "name": unique("Article "), "category": "CABLE_ACCESSORY"} | values
    made = Article(entity_id=entity.id, **({"serial_required": given["category"] == "CHARGING_STATION"} | given))
    session.add(made)
    await session.flush()
    await price(session, entity, made, price_cents)
    return made


async def price(
    session: AsyncSession, entity: BusinessEntity, article: Article, cents: int, partner: Contact | None = None
) -> None:
    """What an article costs from now on, in the standard list or in that of a partner."""
    listing = await catalog.save_price_list(session, entity.id, partner.id if partner else None, unique("List "))
    await catalog.set_price(session, listing.id, article.id, cents, None)


async def address(session: AsyncSession, contact: Contact) -> Address:
    """An address of a contact."""
    return await addresses.add(session, contact.id, AddressDetails("3861AA", "1", street="Dorpsstraat", city="Nijkerk"))


# --- teams ------------------------------------------------------------------------------------------------------------


async def team(session: AsyncSession, **values: Any) -> Team:
    """A team based in Nijkerk that works from eight to five on weekdays, everywhere."""
    made = Team(**({"name": unique("Team "), "base_city": "Nijkerk", "base_postcode": "3861AA"} | values))
    session.add(made)
    await session.flush()
    session.add_all([TeamHours(team_id=made.id, weekday=day, starts=time(8), ends=time(17)) for day in range(5)])
    await session.flush()
    return made
