"""Articles, prices, the partner SKU map, and partner agreements."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context
from api.enums import described
from api.inputs import given, key_of, optional_key
from api.listing import of_organizations
from api.mutations import Payload, mutation
from api.reading import (
    BigInt,
    Connection,
    EnumFilter,
    Explained,
    Given,
    Money,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
    related_list,
)
from api.search import with_text
from domain import validation
from domain.catalog import service, values
from domain.catalog.models import Article as ArticleRow
from domain.catalog.models import ArticleCategory, PartnerSku, Price, PriceList, VisitKind
from domain.errors import Faults
from domain.money import VatClass
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]

described(
    ArticleCategory,
    "The six categories of articles (Q3).",
    CHARGING_STATION="A charging station; its serial number is kept.",
    CABLE_ACCESSORY="A charging cable or an accessory.",
    MOUNTING_POLE="A mounting pole or other infrastructure.",
    INSTALLATION_SERVICE="Work of installers, in labour hours.",
    METER_BOX_MODULE="A module or component of the meter box.",
    SMART_METER_OCPP="A smart meter, load balancing or OCPP integration.",
)
described(
    VisitKind,
    "What a visit is for.",
    SURVEY="Looking at the situation beforehand.",
    INSTALLATION="Installing the charging station.",
    METER_BOX="Replacing or extending the meter box.",
)
described(
    VatClass,
    "How VAT is charged.",
    STANDARD="The standard rate, 21 % today.",
    REDUCED="The reduced rate, 9 % today.",
    ZERO="The zero rate.",
    REVERSE_CHARGE="Shifted to the customer: no VAT on the invoice.",
)


@reads(Price)
@strawberry.type(description="What one unit of an article costs in a list, during a time.")
class ArticlePrice(Node):
    unit_price: Money = expression(
        "Per unit, without VAT.",
        lambda p: money(
            p.unit_price_cents,
            explained=Explained("article.price", [Given("recorded", p.unit_price_cents, ("ArticlePrice", p.id))]),
        ),
    )
    valid_from: datetime | None = expression("First moment.", lambda p: func.lower(p.valid))
    valid_until: datetime | None = expression(
        "End, not included; none while it has no end.", lambda p: func.upper(p.valid)
    )
    price_list: Annotated["ArticlePriceList", strawberry.lazy("api.catalog")] | None = related(
        "The list.", on=lambda p, listing: listing.id == p.price_list_id
    )


@reads(PriceList)
@strawberry.type(description="Prices of a business entity: the standard list, or one agreed with a partner.")
class ArticlePriceList(Node):
    name: str = column("Name for people.")
    currency: str = column("ISO 4217 code.")
    partner_organization: OrganizationRef | None = related(
        "The partner it was agreed with; none for the standard list.",
        on=lambda listing, partner: partner.id == listing.partner_organization_id,
    )


@reads(ArticleRow)
@strawberry.interface(description="Something a business entity sells.")
class Article(Node):
    sku: str = column("Article number, unique within the entity.")
    name: str = column("Name in Dutch.")
    name_en: str = column("Name in English.")
    description: str = column("For customers.")
    technical_description: str = column("For installers and partners.")
    category: ArticleCategory = column("Category.")
    specifications: JSON = column("Technical properties, such as `phases` and `maxPowerKw`.")
    unit: str = column("Unit of sale.")
    vat_class: VatClass = column("How VAT is charged.")
    serial_required: bool = column("Whether each piece is tracked by serial number.")
    batch_tracked: bool = column("Whether it is tracked by batch.")
    outdoor: bool = column("Whether installing it is outdoor work.")
    skills: list[str] = column("Skills that the work asks for.")
    install_minutes: int = column("Minutes of work per unit.")
    visit_kind: VisitKind | None = column("The visit in which it is delivered.")
    active: bool = column("Whether it is sold.")
    created_at: datetime = column("When it was added.")
    entity: EntityRef | None = related("The entity that sells it.", on=lambda a, e: e.id == a.entity_id)
    prices: list[ArticlePrice] = related_list(
        "Its prices in the lists you may see, newest first.",
        on=lambda a, p: p.article_id == a.id,
        order_by=lambda p: p.id.desc(),
        limit=250,
    )


@reads(ArticleRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="An article as staff see it.")
class StaffArticle(Article):
    unit_cost: Money = expression(
        "What one unit costs us.",
        lambda a: money(
            a.unit_cost_cents,
            explained=Explained("article.cost", [Given("recorded", a.unit_cost_cents, ("Article", a.id))]),
        ),
    )


@reads(ArticleRow, audiences=[Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN])
@strawberry.type(description="An article as partners, customers and technicians see it.")
class SalesArticle(Article):
    pass


@reads(PartnerSku, source=of_organizations)
@strawberry.type(description="A partner's own article number and what it stands for.")
class PartnerSkuMapping(Node):
    partner_sku: str = column("The partner's number.")
    quantity: Decimal = column("How many of our article one of the partner's is.")
    article: Article | None = related("Our article.", on=lambda m, a: a.id == m.article_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda m, o: o.id == m.organization_id)


@filters(ArticleRow)
@strawberry.input(description="Which articles; all conditions hold together.")
class ArticleFilter:
    category: EnumFilter[ArticleCategory] | None = match("By category.")
    sku: TextFilter | None = match("By article number.")
    active: bool | None = match("Whether it is sold.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    search: str | None = condition(
        "Text in number or name.",
        with_text("article"),
    )


@filters(PartnerSku)
@strawberry.input(description="Which mappings; all conditions hold together.")
class PartnerSkuFilter:
    organization_id: strawberry.ID | None = match("Of this partner.", node="Organization")
    partner_sku: TextFilter | None = match("By the partner's number.")


ARTICLE_SORT = Sort(
    ArticleRow, created_at="When it was added.", sku="By article number.", name="By name.", default="-created_at"
)
PARTNER_SKU_SORT = Sort(
    PartnerSku, created_at="When it was mapped.", partner_sku="By the partner's number.", default="-created_at"
)
PRICE_LIST_SORT = Sort(PriceList, created_at="When it was made.", name="By name.", default="-created_at")


@strawberry.type
class CatalogQueries:
    article: Article | None = read_one("One article.", requires=Permission.CATALOG_READ)
    articles: Connection[Article] = read_connection(
        "The catalog.", filter=ArticleFilter, order=ARTICLE_SORT, requires=Permission.CATALOG_READ
    )
    price_lists: Connection[ArticlePriceList] = read_connection(
        "Price lists you may see.", order=PRICE_LIST_SORT, requires=Permission.CATALOG_READ
    )
    partner_skus: Connection[PartnerSkuMapping] = read_connection(
        "Partners' article numbers.", filter=PartnerSkuFilter, order=PARTNER_SKU_SORT, requires=Permission.CATALOG_READ
    )


@strawberry.input(
    description="An article; fields that are left out keep their value, or take the default of a new one."
)
class ArticleInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The article to change; none for a new one.")
    entity_id: strawberry.ID | None = strawberry.field(default=None, description="The seller of a new article.")
    sku: str | None = strawberry.field(default=strawberry.UNSET, description="Article number, 1 to 64 characters.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name in Dutch.")
    name_en: str | None = strawberry.field(default=strawberry.UNSET, description="Name in English.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="For customers.")
    technical_description: str | None = strawberry.field(default=strawberry.UNSET, description="For installers.")
    category: ArticleCategory | None = strawberry.field(default=strawberry.UNSET, description="Category.")
    specifications: JSON | None = strawberry.field(default=strawberry.UNSET, description="Technical properties.")
    unit: str | None = strawberry.field(default=strawberry.UNSET, description="Unit of sale.")
    vat_class: VatClass | None = strawberry.field(default=strawberry.UNSET, description="How VAT is charged.")
    unit_cost_cents: BigInt | None = strawberry.field(default=strawberry.UNSET, description="Cost per unit, cents.")
    serial_required: bool | None = strawberry.field(default=strawberry.UNSET, description="Tracked by serial number.")
    batch_tracked: bool | None = strawberry.field(default=strawberry.UNSET, description="Tracked by batch.")
    outdoor: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is outdoor work.")
    skills: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Skills, at most 20.")
    install_minutes: int | None = strawberry.field(default=strawberry.UNSET, description="Minutes per unit, 0 to 2880.")
    visit_kind: VisitKind | None = strawberry.field(default=strawberry.UNSET, description="The visit it is part of.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it is sold.")


@strawberry.type(description="What saveArticle returns.")
class SaveArticlePayload(Payload):
    article: Article | None = strawberry.field(default=None, description="The article as it is now.")


@strawberry.type(description="What savePriceList returns.")
class SavePriceListPayload(Payload):
    price_list: ArticlePriceList | None = strawberry.field(default=None, description="The price list as it is now.")


@strawberry.type(description="What setPrice returns.")
class SetPricePayload(Payload):
    price: ArticlePrice | None = strawberry.field(default=None, description="The new price.")


@strawberry.type(description="What mapPartnerSku returns.")
class MapPartnerSkuPayload(Payload):
    mapping: PartnerSkuMapping | None = strawberry.field(
        default=None, description="The mapping; none when it was removed."
    )


@strawberry.input(description="A price list of an entity.")
class PriceListInput:
    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    partner_organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner it is agreed with; none for the standard list."
    )
    name: str = strawberry.field(description="Name, 1 to 100 characters.")


@strawberry.input(description="A price from a time on.")
class SetPriceInput:
    price_list_id: strawberry.ID = strawberry.field(description="The list.")
    article_id: strawberry.ID = strawberry.field(description="The article.")
    unit_price_cents: BigInt = strawberry.field(description="Per unit, without VAT, in cents.")
    valid_from: datetime | None = strawberry.field(
        default=None, description="First moment, not in the past; now if left out."
    )


@strawberry.input(description="A partner's article number and what it stands for.")
class MapPartnerSkuInput:
    entity_id: strawberry.ID = strawberry.field(description="The entity whose article it is.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    partner_sku: str = strawberry.field(description="The partner's number, 1 to 64 characters.")
    article_id: strawberry.ID | None = strawberry.field(
        default=None, description="Our article; none removes the mapping."
    )
    quantity: Decimal = strawberry.field(default=Decimal(1), description="How many of ours one of the partner's is.")


@strawberry.type
class CatalogMutations:
    @mutation("Add an article or change one.", requires=Permission.CATALOG_WRITE)
    async def save_article(self, info: Info[Context], input: ArticleInput) -> SaveArticlePayload:
        changed = values.parse_article(given(input, but=("id", "entity_id")), new=not input.id)
        async with info.context.write() as session:
            article_id = optional_key("Article", input.id)
            entity_id = optional_key("BusinessEntity", input.entity_id, "entityId")
            article = await service.save_article(session, entity_id, changed, article_id=article_id)
            return SaveArticlePayload(article=await read_in(session, info, "article", article.id))

    @mutation("Make or rename a price list.", requires=Permission.CATALOG_WRITE)
    async def save_price_list(self, info: Info[Context], input: PriceListInput) -> SavePriceListPayload:
        partner_id = optional_key("Organization", input.partner_organization_id, "partnerOrganizationId")
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        name = validation.name(input.name, "name", maximum=100)
        async with info.context.write() as session:
            price_list = await service.save_price_list(session, entity_id, partner_id, name)
            return SavePriceListPayload(price_list=await read_in(session, info, "price_list", price_list.id))

    @mutation("Set the price of an article in a list from a time on.", requires=Permission.CATALOG_WRITE)
    async def set_price(self, info: Info[Context], input: SetPriceInput) -> SetPricePayload:
        list_id = key_of("ArticlePriceList", input.price_list_id, "priceListId")
        article_id = key_of("Article", input.article_id, "articleId")
        with Faults() as faults:
            cents = faults.take(values.cents, input.unit_price_cents, "unit_price_cents")
        async with info.context.write() as session:
            price = await service.set_price(session, list_id, article_id, cents or 0, input.valid_from)
            return SetPricePayload(price=await read_in(session, info, "price", price.id))

    @mutation("Let a partner's article number stand for an article.", requires=Permission.CATALOG_WRITE)
    async def map_partner_sku(self, info: Info[Context], input: MapPartnerSkuInput) -> MapPartnerSkuPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        article_id = optional_key("Article", input.article_id, "articleId")
        with Faults() as faults:
            sku = faults.take(values.sku, input.partner_sku, "partner_sku")
            quantity = faults.take(values.quantity, input.quantity, "quantity")
        async with info.context.write() as session:
            mapping = await service.map_partner_sku(
                session, entity_id, organization_id, sku or "", article_id, quantity or Decimal(1)
            )
            read = await read_in(session, info, "mapping", mapping.id) if mapping else None
            return MapPartnerSkuPayload(mapping=read)


TYPES = (StaffArticle, SalesArticle, ArticlePrice, ArticlePriceList, PartnerSkuMapping)
