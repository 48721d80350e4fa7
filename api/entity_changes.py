"""What can be done with business entities and brands."""

from typing import Annotated

import strawberry

from api.context import Info
from api.entities import Brand, BusinessEntity, PartnerBranding
from api.inputs import given, key_of
from api.mutations import Payload, mutation
from api.reading import read_in
from domain.entities import cobranding, details, service
from domain.errors import Faults
from tenants.permissions import Permission


@strawberry.input(description="One value of a portal's looks.")
class ThemeTokenInput:
    name: str = strawberry.field(description="Name, such as `colorPrimary`, `fontFamily` or `radius`.")
    value: str = strawberry.field(description="Value: a colour, a size or names of fonts, as the token wants.")


@strawberry.input(description="A new portal.")
class NewBrandInput:
    host: str = strawberry.field(description="Host name, without a port.")
    name: str = strawberry.field(description="Name that the portal shows.")
    sender_name: str = strawberry.field(description="Name that mail comes from.")
    sender_email: str = strawberry.field(description="Address that mail comes from.")
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="`nl-NL` if left out.")
    logo_url: str | None = strawberry.field(default=strawberry.UNSET, description="https address or path.")
    theme: list[ThemeTokenInput] | None = strawberry.field(default=strawberry.UNSET, description="Looks.")
    terms: str | None = strawberry.field(default=strawberry.UNSET, description="General terms, plain text.")
    privacy_statement: str | None = strawberry.field(default=strawberry.UNSET, description="Plain text.")
    consent_text: str | None = strawberry.field(default=strawberry.UNSET, description="What a signer agrees to.")
    allowed_origins: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Origins beside its own from which browsers may call the API, at most 20."
    )


@strawberry.input(description="Changes of a portal; what is left out stays.")
class UpdateBrandInput:
    id: strawberry.ID = strawberry.field(description="The brand.")
    host: str | None = strawberry.field(
        default=strawberry.UNSET, description="Host name; set by platform administrators."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name that the portal shows.")
    sender_name: str | None = strawberry.field(default=strawberry.UNSET, description="Name that mail comes from.")
    sender_email: str | None = strawberry.field(default=strawberry.UNSET, description="Address that mail comes from.")
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="Language and region.")
    logo_url: str | None = strawberry.field(default=strawberry.UNSET, description="https address or path.")
    theme: list[ThemeTokenInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Looks; replaces all that were set."
    )
    terms: str | None = strawberry.field(default=strawberry.UNSET, description="General terms, plain text.")
    privacy_statement: str | None = strawberry.field(default=strawberry.UNSET, description="Plain text.")
    consent_text: str | None = strawberry.field(default=strawberry.UNSET, description="What a signer agrees to.")
    allowed_origins: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Origins that browsers may call the API from, beside its own; replaces all.",
    )


@strawberry.input(description="A new business entity with its first portal.")
class CreateBusinessEntityInput:
    code: str = strawberry.field(description="Prefix of its numbers: 2 to 4 capitals.")
    invoice_prefix: str = strawberry.field(description="Prefix of its invoice numbers: 1 to 8 capitals or digits.")
    name: str = strawberry.field(description="Trade name.")
    legal_name: str = strawberry.field(description="Name in the trade register.")
    kvk_number: str = strawberry.field(description="Number in the Dutch trade register.")
    vat_number: str = strawberry.field(description="VAT number.")
    iban: str = strawberry.field(description="Bank account.")
    email: str = strawberry.field(description="E-mail address.")
    phone: str = strawberry.field(description="Telephone number.")
    street: str = strawberry.field(description="Street.")
    house_number: str = strawberry.field(description="House number with its addition.")
    postal_code: str = strawberry.field(description="Dutch postcode.")
    city: str = strawberry.field(description="Place.")
    requires_partner: bool = strawberry.field(default=False, description="Whether an order has to have a partner.")
    quote_valid_days: int = strawberry.field(default=30, description="Days for which a quote is valid, 1 to 365.")
    payment_terms_days: int = strawberry.field(default=14, description="Days to pay an invoice in, 0 to 120.")
    processing_minutes: int = strawberry.field(default=5, description="Estimate given with a new order.")
    brand: NewBrandInput = strawberry.field(description="Its first portal.")


@strawberry.input(description="Changes of a business entity; what is left out stays.")
class UpdateBusinessEntityInput:
    id: strawberry.ID = strawberry.field(description="The business entity.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Trade name.")
    legal_name: str | None = strawberry.field(default=strawberry.UNSET, description="Name in the trade register.")
    kvk_number: str | None = strawberry.field(default=strawberry.UNSET, description="Number in the trade register.")
    vat_number: str | None = strawberry.field(default=strawberry.UNSET, description="VAT number.")
    iban: str | None = strawberry.field(default=strawberry.UNSET, description="Bank account.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Telephone number.")
    street: str | None = strawberry.field(default=strawberry.UNSET, description="Street.")
    house_number: str | None = strawberry.field(default=strawberry.UNSET, description="House number with its addition.")
    postal_code: str | None = strawberry.field(default=strawberry.UNSET, description="Dutch postcode.")
    city: str | None = strawberry.field(default=strawberry.UNSET, description="Place.")
    requires_partner: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether an order has to have a partner."
    )
    quote_valid_days: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 365.")
    payment_terms_days: int | None = strawberry.field(default=strawberry.UNSET, description="0 to 120.")
    processing_minutes: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 43200.")
    lead_retention_days: int | None = strawberry.field(default=strawberry.UNSET, description="30 to 3650.")


@strawberry.input(description="A new portal of a business entity.")
class CreateBrandInput(NewBrandInput):
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")


