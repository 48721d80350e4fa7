"""Who is asking: the one value that every service, statement and job takes its rights from."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from tenants.audience import Audience
from tenants.permissions import AUDIENCE_OF, PERMISSIONS_OF, Permission, Role

SETTINGS = (
    "chargecars.audience",
    "chargecars.entity_ids",
    "chargecars.organization_id",
    "chargecars.contact_id",
    "chargecars.team_id",
    "chargecars.user_id",
    "chargecars.role",
)


class ClientKind(StrEnum):
    """What kinds of programs ask; the values are the names of their GraphQL types."""

    API_KEY = "ApiKey"
    OAUTH_CLIENT = "OAuthClient"
    PORTAL = "Brand"


@dataclass(frozen=True, slots=True)
class Client:
    """The program through which somebody asks: an API key, an application, or a brand's own portal."""

    kind: ClientKind
    id: UUID
    restricted: bool = False
    """Whether it may send trusted documents only."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, key or process in one role.

    `entity_ids` are the business entities in which it holds that role; the other ids narrow what it sees there.
    """

    role: Role
    entity_ids: tuple[UUID, ...] = ()
    user_id: UUID | None = None
    organization_id: UUID | None = None
    contact_id: UUID | None = None
    team_id: UUID | None = None
    permissions: frozenset[Permission] = field(default=frozenset())
    language: str = "nl"
    name: str = ""
    """For the event log: who it was, in words."""
    acts_as: Role | None = None
    """The role of the person for whom the platform acts; the event log names it instead of the platform's."""
    strong: bool = False
    """Whether the login used a second factor."""
    client: Client | None = field(default=None, compare=False)
    """Through what it asks; None where no request is behind it, or a host that is nobody's portal."""

    @property
    def audience(self) -> Audience:
        return AUDIENCE_OF[self.role]

    @property
    def signed_in(self) -> bool:
        return self.role is not Role.ANONYMOUS

    def may(self, permission: Permission) -> bool:
        """Whether the role, less what a key's scopes take away, includes `permission`."""
        return permission in self.permissions

    def settings(self) -> dict[str, str]:
        """The transaction-local settings that policies read; every key is present, '' where there is nothing."""
        return {
            "chargecars.audience": self.audience.value,
            "chargecars.entity_ids": "{" + ",".join(map(str, self.entity_ids)) + "}",
            "chargecars.organization_id": str(self.organization_id or ""),
            "chargecars.contact_id": str(self.contact_id or ""),
            "chargecars.team_id": str(self.team_id or ""),
            "chargecars.user_id": str(self.user_id or ""),
            "chargecars.role": self.role.value,
        }


def actor(role: Role, *entity_ids: UUID, **ids: UUID | None) -> Actor:
    """An actor with all permissions of `role`."""
    return Actor(role=role, entity_ids=entity_ids, permissions=PERMISSIONS_OF[role], **ids)  # type: ignore[arg-type]  # ids are the four id fields


SYSTEM = actor(Role.PLATFORM_ADMIN)
"""The platform itself: relay, jobs across entities, login before anybody is known."""


def anonymous(entity_id: UUID | None, client: Client | None = None) -> Actor:
    """A visitor of a brand's portal before login; sees public data of that brand."""
    return replace(actor(Role.ANONYMOUS, *((entity_id,) if entity_id else ())), client=client)
