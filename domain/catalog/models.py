"""Articles, price lists and the partner SKU map."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, Numeric, false, text, true
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from domain.money import VatClass
from tenants.base import Base, Identified, Texts, Updated, one_of
from tenants.listing import Listed, listed
from tenants.rls import OF_THE_ENTITY, Rule, protect


class ArticleCategory(StrEnum):
    """Q3: the six categories."""

    CHARGING_STATION = "CHARGING_STATION"
    CABLE_ACCESSORY = "CABLE_ACCESSORY"
    MOUNTING_POLE = "MOUNTING_POLE"
    INSTALLATION_SERVICE = "INSTALLATION_SERVICE"
    METER_BOX_MODULE = "METER_BOX_MODULE"
    SMART_METER_OCPP = "SMART_METER_OCPP"


class VisitKind(StrEnum):
    """What a visit is for; follows from the articles (Q2)."""

    SURVEY = "SURVEY"
    INSTALLATION = "INSTALLATION"
    METER_BOX = "METER_BOX"


class Article(Identified, Updated, Base):
    """Something a business entity sells; its price is in the price lists."""

    __tablename__ = "article"
    __table_args__ = (
        one_of("category", ArticleCategory),
        one_of("vat_class", VatClass),
        CheckConstraint(f"visit_kind IN {tuple(k.value for k in VisitKind)}", name="visit_kind"),
        CheckConstraint("category <> 'CHARGING_STATION' OR serial_required", name="stations_have_serials"),
        CheckConstraint("unit_cost_cents >= 0 AND install_minutes >= 0", name="not_negative"),
        Index("uq_article_sku", "entity_id", "sku", unique=True),
        Index("ix_article_entity_newest", "entity_id", "created_at", "id"),
        Index("ix_article_newest", "created_at", "id"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    sku: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(server_default="")
    description: Mapped[str] = mapped_column(server_default="")
    technical_description: Mapped[str] = mapped_column(server_default="")
    category: Mapped[str]
    specifications: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    unit: Mapped[str] = mapped_column(server_default="piece")
    vat_class: Mapped[str] = mapped_column(server_default=VatClass.STANDARD.value)
    unit_cost_cents: Mapped[int] = mapped_column(BigInteger, server_default="0", deferred=True, deferred_raiseload=True)
    serial_required: Mapped[bool] = mapped_column(Boolean, server_default=false())
    batch_tracked: Mapped[bool] = mapped_column(Boolean, server_default=false())
    outdoor: Mapped[bool] = mapped_column(Boolean, server_default=false())
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    install_minutes: Mapped[int] = mapped_column(Integer, server_default="0")
    visit_kind: Mapped[str | None]
    """The visit in which it is delivered; NULL for what needs none."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


_NO_COST = ("unit_cost_cents",)
_CATALOG = "The article is in the catalog of one of the actor's business entities."
protect(
    Article,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(OF_THE_ENTITY, hidden=_NO_COST),
    customer=Rule(OF_THE_ENTITY, hidden=_NO_COST),
    technician=Rule(OF_THE_ENTITY, hidden=_NO_COST),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), _CATALOG),
)


class PriceList(Identified, Updated, Base):
    """Prices of one entity: its standard list, or one agreed with a partner and used by its subtree."""

    __tablename__ = "price_list"
    __table_args__ = (
        Index(
            "uq_price_list_owner",
            "entity_id",
            "partner_organization_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    partner_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"), index=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(server_default="EUR")


_OWN_OR_STANDARD = (
    "entity_id = ANY ({entities}) AND (partner_organization_id IS NULL OR partner_organization_id = {organization})"
)
protect(
    PriceList,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE"),
    partner=Rule(_OWN_OR_STANDARD),
    customer=Rule("entity_id = ANY ({entities}) AND partner_organization_id IS NULL"),
    explain={
        "staff": "The price list is of one of the actor's business entities.",
        "partner": "The price list is the standard one or the actor's own.",
        "customer": "The price list is the standard one.",
    },
)


class Price(Identified, Base):
    """The unit price of an article in a list during `valid`, without VAT."""

    __tablename__ = "price"
    __table_args__ = (
        ExcludeConstraint(
            ("price_list_id", "="), ("article_id", "="), ("valid", "&&"), name="one_price_at_a_time", using="gist"
        ),
        CheckConstraint("unit_price_cents >= 0", name="not_negative"),
    )

    price_list_id: Mapped[UUID] = mapped_column(ForeignKey("price_list.id"))
    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"), index=True)
    unit_price_cents: Mapped[int] = mapped_column(BigInteger)
    valid: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, server_default=text("tstzrange(now(), NULL)"))


_OF_THE_LIST = "EXISTS (SELECT 1 FROM price_list l WHERE l.id = price_list_id)"
protect(
    Price,
    staff=Rule(_OF_THE_LIST, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(_OF_THE_LIST),
    customer=Rule(_OF_THE_LIST),
    explain=dict.fromkeys(("staff", "partner", "customer"), "The actor sees the price list."),
)


class PartnerSku(Identified, Updated, Base):
    """A partner's own article number and the article it stands for (N3)."""

    __tablename__ = "partner_sku"
    __table_args__ = (
        Index("uq_partner_sku", "entity_id", "organization_id", "partner_sku", unique=True),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    entity_id: Mapped[UUID] = mapped_column(ForeignKey("business_entity.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), index=True)
    partner_sku: Mapped[str]
    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"))
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), server_default="1")
    """How many of the article one of the partner's is."""


protect(
    PartnerSku,
    staff=Rule(OF_THE_ENTITY, "SELECT, INSERT, UPDATE, DELETE"),
    partner=Rule(
        "EXISTS (SELECT 1 FROM contact c WHERE c.id = organization_id) AND entity_id = ANY ({entities})",
        "SELECT, INSERT, UPDATE, DELETE",
    ),
    explain={
        "staff": "The map is of one of the actor's business entities.",
        "partner": "The map is of the actor's organization or one below it.",
    },
)
listed(Listed("article", "article", "concat_ws(' ', r.sku, r.name, r.name_en)", channel="'{}'::uuid[]"))
