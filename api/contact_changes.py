"""What can be done with contacts: making, changing, merging, preferences, and a person's rights over its data."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from api.contacts import Contact
from api.context import Context, Info
from api.inputs import given, optional_key
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.reading import parse_id_of, read_in
from domain.contacts import details, matching, merging, privacy, relations, service
from domain.contacts.addresses import AddressDetails, located
from domain.contacts.models import ContactType, Lifecycle
from domain.errors import Faults
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

CONTACT_KINDS = frozenset({"Contact", "Organization"})
_LEFT_OUT = "Left out: stays. Null: "


@strawberry.input(description="An address; it is normalized and located, and what cannot be verified is flagged.")
class AddressInput:
    postal_code: str = strawberry.field(description="Postcode, in the Netherlands such as 1234 AB.")
    house_number: str = strawberry.field(description="House number, with or without its addition.")
    house_number_addition: str | None = strawberry.field(default=None, description="Addition to the number.")
    street: str | None = strawberry.field(default=None, description="Street; completed from the register if left out.")
    city: str | None = strawberry.field(default=None, description="Place; completed from the register if left out.")
    country: str | None = strawberry.field(default=None, description="ISO 3166-1 code; NL if left out.")


@strawberry.input(description="A new person. A name is needed, whole or in its two parts.")
class CreateContactInput:
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity that it deals with; yours if you have one only."
    )
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organization that it belongs to; none for a private person."
    )
    name: str | None = strawberry.field(default=None, description="Full name.")
    first_name: str | None = strawberry.field(default=None, description="First name.")
    last_name: str | None = strawberry.field(default=None, description="Last name.")
    job_title: str | None = strawberry.field(default=None, description="What it does in its organization.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; national ones are Dutch.")
    language: str | None = strawberry.field(default=None, description="`nl` or `en`; `nl` if left out.")
    address: AddressInput | None = strawberry.field(default=None, description="Where it lives.")


@strawberry.input(description="Changes of a person; what is left out stays.")
class UpdateContactInput:
    id: strawberry.ID = strawberry.field(description="The person.")
    version: int | None = strawberry.field(
        default=None, description="The version that you saw; STALE_VERSION where it is not the present one."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Full name.")
    first_name: str | None = strawberry.field(default=strawberry.UNSET, description="First name.")
    last_name: str | None = strawberry.field(default=strawberry.UNSET, description="Last name.")
    job_title: str | None = strawberry.field(default=strawberry.UNSET, description="What it does.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Telephone number.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="`nl` or `en`.")
    address: AddressInput | None = strawberry.field(
        default=strawberry.UNSET, description=f"Where it lives. {_LEFT_OUT}it has none any more."
    )


@strawberry.input(description="Preferences of a contact with one business entity; a kind that is left out stays.")
class ContactPreferencesInput:
    contact_id: strawberry.ID = strawberry.field(description="The contact.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; yours if you have one only."
    )
    communication: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="`{channel, language, marketing, reminders}`."
    )
    scheduling: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="`{weekdays, blocks, call_ahead, note}`."
    )
    service: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="`{level, same_team, maintenance_reminders, note}`; not for partners."
    )


@strawberry.type(description="What createContact returns.")
class CreateContactPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The person.")
    known: bool = strawberry.field(
        default=False, description="Whether it is a person that you could see already, not a new one."
    )


@strawberry.type(description="What updateContact returns.")
class UpdateContactPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The person as it is now.")


@strawberry.type(description="What mergeContacts returns.")
class MergeContactsPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The contact that was kept.")


@strawberry.type(description="What unmergeContacts returns.")
class UnmergeContactsPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The contact that is itself again.")


@strawberry.type(description="What setContactPreferences returns.")
class SetContactPreferencesPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The contact.")


@strawberry.type(description="What setLifecycle returns.")
class SetLifecyclePayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The contact.")


@strawberry.type(description="What exportPersonalData returns.")
class ExportPersonalDataPayload(Payload):
    data: JSON | None = strawberry.field(
        default=None, description="Everything that your business entities hold, per table."
    )


@strawberry.type(description="What eraseContact returns.")
class EraseContactPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="What is left of the contact.")


ContactId = Annotated[strawberry.ID, strawberry.argument(description="The contact.")]
WinnerId = Annotated[strawberry.ID, strawberry.argument(description="The contact that is kept.")]
LoserId = Annotated[strawberry.ID, strawberry.argument(description="The contact that goes up in it.")]
MergedId = Annotated[strawberry.ID, strawberry.argument(description="The contact that went up in another.")]
EntityId = Annotated[strawberry.ID | None, strawberry.argument(description="Yours if you have one only.")]
LifecycleArgument = Annotated[Lifecycle, strawberry.argument(description="What it is to the business entity.")]


async def located_address(context: Context, address: AddressInput | None) -> AddressDetails | None:
    """The address in its normal form and on the map; called before the transaction."""
    return await located(locator_of(context), asdict(address), at=("address",)) if address else None


def contact_key(value: str, argument: str) -> UUID:
    """The key in the id of a contact, as a contact or as an organization."""
    return parse_id_of(CONTACT_KINDS, value, argument)


@strawberry.type
class ContactMutations:
    @mutation(
        "Adds a person. Somebody who is known already (the same e-mail address, and the same telephone number or name "
        "and postcode) is linked; partners are linked to people that they see, and to nobody else.",
        requires=Permission.CONTACTS_WRITE,
    )
    async def create_contact(self, info: Info, input: CreateContactInput) -> CreateContactPayload:
        columns = given(input, but=("entity_id", "organization_id", "address"))
        with Faults() as faults:
            values = faults.take(_new_person, columns) or {}
        address = await located_address(info.context, input.address)
        ids = (
            optional_key("BusinessEntity", input.entity_id, "entityId"),
            optional_key("Organization", input.organization_id, "organizationId"),
        )
        if info.context.actor.audience is Audience.PARTNER:
            return await _created_by_partner(info, values, address, *ids)
        return await _created_by_staff(info, values, address, *ids)

    @mutation("Changes a person.", requires=Permission.CONTACTS_WRITE)
    async def update_contact(self, info: Info, input: UpdateContactInput) -> UpdateContactPayload:
        columns = given(input, but=("id", "version", "address"))
        values = details.parse(ContactType.PERSON, columns, new=False)
        address = await located_address(info.context, input.address or None)
        async with info.context.write() as session:
            contact = await service.update(
                session,
                contact_key(input.id, "id"),
                ContactType.PERSON,
                values if input.address is not None else {**values, "address_id": None},
                version=input.version,
                address=address,
            )
            return UpdateContactPayload(contact=await read_in(session, info, "contact", contact.id))

    @mutation(
        "Merges two records of one person or organization: both histories become the winner's. Documents that were "
        "sent or signed keep naming the one they were made with.",
        requires=Permission.CONTACTS_MERGE,
    )
    async def merge_contacts(self, info: Info, winner_id: WinnerId, loser_id: LoserId) -> MergeContactsPayload:
        winner, loser = contact_key(winner_id, "winnerId"), contact_key(loser_id, "loserId")
        async with info.context.system() as session:
            kept = await merging.merge(session, info.context.actor, winner, loser)
            return MergeContactsPayload(contact=await _as_actor(session, info, kept.id))

    @mutation("Undoes the merge of a contact into another.", requires=Permission.CONTACTS_MERGE)
    async def unmerge_contacts(self, info: Info, id: MergedId) -> UnmergeContactsPayload:
        async with info.context.system() as session:
            again = await merging.unmerge(session, info.context.actor, contact_key(id, "id"))
            return UnmergeContactsPayload(contact=await _as_actor(session, info, again.id))

    @mutation(
        "Keeps preferences of a contact with one business entity. Customers keep their own.",
        requires=Permission.SIGNED_IN,
    )
    async def set_contact_preferences(self, info: Info, input: ContactPreferencesInput) -> SetContactPreferencesPayload:
        kinds = given(input, but=("contact_id", "entity_id"))
        async with info.context.write() as session:
            contact_id = contact_key(input.contact_id, "contactId")
            entity_key = optional_key("BusinessEntity", input.entity_id, "entityId")
            entity_id = await relations.entity_of(session, entity_key)
            preferences = {kind: {} if value is None else value for kind, value in kinds.items()}
            await relations.set_preferences(session, contact_id, entity_id, preferences)
            return SetContactPreferencesPayload(contact=await read_in(session, info, "contact", contact_id))

    @mutation("Says what a contact is to a business entity.", requires=Permission.LEADS_WRITE)
    async def set_lifecycle(
        self, info: Info, contact_id: ContactId, lifecycle: LifecycleArgument, entity_id: EntityId = None
    ) -> SetLifecyclePayload:
        async with info.context.write() as session:
            key = contact_key(contact_id, "contactId")
            entity = await relations.entity_of(session, optional_key("BusinessEntity", entity_id, "entityId"))
            await relations.set_lifecycle(session, key, entity, lifecycle)
            return SetLifecyclePayload(contact=await read_in(session, info, "contact", key))

    @mutation("Gives a copy of everything that is held of a contact (T15).", requires=Permission.PRIVACY_MANAGE)
    async def export_personal_data(self, info: Info, contact_id: ContactId) -> ExportPersonalDataPayload:
        async with info.context.write() as session:
            data = await privacy.export(session, contact_key(contact_id, "contactId"))
            return ExportPersonalDataPayload(data=JSON(data))

    @mutation(
        "Erases the personal data of a person, everywhere and for good (T15). Refused while orders or quotes are open; "
        "quotes, orders and signatures that the law keeps for seven years stay.",
        requires=Permission.PRIVACY_MANAGE,
    )
    async def erase_contact(self, info: Info, contact_id: ContactId) -> EraseContactPayload:
        async with info.context.system() as session:
            erased = await privacy.erase(session, info.context.actor, contact_key(contact_id, "contactId"))
            return EraseContactPayload(contact=await _as_actor(session, info, erased.id))


def _new_person(columns: dict[str, Any]) -> dict[str, Any]:
    return details.parse(ContactType.PERSON, {k: v for k, v in columns.items() if v is not None}, new=True)


async def _as_actor(session: Any, info: Info, id: UUID, field: str = "contact") -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, field, id)


async def _created_by_partner(
    info: Info, values: dict[str, Any], address: AddressDetails | None, entity: UUID | None, organization: UUID | None
) -> CreateContactPayload:
    """In the partner's own session, in which nothing can be found that it does not see."""
    async with info.context.write() as session:
        entity_id = await relations.entity_of(session, entity)
        if organization:
            made = await service.create_person(
                session, values, entity_id=entity_id, organization_id=organization, address=address, source="PARTNER"
            )
            return CreateContactPayload(contact=await read_in(session, info, "contact", made.id))
        found = await matching.find_or_create(session, values, entity_id=entity_id, source="PARTNER", address=address)
        shown = await read_in(session, info, "contact", found.contact.id)
        return CreateContactPayload(contact=shown, known=not found.created)


async def _created_by_staff(
    info: Info, values: dict[str, Any], address: AddressDetails | None, entity: UUID | None, organization: UUID | None
) -> CreateContactPayload:
    """One record across entities (T3): in a session of the platform, rights checked as the actor."""
    async with info.context.system() as session:
        async with acting_as(session, info.context.actor):
            entity_id = await relations.entity_of(session, entity)
            if organization:
                made = await service.create_person(
                    session, values, entity_id=entity_id, organization_id=organization, address=address
                )
                return CreateContactPayload(contact=await read_in(session, info, "contact", made.id))
        found = await matching.find_or_create(
            session, values, entity_id=entity_id, source="STAFF", address=address, maker=info.context.actor
        )
        shown = await _as_actor(session, info, found.contact.id)
        return CreateContactPayload(contact=shown, known=not found.created)
