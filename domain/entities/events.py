"""What happens to business entities and brands."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class EntityCreated(Payload):
    """A business entity was founded."""

    type = "entity.created"
    subject_type = "BusinessEntity"
    code: str


@dataclass(frozen=True)
class EntityUpdated(Payload):
    """Details of a business entity were changed."""

    type = "entity.updated"
    subject_type = "BusinessEntity"
    internal = True
    fields: list[str]


@dataclass(frozen=True)
class BrandCreated(Payload):
    """A portal was opened."""

    type = "brand.created"
    subject_type = "Brand"
    host: str


@dataclass(frozen=True)
class BrandUpdated(Payload):
    """Settings of a portal were changed."""

    type = "brand.updated"
    subject_type = "Brand"
    internal = True
    fields: list[str]


@dataclass(frozen=True)
class PartnerBrandingSet(Payload):
    """A partner got, changed or lost its own looks on a brand's portal."""

    type = "brand.partner_branding_set"
    subject_type = "Brand"
    slug: str
    removed: bool
