"""What happens to contacts. Payloads hold no personal data; that is in `changes`, which erasure blanks."""

from dataclasses import dataclass
from uuid import UUID

from domain.events.record import Payload


@dataclass(frozen=True)
class ContactCreated(Payload):
    type = "contact.created"
    subject_type = "Contact"
    source: str


@dataclass(frozen=True)
class ContactUpdated(Payload):
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
    type = "contact.lifecycle_changed"
    subject_type = "Contact"
    before: str
    after: str


@dataclass(frozen=True)
class PreferencesSet(Payload):
    type = "contact.preferences_set"
    subject_type = "Contact"
    kinds: list[str]


@dataclass(frozen=True)
class ContactsMerged(Payload):
    type = "contact.merged"
    subject_type = "Contact"
    internal = True
    merged_id: UUID


@dataclass(frozen=True)
class ContactsUnmerged(Payload):
    type = "contact.unmerged"
    subject_type = "Contact"
    internal = True
    merged_id: UUID


@dataclass(frozen=True)
class PersonalDataExported(Payload):
    type = "contact.exported"
    subject_type = "Contact"
    internal = True


@dataclass(frozen=True)
class ContactErased(Payload):
    type = "contact.erased"
    subject_type = "Contact"
    internal = True
    kept: dict[str, int]
    """Rows per table that the law keeps."""


@dataclass(frozen=True)
class OrganizationCreated(Payload):
    type = "organization.created"
    subject_type = "Organization"
    source: str


@dataclass(frozen=True)
class OrganizationUpdated(Payload):
    type = "organization.updated"
    subject_type = "Organization"
    fields: list[str]


@dataclass(frozen=True)
class OrganizationMoved(Payload):
    type = "organization.moved"
    subject_type = "Organization"
    valid_from: str
