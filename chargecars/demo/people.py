"""Logins of the demo: staff of every entity, technicians, partners, customers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from chargecars.demo.contacts import Customer, Partner, add_partner_person
from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.tenants import Entity, Team
from tenants.permissions import Role

PASSWORD = "Laden-in-Nijkerk-2026"  # noqa: S105  # the demo's, printed by `up`; production never has demo data
CUSTOMER_MAILBOX = "klant@laderthuis.example"
_STAFF = {
    "admin": Role.TENANT_ADMIN,
    "operations": Role.OPERATIONS,
    "planner": Role.PLANNER,
    "finance": Role.FINANCE,
}
_PARTNERS_WITH_PASSWORD = 55


@dataclass(frozen=True)
class Login:
    """A login that `up` prints, at the brand whose portal it is for."""

    portal: str
    email: str
    role: str
    password: str = PASSWORD


LOGINS = (
    Login("chargecars", "admin@chargecars.example", Role.TENANT_ADMIN),
    Login("chargecars", "operations@chargecars.example", Role.OPERATIONS),
    Login("chargecars", "group@chargecars.example", Role.OPERATIONS),
    Login("chargecars", "partner@groendus.example", Role.PARTNER_ADMIN),
    Login("chargecars", "technician@team-nijkerk.example", Role.TECHNICIAN),
    Login("chargecars", "platform@chargecars.example", Role.PLATFORM_ADMIN),
    Login("laderthuis", "operations@laderthuis.example", Role.OPERATIONS),
    Login("laderthuis", CUSTOMER_MAILBOX, Role.CUSTOMER),
    Login("zaptecshop", "operations@zaptecshop.example", Role.OPERATIONS),
)


@dataclass(frozen=True)
class Person:
    """A user as the event log names it."""

    user_id: UUID | None
    name: str
    role: str


PLATFORM = Person(None, "", Role.PLATFORM_ADMIN)
"""The platform itself, in scheduled work."""


class People:
    """Adds users with memberships; all share one password hash, which Argon2 makes once."""

    def __init__(self, rows: Rows, draw: Draw, password_hash: str) -> None:
        self._rows, self._draw, self._hash = rows, draw, password_hash

    def add_staff(self, entities: list[Entity], teams: list[Team], at: datetime) -> dict[UUID, Person]:
        """Four roles at every entity, one person for all, a technician per team, a platform admin.

        Returns who makes the quotes, by entity.
        """
        operations = {}
        for entity in entities:
            for mailbox, role in _STAFF.items():
                user_id = self._user(f"{mailbox}@{entity.slug}.example", f"{mailbox.capitalize()} {entity.name}", at)
                self._join(user_id, entity.id, role, at)
                if role is Role.OPERATIONS:
                    operations[entity.id] = Person(user_id, f"Operations {entity.name}", role)
        self._everywhere("group@chargecars.example", "Operations groep", Role.OPERATIONS, entities, at)
        for team in teams:
            self._add_crew(team, entities, at)
        self._join(self._user("platform@chargecars.example", "Platformbeheer", at), None, Role.PLATFORM_ADMIN, at)
        return operations

    def _add_crew(self, team: Team, entities: list[Entity], at: datetime) -> None:
        """Its mechanics; the first has a login."""
        name = f"Monteur {team.town}"
        user_id = self._everywhere(team.mailbox, name, Role.TECHNICIAN, entities, at, team.id)
        draw = Draw(f"crew {team.town}")
        colleagues = [" ".join(draw.person()) for _ in range(draw.integer(1, 2))]
        for place, member in enumerate([name, *colleagues]):
            self._rows.add(
                "team_member",
                id=draw.id(at),
                team_id=team.id,
                user_id=user_id if place == 0 else None,
                name=member,
                since=at.date(),
                created_at=at,
            )

    def add_partner_people(self, partner: Partner, number: int) -> None:
        """Two people per partner: the first signs, and has a password at the named and some other partners."""
        with_password = number < _PARTNERS_WITH_PASSWORD
        role = Role.PARTNER_ADMIN if with_password else Role.PARTNER_USER
        for mailbox, held, has_login in (("partner", role, True), ("kantoor", Role.PARTNER_USER, with_password)):
            user_id = self._draw.id(partner.at) if has_login else None
            person = add_partner_person(self._rows, self._draw, partner, mailbox, held, user_id)
            if user_id is None:
                continue
            self._user(person.email, person.name, partner.at, with_password, id=user_id)
            for entity in partner.entities:
                self._join(user_id, entity.id, held, partner.at, chain=partner.chain)

    def add_customer(self, customer: Customer) -> None:
        """The login of a customer that was sent a quote."""
        if customer.user_id:
            self._user(customer.email, customer.name, customer.at, customer.password, id=customer.user_id)
            self._join(customer.user_id, customer.entity.id, Role.CUSTOMER, customer.at, contact_id=customer.id)

    def _everywhere(
        self, email: str, name: str, role: Role, entities: list[Entity], at: datetime, team_id: UUID | None = None
    ) -> UUID:
        user_id = self._user(email, name, at)
        for entity in entities:
            self._join(user_id, entity.id, role, at, team_id=team_id)
        return user_id

    def _user(self, email: str, name: str, at: datetime, with_password: bool = True, *, id: UUID | None = None) -> UUID:
        id = id or self._draw.id(at)
        password_hash = self._hash if with_password else None
        values = {"email": email, "name": name, "password_hash": password_hash}
        self._rows.add("user_account", id=id, **values, created_at=at, updated_at=at)
        return id

    def _join(
        self,
        user_id: UUID,
        entity_id: UUID | None,
        role: Role,
        at: datetime,
        *,
        chain: list[UUID] | None = None,
        contact_id: UUID | None = None,
        team_id: UUID | None = None,
    ) -> None:
        """What the user is to an entity; `chain` is the partner's, root first."""
        self._rows.add(
            "membership",
            id=self._draw.id(at),
            user_id=user_id,
            entity_id=entity_id,
            role=role,
            organization_id=chain[-1] if chain else None,
            channel_organization_ids=chain or [],
            contact_id=contact_id,
            team_id=team_id,
            created_at=at,
            updated_at=at,
        )


def password_hash(draw: Draw) -> str:
    """The Argon2id hash of the demo's password; the same on every load."""
    return PasswordHash((Argon2Hasher(),)).hash(PASSWORD, salt=draw.bytes(16))
