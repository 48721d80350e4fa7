"""A portal of its own for each test, with people who may log in there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from domain.contacts.models import Contact
from tenants.actor import SYSTEM
from tenants.auth.hosts import origin
from tenants.auth.passwords import hash_password
from tenants.engine import Database
from tenants.models import BusinessEntity, Membership, UserAccount
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories

PASSWORD = "correct horse battery staple"
_HASHES: dict[str, str] = {}


async def hashed_once(password: str) -> str:
    """Argon2 takes its time on purpose; tests share the hash of a password."""
    if password not in _HASHES:
        _HASHES[password] = await hash_password(password)
    return _HASHES[password]


@dataclass
class Portal:
    """A business entity with one brand."""

    database: Database
    entity: BusinessEntity
    host: str

    @classmethod
    async def make(cls, database: Database) -> "Portal":
        async with database.session(SYSTEM) as session:
            entity = await factories.business_entity(session)
            brand = await factories.brand(session, entity)
        return cls(database, entity, brand.host)

    @property
    def entity_id(self) -> UUID:
        return self.entity.id

    def issuer(self, settings: Settings) -> str:
        return origin(settings, self.host)

    async def member(self, role: Role, *, user: UserAccount | None = None, **ids: Any) -> Membership:
        """A membership here, of a new user unless one is given."""
        async with self.database.session(SYSTEM) as session:
            entity_id = None if role is Role.PLATFORM_ADMIN else self.entity_id
            who = user or await self.user()
            made = Membership(user_id=who.id, entity_id=entity_id, role=role.value, **ids)
            session.add(made)
        return made

    async def user(self, *, password: str | None = None, **values: Any) -> UserAccount:
        """A user without a membership."""
        hashed = await hashed_once(password) if password else None
        email = f"{uuid4().hex}@people.example"
        async with self.database.session(SYSTEM) as session:
            made = UserAccount(
                **{"email": email, "name": factories.unique("Person "), "password_hash": hashed} | values
            )
            session.add(made)
        return made

    async def organization(self, parent: Contact | None = None) -> Contact:
        """A partner, under another one where given."""
        async with self.database.session(SYSTEM) as session:
            return await factories.organization(session, self.entity, parent)

    async def person(self, email: str) -> Contact:
        """A customer."""
        async with self.database.session(SYSTEM) as session:
            return await factories.person(session, self.entity, email=email)
