"""Logins of the demo: staff of every entity, technicians, partners, customers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pwdlib import PasswordHash

from chargecars.demo.bulk import Rows
from chargecars.demo.draw import Draw
from chargecars.demo.tenants import Entity

PASSWORD = "Laden-in-Nijkerk-2026"  # noqa: S105  # the demo's, printed by `up`; production never has demo data
_STAFF = {
    "TENANT_ADMIN": "admin",
    "OPERATIONS": "operations",
    "PLANNER": "planner",
    "FINANCE": "finance",
}


@dataclass(frozen=True)
class Login:
    """A login that `up` prints."""

    portal: str
    email: str
    role: str


LOGINS = (
    Login("chargecars", "admin@chargecars.example", "TENANT_ADMIN"),
    Login("chargecars", "operations@chargecars.example", "OPERATIONS"),
    Login("chargecars", "partner@groendus.example", "PARTNER_ADMIN"),
    Login("laderthuis", "operations@laderthuis.example", "OPERATIONS"),
    Login("laderthuis", "klant@laderthuis.example", "CUSTOMER"),
    Login("zaptecshop", "operations@zaptecshop.example", "OPERATIONS"),
    Login("chargecars", "technician@team-nijkerk.example", "TECHNICIAN"),
    Login("chargecars", "platform@chargecars.example", "PLATFORM_ADMIN"),
)


class People:
    """Adds users with memberships; all share one password hash, which Argon2 makes once."""

    def __init__(self, rows: Rows, draw: Draw, at: datetime) -> None:
        self._rows, self._draw, self._at = rows, draw, at
        self._hash = PasswordHash.recommended().hash(PASSWORD)

    def add(self, email: str, name: str) -> UUID:
        """A user."""
        id = self._draw.id(self._at)
        self._rows.add(
            "user_account", id=id, email=email, name=name, password_hash=self._hash, created_at=self._at
        )
        return id

    def join(
        self,
        user_id: UUID,
        entity_id: UUID | None,
        role: str,
        *,
        chain: list[UUID] | None = None,
        contact_id: UUID | None = None,
        team_id: UUID | None = None,
    ) -> None:
        """What the user is to an entity; `chain` is the partner's, root first."""
        self._rows.add(
            "membership",
            id=self._draw.id(self._at),
            user_id=user_id,
            entity_id=entity_id,
            role=role,
            organization_id=chain[-1] if chain else None,
            channel_organization_ids=chain or [],
            contact_id=contact_id,
            team_id=team_id,
            created_at=self._at,
        )

    def add_staff(self, entities: list[Entity], teams: list[UUID]) -> None:
        """Four roles at every entity, a technician per team who works for all, one platform admin."""
        for entity in entities:
            for role, mailbox in _STAFF.items():
                user = self.add(f"{mailbox}@{entity.slug}.example", f"{mailbox.capitalize()} {entity.name}")
                self.join(user, entity.id, role)
        for number, team in enumerate(teams):
            mailbox = "technician@team-nijkerk" if number == 0 else f"technician@team-{number + 1}"
            user = self.add(f"{mailbox}.example", f"Monteur {number + 1}")
            for entity in entities:
                self.join(user, entity.id, "TECHNICIAN", team_id=team)
        self.join(self.add("platform@chargecars.example", "Platformbeheer"), None, "PLATFORM_ADMIN")
