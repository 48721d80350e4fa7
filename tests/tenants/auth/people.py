"""A portal of its own for each test, with people who may log in there."""

import secrets
import string
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from tenants.actor import SYSTEM
from tenants.brands import forget_brands
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity, Membership, UserAccount
from tenants.permissions import Role


def word(length: int = 10) -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(length))


@dataclass
class Portal:
    """A business entity with one brand."""

    database: Database
    entity_id: UUID
    host: str

    @classmethod
    async def make(cls, database: Database) -> "Portal":
        name = word()
        async with database.session(SYSTEM) as session:
            entity = BusinessEntity(
                code=word(4).upper(),
                name=name,
                legal_name=f"{name} B.V.",
                kvk_number="12345678",
                vat_number="NL123456789B01",
                iban="NL91ABNA0417164300",
                invoice_prefix=name,
                email=f"info@{name}.example",
                phone="+31201234567",
                street="Kade",
                house_number="1",
                postal_code="1011AB",
                city="Amsterdam",
            )
            session.add(entity)
            await session.flush()
            host = f"{name}.localhost"
            mail = f"info@{name}.example"
            session.add(Brand(entity_id=entity.id, host=host, name=name, sender_name=name, sender_email=mail))
        forget_brands()
        return cls(database, entity.id, host)

    async def member(self, role: Role, *, user: UserAccount | None = None, **ids: object) -> Membership:
        """A membership here, of a new user unless one is given."""
        async with self.database.session(SYSTEM) as session:
            return await member(session, None if role is Role.PLATFORM_ADMIN else self.entity_id, role, user, **ids)

    async def organization(self, parent: Contact | None = None) -> Contact:
        """A partner, under another one where given."""
        async with self.database.session(SYSTEM) as session:
            made = Contact(
                contact_type="ORGANIZATION",
                name=word(),
                partner_model="ENERGY",
                parent_organization_id=parent.id if parent else None,
                entity_ids=[self.entity_id],
            )
            session.add(made)
            await session.flush()
            made.channel_organization_ids = [*(parent.channel_organization_ids if parent else []), made.id]
        return made

    async def person(self, email: str) -> Contact:
        """A customer."""
        async with self.database.session(SYSTEM) as session:
            made = Contact(contact_type="PERSON", name=word(), email=email, entity_ids=[self.entity_id])
            session.add(made)
        return made


async def member(
    session: AsyncSession, entity_id: UUID | None, role: Role, user: UserAccount | None, **ids: object
) -> Membership:
    if user is None:
        user = UserAccount(email=f"{word(16)}@people.example", name=word())
        session.add(user)
        await session.flush()
    made = Membership(user_id=user.id, entity_id=entity_id, role=role.value, **ids)
    session.add(made)
    await session.flush()
    return made
