"""Business entities and their brands; what a portal shows before login."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Select, func, select

from api.context import Info
from api.organizations import Organization
from api.reading import (
    PUBLIC,
    Node,
    column,
    computed_list,
    field,
    read_list,
    read_one,
    reads,
    related,
    related_list,
)
from domain.entities import cobranding
from domain.entities.theme import TOKENS
from tenants.audience import Audience
from tenants.models import Brand as BrandRow
from tenants.models import BrandCobranding as CobrandingRow
from tenants.models import BusinessEntity as EntityRow
from tenants.permissions import Permission

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
BrandRef = Annotated["Brand", strawberry.lazy("api.entities")]


@reads(None)
@strawberry.type(description="One value of a portal's looks, safe to put into a style sheet.")
class ThemeToken:
    name: str = column("Name, such as `colorPrimary`.")
    value: str = column("Value, such as `#00b67a`.")


def _tokens(row: Any) -> Select[Any]:
    token = func.jsonb_each_text(row.theme).table_valued("key", "value", name="token").render_derived()
    known = token.c.key == func.any(list(TOKENS))
    return select(token.c.key.label("name"), token.c.value.label("value")).where(known).order_by(token.c.key)


@reads(CobrandingRow, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM])
@strawberry.type(description="A partner's own looks on a brand's portal.")
class PartnerBranding(Node):
    slug: str = column("Name of the co-branded portal: `brand(host, partner)`.")
    name: str = column("Name that the portal shows.")
    logo_url: str | None = column("Logo: an https address, or a path on the portal's host.")
    theme: list[ThemeToken] = computed_list("Looks over those of the brand.", _tokens, limit=len(TOKENS))
    organization: Organization | None = related("The partner.", on=lambda b, o: o.id == b.organization_id)
    brand: BrandRef | None = related("The brand.", on=lambda b, brand: brand.id == b.brand_id)


@reads(BrandRow)
@strawberry.type(description="A portal: a host name with its looks, its language and its legal texts.")
class Brand(Node):
    host: str = column("Host name.")
    name: str = column("Name that the portal shows.")
    locale: str = column("Language and region.")
    logo_url: str | None = column("Logo: an https address, or a path on the portal's host.")
    theme: list[ThemeToken] = computed_list("Looks.", _tokens, limit=len(TOKENS))
    sender_name: str = column("Name that mail comes from.")
    sender_email: str = column("Address that mail comes from.")
    terms: str = column("General terms, plain text.")
    privacy_statement: str = column("Privacy statement, plain text.")
    consent_text: str = column("What a signer agrees to, plain text.")
    allowed_origins: list[str] = column("Origins beside its own from which browsers may call the API here.")
    restricted_to_trusted_documents: bool = column("Whether its portal may send its trusted documents only.")
    entity: EntityRef | None = related("The business entity behind it.", on=lambda b, e: e.id == b.entity_id)
    partner_brandings: list[PartnerBranding] = related_list(
        "Partners with looks of their own here; a partner sees its subtree's.",
        on=lambda b, c: c.brand_id == b.id,
        order_by=lambda c: c.slug,
        limit=1000,
    )


@reads(EntityRow)
@strawberry.type(description="A legal entity that sells, invoices and is invoiced.")
class BusinessEntity(Node):
    code: str = column("Prefix of its numbers.")
    name: str = column("Trade name.")
    legal_name: str = column("Name in the trade register.")
    kvk_number: str = column("Number in the Dutch trade register.")
    vat_number: str = column("VAT number with its country code.")
    iban: str = column("Bank account.")
    invoice_prefix: str = column("Prefix of its invoice numbers.")
    currency: str = column("ISO 4217 code.")
    email: str = column("E-mail address.")
    phone: str = column("Telephone number in E.164.")
    street: str = column("Street.")
    house_number: str = column("House number with its addition.")
    postal_code: str = column("Postcode, `1234AB`.")
    city: str = column("Place.")
    country: str = column("ISO 3166-1 code.")
    requires_partner: bool = column("Whether an order has to have a partner (T2).")
    quote_valid_days: int = column("Days for which a quote is valid.")
    payment_terms_days: int = column("Days within which invoices are paid.")
    processing_minutes: int = column("Estimate that is given with a new order, in minutes.")
    lead_retention_days: int = column("Quiet days after which who only ever was a lead is erased.")
    created_at: datetime = column("When it was added.")
    brands: list[Brand] = related_list(
        "Its portals.", on=lambda e, b: b.entity_id == e.id, order_by=lambda b: b.host, limit=100
    )


@strawberry.type(description="The partner whose looks a portal has.")
class PortalPartner:
    slug: str = strawberry.field(description="Name of the co-branded portal.")
    name: str = strawberry.field(description="Name that the portal shows.")
    logo_url: str | None = strawberry.field(description="Logo.")


@strawberry.type(description="What anybody may know of a portal, before login too.")
class Portal:
    host: str = strawberry.field(description="Host name.")
    name: str = strawberry.field(description="Name that the portal shows.")
    locale: str = strawberry.field(description="Language and region.")
    logo_url: str | None = strawberry.field(description="Logo: an https address, or a path on the portal's host.")
    theme: list[ThemeToken] = strawberry.field(description="Looks, the partner's over the brand's.")
    terms: str = strawberry.field(description="General terms, plain text.")
    privacy_statement: str = strawberry.field(description="Privacy statement, plain text.")
    consent_text: str = strawberry.field(description="What a signer agrees to, plain text.")
    legal_name: str = strawberry.field(description="Who is behind it: name in the trade register.")
    kvk_number: str = strawberry.field(description="Number in the Dutch trade register.")
    vat_number: str = strawberry.field(description="VAT number.")
    email: str = strawberry.field(description="E-mail address.")
    phone: str = strawberry.field(description="Telephone number in E.164.")
    partner: PortalPartner | None = strawberry.field(description="The partner whose looks it has, if any.")


def _shown(found: cobranding.Portal) -> Portal:
    partner = found.partner
    return Portal(
        **{name: getattr(found, name) for name in _PLAIN},
        theme=[ThemeToken(name=name, value=value) for name, value in sorted(found.theme.items())],
        partner=PortalPartner(slug=partner.slug, name=partner.name, logo_url=partner.logo_url) if partner else None,
    )


_PLAIN = (
    "host",
    "name",
    "locale",
    "logo_url",
    "terms",
    "privacy_statement",
    "consent_text",
    "legal_name",
    "kvk_number",
    "vat_number",
    "email",
    "phone",
)


@strawberry.type
class EntityQueries:
    business_entities: list[BusinessEntity] = read_list(
        "Business entities that you work with.",
        order_by=lambda e: e.name,
        limit=100,
        requires=Permission.ENTITIES_READ,
    )
    business_entity: BusinessEntity | None = read_one("One business entity.", requires=Permission.ENTITIES_READ)

    @field("The portal at a host name, for everybody; null where there is none.", requires=PUBLIC)
    async def brand(
        self,
        info: Info,
        host: Annotated[str, strawberry.argument(description="Host name, with or without a port.")],
        partner: Annotated[
            str | None, strawberry.argument(description="Co-branded: name of the partner's portal.")
        ] = None,
    ) -> Portal | None:
        async with info.context.system() as session:
            found = await cobranding.portal(session, host[:300], partner[:100] if partner else None)
        return _shown(found) if found else None
