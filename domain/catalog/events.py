"""What happens in the catalog."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class ArticleSaved(Payload):
    """An article was added or changed."""

    type = "article.saved"
    subject_type = "Article"
    internal = True
    sku: str
    active: bool


@dataclass(frozen=True)
class PriceSet(Payload):
    """An article has a new price in a list."""

    type = "price.set"
    subject_type = "Article"
    internal = True
    sku: str
    price_list: str
    unit_price_cents: int
    valid_from: str


@dataclass(frozen=True)
class PriceEnded(Payload):
    """An article has no price of its own in a list any more."""

    type = "price.ended"
    subject_type = "Article"
    internal = True
    sku: str
    price_list: str


@dataclass(frozen=True)
class PartnerSkuMapped(Payload):
    """A partner's article number now stands for an article, or for none."""

    type = "partner_sku.mapped"
    subject_type = "Organization"
    partner_sku: str
    sku: str | None
