"""Addresses for orders by mail, and looking at what was read in mails."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.inbound_mail import EmailOrder, InboundAddress, InboundMail
from api.inputs import given, key_of, optional_key
from api.locating import locator_of
from api.mutations import Payload, mutation
from api.reading import read_in
from domain.inbound_mail import addresses, reviewing
from domain.inbound_mail.reviewing import Correction
from tenants.acting import acting_as
from tenants.actor import SYSTEM
from tenants.permissions import Permission

_MANAGE, _RESOLVE = Permission.INTEGRATIONS_MANAGE, Permission.PARTNER_ORDERS_RESOLVE
_SENDERS = "Addresses, and `@domain` for all of a domain, whose orders need no looking at; at most 100."
_AUTOMATIC = "Whether orders in which nothing is in doubt are submitted by themselves."
_ANSWERS = "Whether known senders are told what became of their mail."
_LANGUAGE = "Of those answers, `nl` or `en`."
_EXTERNAL = "Whether a language model, where the platform has one, may read its mail."
_VERSION = "The version that was looked at; refused where it is not the newest any more."


@strawberry.input(description="An address for orders by mail to make.")
class CreateInboundAddressInput:
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner; a partner's own if left out."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business entity; your only one if left out."
    )
    allowed_senders: list[str] = strawberry.field(default_factory=list, description=_SENDERS)
    automatic: bool = strawberry.field(default=True, description=_AUTOMATIC)
    answers: bool = strawberry.field(default=True, description=_ANSWERS)
    language: str = strawberry.field(default="nl", description=_LANGUAGE)
    external_reading: bool = strawberry.field(default=False, description=_EXTERNAL)


@strawberry.input(description="What to change of an address for orders by mail; what is left out stays.")
class UpdateInboundAddressInput:
    id: strawberry.ID = strawberry.field(description="The address.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it takes mail.")
    allowed_senders: list[str] | None = strawberry.field(default=strawberry.UNSET, description=_SENDERS)
    automatic: bool | None = strawberry.field(default=strawberry.UNSET, description=_AUTOMATIC)
    answers: bool | None = strawberry.field(default=strawberry.UNSET, description=_ANSWERS)
    language: str | None = strawberry.field(default=strawberry.UNSET, description=_LANGUAGE)
    external_reading: bool | None = strawberry.field(default=strawberry.UNSET, description=_EXTERNAL)


@strawberry.input(description="What somebody says that a field of an order in a mail is.")
class EmailOrderFieldInput:
    path: str = strawberry.field(description="JSON path, such as `$.customer.email` or `$.products[0].quantity`.")
    value: str | None = strawberry.field(
        default=None, description="What it is, confirmed or corrected; null: it is not of the order."
    )


@strawberry.input(description="An order in a mail, looked at: every field of `asked` has to be there.")
class ReviewEmailOrderInput:
    id: strawberry.ID = strawberry.field(description="The order in the mail.")
    fields: list[EmailOrderFieldInput] = strawberry.field(
        default_factory=list, description="The fields that were asked, and any other that is wrong."
    )
    version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="An order in a mail that is none.")
class RejectEmailOrderInput:
    id: strawberry.ID = strawberry.field(description="The order in the mail.")
    reason: str = strawberry.field(description="Why; the partner is told these words.")
    tell_partner: bool = strawberry.field(default=True, description="Whether the sender, where known, is told.")
    version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.type(description="What changing an address for orders by mail returns.")
class InboundAddressPayload(Payload):
    inbound_address: InboundAddress | None = strawberry.field(default=None, description="The address as it is now.")


@strawberry.type(description="What readInboundMail returns.")
class InboundMailPayload(Payload):
    inbound_mail: InboundMail | None = strawberry.field(default=None, description="The mail as it is now.")


@strawberry.type(description="What reviewEmailOrder, rejectEmailOrder and reopenEmailOrder return.")
class EmailOrderPayload(Payload):
    email_order: EmailOrder | None = strawberry.field(default=None, description="The order as it is now.")


@strawberry.type
class InboundMailMutations:
    @mutation("Makes an address that a partner can mail orders to.", requires=_MANAGE, idempotent=True)
    async def create_inbound_address(self, info: Info, input: CreateInboundAddressInput) -> InboundAddressPayload:
        async with info.context.system() as session:
            made = await addresses.create(
                session,
                info.context.actor,
                given(input, but=("organization_id", "entity_id")),
                organization_id=optional_key("Organization", input.organization_id, "organizationId"),
                entity_id=optional_key("BusinessEntity", input.entity_id, "entityId"),
            )
            return await _address(info, session, made.id)

    @mutation("Changes an address for orders by mail.", requires=_MANAGE)
    async def update_inbound_address(self, info: Info, input: UpdateInboundAddressInput) -> InboundAddressPayload:
        key = key_of("InboundAddress", input.id)
        async with info.context.system() as session:
            changed = await addresses.change(session, info.context.actor, key, given(input, but=("id",)))
            return await _address(info, session, changed.id)

    @mutation(
        "Makes another address with the same settings; the one before takes mail for a while.",
        requires=_MANAGE,
        idempotent=True,
    )
    async def rotate_inbound_address(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The address to replace.")],
        previous_valid_until: Annotated[
            datetime | None,
            strawberry.argument(description="Until when it takes mail; 30 days if left out, at most a year."),
        ] = None,
    ) -> InboundAddressPayload:
        key = key_of("InboundAddress", id)
        async with info.context.system() as session:
            made = await addresses.rotate(session, info.context.actor, key, previous_valid_until)
            return await _address(info, session, made.id)

    @mutation("Reads a mail that was ignored, or could not be read.", requires=_RESOLVE)
    async def read_inbound_mail(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The mail.")]
    ) -> InboundMailPayload:
        key = key_of("InboundMail", id)
        async with info.context.system() as session:
            mail = await reviewing.read_again(session, info.context.actor, key)
            async with acting_as(session, info.context.actor):
                return InboundMailPayload(inbound_mail=await read_in(session, info, "inbound_mail", mail.id))

    @mutation(
        "Submits an order in a mail once somebody looked at what is in doubt, and learns from it.", requires=_RESOLVE
    )
    async def review_email_order(self, info: Info, input: ReviewEmailOrderInput) -> EmailOrderPayload:
        key, actor = key_of("EmailOrder", input.id), info.context.actor
        said = [Correction(each.path, each.value) for each in input.fields]
        async with info.context.database.session(SYSTEM) as session:
            looked = await reviewing.looked_at(session, actor, key, said, input.version)
        ready = await reviewing.prepared(locator_of(info.context), looked)
        async with info.context.system() as session:
            await reviewing.review(session, actor, key, looked, ready, input.version)
            return await _order(info, session, key)

    @mutation("Says that an order in a mail is none; reopenEmailOrder undoes it.", requires=_RESOLVE)
    async def reject_email_order(self, info: Info, input: RejectEmailOrderInput) -> EmailOrderPayload:
        key, told = key_of("EmailOrder", input.id), input.tell_partner
        async with info.context.system() as session:
            await reviewing.reject(
                session, info.context.actor, key, input.reason, tell_partner=told, version=input.version
            )
            return await _order(info, session, key)

    @mutation("Has a rejected order in a mail looked at again.", requires=_RESOLVE)
    async def reopen_email_order(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The order in the mail.")]
    ) -> EmailOrderPayload:
        key = key_of("EmailOrder", id)
        async with info.context.system() as session:
            await reviewing.reopen(session, info.context.actor, key)
            return await _order(info, session, key)


async def _address(info: Info, session: AsyncSession, id: UUID) -> InboundAddressPayload:
    async with acting_as(session, info.context.actor):
        return InboundAddressPayload(inbound_address=await read_in(session, info, "inbound_address", id))


async def _order(info: Info, session: AsyncSession, id: UUID) -> EmailOrderPayload:
    async with acting_as(session, info.context.actor):
        return EmailOrderPayload(email_order=await read_in(session, info, "email_order", id))
