"""What happens to contacts. Payloads hold no personal data; that is in `changes`, which erasure blanks."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class ContactCreated(Payload):
    """A person was added."""

    type = "contact.created"
    subject_type = "Contact"
    source: str


@dataclass(frozen=True)
class ContactUpdated(Payload):
    """Details of a person were changed."""

    type = "contact.updated"
    subject_type = "Contact"
    fields: list[str]


@dataclass(frozen=True)
class ContactRelated(Payload):
    """A known contact came to this entity as well."""

    type = "contact.related"
    subject_type = "Contact"
    source: str


@dataclass(frozen=True)
class LifecycleChanged(Payload):
    """What a contact is to the entity has changed."""

    type = "contact.lifecycle_changed"
    subject_type = "Contact"
    before: str
    after: str


@dataclass(frozen=True)
class PreferencesSet(Payload):
    """How a contact wants to be approached has changed."""

    type = "contact.preferences_set"
    subject_type = "Contact"
    kinds: list[str]


@dataclass(frozen=True)
class ContactsMerged(Payload):
    """A duplicate was merged into this contact."""

    type = "contact.merged"
    subject_type = "Contact"
    internal = True
    merged_id: UUID


@dataclass(frozen=True)
class ContactsUnmerged(Payload):
    """A merge was undone."""

    type = "contact.unmerged"
    subject_type = "Contact"
    internal = True
    merged_id: UUID


@dataclass(frozen=True)
class PersonalDataExported(Payload):
    """Somebody took a copy of everything that is kept of a person."""

    type = "contact.exported"
    subject_type = "Contact"
    internal = True


@dataclass(frozen=True)
class ContactErased(Payload):
    """What is kept of a person was erased, except for what the law keeps."""

    type = "contact.erased"
    subject_type = "Contact"
    internal = True
    kept: dict[str, int]
    """Rows per table that the law keeps."""


@dataclass(frozen=True)
class OrganizationCreated(Payload):
    """An organization was added."""

    type = "organization.created"
    subject_type = "Organization"
    source: str


@dataclass(frozen=True)
class OrganizationUpdated(Payload):
    """Details of an organization were changed."""

    type = "organization.updated"
    subject_type = "Organization"
    fields: list[str]


@dataclass(frozen=True)
class OrganizationMoved(Payload):
    """An organization has another place in the tree."""

    type = "organization.moved"
    subject_type = "Organization"
    valid_from: str