@strawberry.input(description="A partner's own looks on a brand's portal; what is left out stays.")
class SetPartnerBrandingInput:
    brand_id: strawberry.ID = strawberry.field(description="The brand.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    slug: str = strawberry.field(description="Name of the co-branded portal, unique within the brand.")
    name: str = strawberry.field(description="Name that the portal shows.")
    logo_url: str | None = strawberry.field(default=strawberry.UNSET, description="https address or path.")
    theme: list[ThemeTokenInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Looks over the brand's; replaces all that were set."
    )


@strawberry.type(description="What createBusinessEntity returns.")
class CreateBusinessEntityPayload(Payload):
    business_entity: BusinessEntity | None = strawberry.field(default=None, description="The new business entity.")


@strawberry.type(description="What updateBusinessEntity returns.")
class UpdateBusinessEntityPayload(Payload):
    business_entity: BusinessEntity | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="What createBrand returns.")
class CreateBrandPayload(Payload):
    brand: Brand | None = strawberry.field(default=None, description="The new portal.")


@strawberry.type(description="What updateBrand returns.")
class UpdateBrandPayload(Payload):
    brand: Brand | None = strawberry.field(default=None, description="The portal as it is now.")


@strawberry.type(description="What setPartnerBranding returns.")
class SetPartnerBrandingPayload(Payload):
    branding: PartnerBranding | None = strawberry.field(default=None, description="The looks as they are now.")


@strawberry.type(description="What removePartnerBranding returns.")
class RemovePartnerBrandingPayload(Payload):
    brand: Brand | None = strawberry.field(default=None, description="The brand without them.")


def _values(input: object, *but: str) -> dict[str, object]:
    """The given columns; a theme as plain dictionaries."""
    values = given(input, but=but)
    if values.get("theme") is not None:
        values["theme"] = [{"name": token.name, "value": token.value} for token in values["theme"]]
    return values


@strawberry.type
class EntityMutations:
    @mutation("Adds a business entity with its first portal.", requires=Permission.ENTITIES_CREATE)
    async def create_business_entity(self, info: Info, input: CreateBusinessEntityInput) -> CreateBusinessEntityPayload:
        with Faults() as faults:
            entity = faults.take(_new_entity, _values(input, "brand"))
            brand = faults.take(_new_brand, _values(input.brand), "brand")
        async with info.context.write() as session:
            made = await service.create_entity(session, entity or {}, brand or {})
            shown = await read_in(session, info, "business_entity", made.id)
            return CreateBusinessEntityPayload(business_entity=shown)

    @mutation("Changes a business entity.", requires=Permission.ENTITIES_WRITE)
    async def update_business_entity(self, info: Info, input: UpdateBusinessEntityInput) -> UpdateBusinessEntityPayload:
        values = details.parse(details.ENTITY, _values(input, "id"))
        async with info.context.write() as session:
            entity = await service.update_entity(session, key_of("BusinessEntity", input.id), values)
            shown = await read_in(session, info, "business_entity", entity.id)
            return UpdateBusinessEntityPayload(business_entity=shown)

    @mutation("Adds a portal to a business entity.", requires=Permission.ENTITIES_CREATE)
    async def create_brand(self, info: Info, input: CreateBrandInput) -> CreateBrandPayload:
        values = _new_brand(_values(input, "entity_id"))
        async with info.context.write() as session:
            entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
            brand = await service.create_brand(session, entity_id, values)
            return CreateBrandPayload(brand=await read_in(session, info, "brand", brand.id))

    @mutation("Changes a portal.", requires=Permission.BRANDS_WRITE)
    async def update_brand(self, info: Info, input: UpdateBrandInput) -> UpdateBrandPayload:
        values = details.parse(details.BRAND, _values(input, "id"))
        async with info.context.write() as session:
            brand = await service.update_brand(session, key_of("Brand", input.id), values)
            return UpdateBrandPayload(brand=await read_in(session, info, "brand", brand.id))

    @mutation("Gives a partner its own looks on a brand's portal, or changes them.", requires=Permission.BRANDS_WRITE)
    async def set_partner_branding(self, info: Info, input: SetPartnerBrandingInput) -> SetPartnerBrandingPayload:
        parsed = _values(input, "brand_id", "organization_id")
        values = details.parse(details.COBRANDING, parsed, details.COBRANDING_NEEDS)
        async with info.context.write() as session:
            brand_id = key_of("Brand", input.brand_id, "brandId")
            organization_id = key_of("Organization", input.organization_id, "organizationId")
            looks = await cobranding.set_partner_branding(session, brand_id, organization_id, values)
            return SetPartnerBrandingPayload(branding=await read_in(session, info, "branding", looks.id))

    @mutation("Takes a partner's own looks on a brand's portal away.", requires=Permission.BRANDS_WRITE)
    async def remove_partner_branding(
        self,
        info: Info,
        brand_id: Annotated[strawberry.ID, strawberry.argument(description="The brand.")],
        organization_id: Annotated[strawberry.ID, strawberry.argument(description="The partner.")],
    ) -> RemovePartnerBrandingPayload:
        async with info.context.write() as session:
            keys = key_of("Brand", brand_id, "brandId"), key_of("Organization", organization_id, "organizationId")
            brand = await cobranding.remove_partner_branding(session, *keys)
            return RemovePartnerBrandingPayload(brand=await read_in(session, info, "brand", brand.id))


def _new_entity(values: dict[str, object]) -> dict[str, object]:
    return details.parse(details.NEW_ENTITY, values, details.ENTITY_NEEDS)


def _new_brand(values: dict[str, object]) -> dict[str, object]:
    return details.parse(details.BRAND, values, details.BRAND_NEEDS)
