"""What can be done with organizations: making, changing, moving in the tree."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.contact_changes import AddressInput, located_address
from api.context import Info
from api.inputs import given, key_of, optional_key
from api.mutations import Payload, mutation
from api.organizations import Organization
from api.reading import read_in
from domain.contacts import details, relations, service, tree
from domain.contacts.models import ContactType, PartnerModel
from domain.errors import Required
from tenants.acting import acting_as
from tenants.permissions import Permission

_BY_STAFF = "set by staff only."


@strawberry.input(description="A new organization.")
class CreateOrganizationInput:
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity that it deals with; yours if you have one only."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organization above it; for partners their own if left out."
    )
    name: str = strawberry.field(description="Trade name.")
    legal_name: str | None = strawberry.field(default=None, description="Name in the trade register.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; national ones are Dutch.")
    language: str | None = strawberry.field(default=None, description="`nl` or `en`; `nl` if left out.")
    website: str | None = strawberry.field(default=None, description="Web address with https:// or http://.")
    kvk_number: str | None = strawberry.field(default=None, description="Number in the Dutch trade register.")
    vat_number: str | None = strawberry.field(default=None, description="VAT number with its country code.")
    iban: str | None = strawberry.field(default=None, description="Bank account.")
    partner_model: PartnerModel | None = strawberry.field(
        default=None, description=f"How it works with us; {_BY_STAFF} What partners make has their own."
    )
    partner_code: str | None = strawberry.field(default=None, description=f"Short name; {_BY_STAFF}")
    payment_terms_days: int | None = strawberry.field(default=None, description=f"0 to 120; {_BY_STAFF}")
    address: AddressInput | None = strawberry.field(default=None, description="Where it is established.")


@strawberry.input(description="Changes of an organization; what is left out stays, null empties.")
class UpdateOrganizationInput:
    id: strawberry.ID = strawberry.field(description="The organization.")
    version: int | None = strawberry.field(
        default=None, description="The version that you saw; STALE_VERSION where it is not the present one."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Trade name.")
    legal_name: str | None = strawberry.field(default=strawberry.UNSET, description="Name in the trade register.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Telephone number.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="`nl` or `en`.")
    website: str | None = strawberry.field(default=strawberry.UNSET, description="Web address.")
    kvk_number: str | None = strawberry.field(default=strawberry.UNSET, description="Number in the trade register.")
    vat_number: str | None = strawberry.field(default=strawberry.UNSET, description="VAT number.")
    iban: str | None = strawberry.field(default=strawberry.UNSET, description="Bank account.")
    partner_model: PartnerModel | None = strawberry.field(
        default=strawberry.UNSET, description=f"How it works with us; {_BY_STAFF}"
    )
    partner_code: str | None = strawberry.field(default=strawberry.UNSET, description=f"Short name; {_BY_STAFF}")
    payment_terms_days: int | None = strawberry.field(default=strawberry.UNSET, description=f"0 to 120; {_BY_STAFF}")
    address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where it is established; null: it has no address any more."
    )


@strawberry.type(description="What createOrganization returns.")
class CreateOrganizationPayload(Payload):
    organization: Organization | None = strawberry.field(default=None, description="The new organization.")


@strawberry.type(description="What updateOrganization returns.")
class UpdateOrganizationPayload(Payload):
    organization: Organization | None = strawberry.field(default=None, description="The organization as it is now.")


@strawberry.type(description="What moveOrganization returns.")
class MoveOrganizationPayload(Payload):
    organization: Organization | None = strawberry.field(default=None, description="The organization at its new place.")


MovedId = Annotated[strawberry.ID, strawberry.argument(description="The organization to move, with all below it.")]
ParentId = Annotated[
    strawberry.ID | None, strawberry.argument(description="The organization above it; null: none. Required.")
]
ValidFrom = Annotated[
    datetime | None,
    strawberry.argument(description="From when on; now if left out. Not in the future, nor before its last change."),
]


@strawberry.type
class OrganizationMutations:
    @mutation(
        "Adds an organization. Partners add theirs below their own organization.",
        requires=Permission.ORGANIZATIONS_WRITE,
    )
    async def create_organization(self, info: Info, input: CreateOrganizationInput) -> CreateOrganizationPayload:
        columns = given(input, but=("entity_id", "parent_id", "address"))
        filled = {column: value for column, value in columns.items() if value is not None}
        values = details.parse(ContactType.ORGANIZATION, filled, new=True)
        address = await located_address(info.context, input.address)
        async with info.context.write() as session:
            made = await service.create_organization(
                session,
                values,
                entity_id=await relations.entity_of(
                    session, optional_key("BusinessEntity", input.entity_id, "entityId")
                ),
                parent_id=optional_key("Organization", input.parent_id, "parentId"),
                address=address,
            )
            return CreateOrganizationPayload(organization=await read_in(session, info, "organization", made.id))

    @mutation("Changes an organization.", requires=Permission.ORGANIZATIONS_WRITE)
    async def update_organization(self, info: Info, input: UpdateOrganizationInput) -> UpdateOrganizationPayload:
        columns = given(input, but=("id", "version", "address"))
        values = details.parse(ContactType.ORGANIZATION, columns, new=False)
        address = await located_address(info.context, input.address or None)
        async with info.context.write() as session:
            organization = await service.update(
                session,
                key_of("Organization", input.id),
                ContactType.ORGANIZATION,
                values if input.address is not None else {**values, "address_id": None},
                version=input.version,
                address=address,
            )
            shown = await read_in(session, info, "organization", organization.id)
            return UpdateOrganizationPayload(organization=shown)

    @mutation(
        "Moves an organization with all below it to another place in the tree. The tree as it was before stays as it "
        "was; orders, quotes and leads keep the chain they were made with.",
        requires=Permission.ORGANIZATIONS_MOVE,
    )
    async def move_organization(
        self, info: Info, id: MovedId, parent_id: ParentId = strawberry.UNSET, valid_from: ValidFrom = None
    ) -> MoveOrganizationPayload:
        if parent_id is strawberry.UNSET:  # left out by mistake, it would move the organization to the top
            raise Required(field=("parent_id",))
        parent = optional_key("Organization", parent_id, "parentId")
        async with info.context.system() as session:
            moved = await tree.move(session, info.context.actor, key_of("Organization", id), parent, valid_from)
            async with acting_as(session, info.context.actor):
                return MoveOrganizationPayload(organization=await read_in(session, info, "organization", moved.id))
