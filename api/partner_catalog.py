"""A partner's article map and prices: imports with their faults row by row, single numbers, rules of prices."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.catalog import PartnerSkuMapping
from api.context import Info
from api.enums import described
from api.errors import UserError, user_errors
from api.inputs import key_of, optional_key
from api.listing import of_organizations
from api.mutations import Payload, PreviewablePayload, mutation
from api.reading import (
    BigInt,
    Connection,
    IDFilter,
    Node,
    Sort,
    column,
    filters,
    match,
    read_connection,
    read_in,
    reads,
    related,
)
from domain.catalog import values
from domain.catalog.models import ArticleCategory
from domain.errors import DomainErrors, Faults
from domain.onboarding import prices, pricing, sku_import, sku_map
from domain.onboarding.models import PriceRules as RulesRow
from domain.onboarding.models import SkuMapImport as ImportRow
from domain.onboarding.pricing import Outcome
from domain.onboarding.sku_import import Planned, SkuMapChange
from tenants.acting import acting_as
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.organizations import Organization

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
_MANAGE, _PRICES = Permission.INTEGRATIONS_MANAGE, Permission.CATALOG_WRITE

described(
    SkuMapChange,
    "What a row of an import comes to.",
    ADDED="The number is new.",
    CHANGED="It stands for another article or quantity.",
    REMOVED="It stands for nothing any more.",
    UNCHANGED="It is as it was.",
    FAULTY="It cannot be taken; the whole import is refused.",
)


@filters(ImportRow)
@strawberry.input(description="Which imports; all conditions hold together.")
class SkuMapImportFilter:
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("For this business entity.", node="BusinessEntity")


IMPORT_SORT = Sort(ImportRow, created_at="When it was done.", default="-created_at")


@reads(ImportRow, source=of_organizations)
@strawberry.type(description="One import of a partner's article map.")
class SkuMapImport(Node):
    added: int = column("Numbers that were new.")
    changed: int = column("Numbers that stood for something else.")
    removed: int = column("Numbers that stand for nothing any more.")
    created_at: datetime = column("When.")
    undone_at: datetime | None = column("When it was taken back.")
    organization: OrganizationRef | None = related("The partner.", on=lambda i, o: o.id == i.organization_id)


@filters(RulesRow)
@strawberry.input(description="Which rules; all conditions hold together.")
class PartnerPriceRulesFilter:
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")


RULES_SORT = Sort(RulesRow, created_at="When they were made.", default="-created_at")


@reads(RulesRow)
@strawberry.type(description="How a partner's prices follow from the standard list; one version of the rules.")
class PartnerPriceRules(Node):
    number: int = column("Which version, from 1.")
    rules: JSON = column("The rules: article or category, percent, amount_cents, fixed_cents, round_to_cents.")
    created_at: datetime = column("Since when.")
    replaced_at: datetime | None = column("Until when; null while they hold.")
    organization: OrganizationRef | None = related("The partner.", on=lambda r, o: o.id == r.organization_id)


@strawberry.type(description="A row of an import.")
class SkuMapRow:
    line: int = strawberry.field(description="Of the file, the heading is 1; 0 where no row names the number.")
    partner_sku: str = strawberry.field(description="The partner's number.")
    sku: str | None = strawberry.field(description="Our article number; null takes the mapping away.")
    quantity: Decimal = strawberry.field(description="How many of ours one of the partner's is.")
    change: SkuMapChange = strawberry.field(description="What it comes to.")
    article_name: str | None = strawberry.field(description="What our article is called.")
    errors: list[UserError] = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="An article with its standard price and the partner's.")
class PartnerPriceRow:
    sku: str = strawberry.field(description="Our article number.")
    standard_cents: BigInt = strawberry.field(description="Standard price, without VAT, in cents.")
    before_cents: BigInt | None = strawberry.field(description="What the partner's own list said; null: nothing.")
    partner_cents: BigInt = strawberry.field(description="What it says now.")


@strawberry.input(description="An article map to import.")
class ImportSkuMapInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    csv: str = strawberry.field(
        description=f"Columns partner_sku, sku, quantity; at most {sku_map.MOST_ROWS} rows. POST /partner-sku-map "
        "takes what is longer than a text of GraphQL may be."
    )
    replaces: bool = strawberry.field(
        default=False, description="Whether numbers that no row names stand for nothing any more."
    )
    check_only: bool = strawberry.field(
        default=False, description="Say what every row comes to, with its errors, and change nothing."
    )


@strawberry.type(description="What importSkuMap returns.")
class ImportSkuMapPayload(Payload):
    rows: list[SkuMapRow] = strawberry.field(default_factory=list, description="Every row and what it comes to.")
    faulty: int = strawberry.field(default=0, description="How many rows have errors.")
    imported: SkuMapImport | None = strawberry.field(
        default=None, description="The import; null where nothing changed or only a check was asked for."
    )


@strawberry.type(description="What undoSkuMapImport returns.")
class UndoSkuMapImportPayload(Payload):
    imported: SkuMapImport | None = strawberry.field(default=None, description="The import that was taken back.")


@strawberry.input(description="One number of a partner's article map.")
class SavePartnerSkuInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner; partners: your own organization.")
    partner_sku: str = strawberry.field(description="The partner's number, 1 to 64 characters.")
    sku: str | None = strawberry.field(default=None, description="Our article number; null takes the mapping away.")
    quantity: Decimal = strawberry.field(default=Decimal(1), description="How many of ours one of the partner's is.")


@strawberry.type(description="What savePartnerSku returns.")
class SavePartnerSkuPayload(Payload):
    mapping: PartnerSkuMapping | None = strawberry.field(
        default=None, description="The mapping; null when it was taken away."
    )


@strawberry.input(description="What an article, a category, or (with neither) everything costs a partner.")
class PriceRuleInput:
    article_id: strawberry.ID | None = strawberry.field(default=None, description="The article.")
    category: ArticleCategory | None = strawberry.field(default=None, description="The category.")
    percent: Decimal | None = strawberry.field(default=None, description="-100 to 1000, on the standard price.")
    amount_cents: BigInt | None = strawberry.field(default=None, description="Added after the percentage.")
    fixed_cents: BigInt | None = strawberry.field(default=None, description="The price itself; stands alone.")
    round_to_cents: int | None = strawberry.field(default=None, description="Rounded half up to whole so many cents.")


@strawberry.input(description="Rules of a partner's prices; the nearest holds: article, category, all.")
class PartnerPriceRulesInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    rules: list[PriceRuleInput] = strawberry.field(description=f"1 to {prices.MOST_RULES} rules.")


@strawberry.type(description="What a change of a partner's prices returns.")
class PartnerPriceRulesPayload(PreviewablePayload):
    rules: PartnerPriceRules | None = strawberry.field(default=None, description="The rules in force.")
    prices: list[PartnerPriceRow] = strawberry.field(default_factory=list, description="The prices they give.")


@strawberry.type
class PartnerCatalogQueries:
    sku_map_imports: Connection[SkuMapImport] = read_connection(
        "Imports of partners' article maps.",
        filter=SkuMapImportFilter,
        order=IMPORT_SORT,
        requires=Permission.INTEGRATIONS_READ,
    )
    partner_price_rules: Connection[PartnerPriceRules] = read_connection(
        "Rules of partners' prices, all versions.",
        filter=PartnerPriceRulesFilter,
        order=RULES_SORT,
        requires=Permission.CATALOG_READ,
    )


@strawberry.type
class PartnerCatalogMutations:
    @mutation(
        "Imports a partner's article map from CSV, as a whole or not at all; undoSkuMapImport takes it back. Orders "
        "that waited for a number go on.",
        requires=_MANAGE,
    )
    async def import_sku_map(self, info: Info, input: ImportSkuMapInput) -> ImportSkuMapPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        rows = sku_map.read(input.csv)
        actor, language = info.context.actor, info.context.language
        async with info.context.system() as session:
            planned = await sku_import.plan(session, actor, entity_id, organization_id, rows, replaces=input.replaces)
            payload = ImportSkuMapPayload(
                rows=[_row(each, language) for each in planned.rows], faulty=planned.count(SkuMapChange.FAULTY)
            )
            if input.check_only:
                return payload
            made = await sku_import.apply(session, actor, planned)
            if made is not None:
                async with acting_as(session, actor):
                    payload.imported = await read_in(session, info, "imported", made.id)
            return payload

    @mutation("Takes an import back, where nothing of it was changed since.", requires=_MANAGE)
    async def undo_sku_map_import(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The import.")]
    ) -> UndoSkuMapImportPayload:
        async with info.context.system() as session:
            made = await sku_import.undo(session, info.context.actor, key_of("SkuMapImport", id))
            async with acting_as(session, info.context.actor):
                return UndoSkuMapImportPayload(imported=await read_in(session, info, "imported", made.id))

    @mutation("Lets one of a partner's numbers stand for an article, or for nothing.", requires=_MANAGE)
    async def save_partner_sku(self, info: Info, input: SavePartnerSkuInput) -> SavePartnerSkuPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        with Faults() as faults:
            number = faults.take(values.sku, input.partner_sku, "partner_sku")
            sku = faults.take(values.sku, input.sku, "sku") if input.sku else None
            quantity = faults.take(values.quantity, input.quantity, "quantity")
        actor = info.context.actor
        async with info.context.system() as session:
            made = await sku_import.map_one(
                session, actor, entity_id, organization_id, number or "", sku, quantity or Decimal(1)
            )
            async with acting_as(session, actor):
                return SavePartnerSkuPayload(mapping=await read_in(session, info, "mapping", made.id) if made else None)

    @mutation(
        "Lets a partner's price list follow the standard one by rules, from now on and whenever that changes.",
        requires=_PRICES,
        previewable=True,
    )
    async def save_partner_price_rules(self, info: Info, input: PartnerPriceRulesInput) -> PartnerPriceRulesPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        rules = prices.parse([_rule(given) for given in input.rules])
        async with info.context.system() as session:
            made = await pricing.save(session, info.context.actor, entity_id, organization_id, rules)
            async with acting_as(session, info.context.actor):
                return _outcome(made, await read_in(session, info, "rules", made.kept.id))

    @mutation("Goes back to an earlier version of a partner's price rules.", requires=_PRICES, previewable=True)
    async def restore_partner_price_rules(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The version.")]
    ) -> PartnerPriceRulesPayload:
        async with info.context.system() as session:
            made = await pricing.restore(session, info.context.actor, key_of("PartnerPriceRules", id))
            async with acting_as(session, info.context.actor):
                return _outcome(made, await read_in(session, info, "rules", made.kept.id))


def _row(each: Planned, language: str) -> SkuMapRow:
    faults = user_errors(DomainErrors(each.row.faults), language) if each.row.faults else []
    return SkuMapRow(
        line=each.row.line,
        partner_sku=each.row.partner_sku,
        sku=each.row.sku,
        quantity=each.row.quantity,
        change=each.change,
        article_name=each.article.name if each.article else None,
        errors=faults,
    )


def _rule(given: PriceRuleInput) -> dict[str, Any]:
    values = {name: value for name, value in asdict(given).items() if value is not None}
    article_id = optional_key("Article", values.pop("article_id", None), "rules.articleId")
    if "category" in values:
        values["category"] = values["category"].value
    for name in ("amount_cents", "fixed_cents"):
        if name in values:
            values[name] = int(values[name])
    return {**values, **({"article": str(article_id)} if article_id else {})}


def _outcome(made: Outcome, rules: Any) -> PartnerPriceRulesPayload:
    rows = [
        PartnerPriceRow(
            sku=each.sku,
            standard_cents=BigInt(each.standard_cents),
            before_cents=None if each.before_cents is None else BigInt(each.before_cents),
            partner_cents=BigInt(each.cents),
        )
        for each in made.prices
    ]
    return PartnerPriceRulesPayload(rules=rules, prices=rows)


TYPES = (SkuMapImport, PartnerPriceRules)
