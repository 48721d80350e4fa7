"""Offering plans, packs and subscriptions; buying them, and giving them up."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from api.charging_offers import ChargingOffer, ChargingSubscription, EnergyPack, PlanMembership
from api.context import Info
from api.inputs import key_of, optional_key
from api.mutations import PreviewablePayload, mutation
from api.reading import BigInt, read_in
from domain.errors import Required
from domain.tariffs import buying, offers
from domain.tariffs.models import OfferKind
from tenants.permissions import Permission

_BUY = Permission.CHARGING_BUY
OfferId = Annotated[strawberry.ID, strawberry.argument(description="What is bought.")]
BuyerId = Annotated[strawberry.ID | None, strawberry.argument(description="For whom; a driver itself leaves it out.")]


@strawberry.input(description="A plan, pack or subscription; prices without VAT.")
class SaveChargingOfferInput:
    entity_id: strawberry.ID = strawberry.field(description="Who offers it.")
    kind: OfferKind = strawberry.field(description="What it is; never changed afterwards.")
    code: str = strawberry.field(description="1 to 40 capitals, digits, dots and dashes; an offer of it is changed.")
    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    price_cents: BigInt = strawberry.field(description="Per month of a plan or subscription, once of a pack.")
    discount_percent: Decimal = strawberry.field(
        default=Decimal(0),
        description="Of a plan: off every session. Of a pack: off the price of its energy, 100 where it is prepaid.",
    )
    energy_wh: BigInt | None = strawberry.field(default=None, description="What a pack holds.")
    cap_cents: BigInt | None = strawberry.field(default=None, description="What a subscription covers per month.")
    priority: bool = strawberry.field(default=False, description="Whether who is in the plan goes before others.")
    active: bool = strawberry.field(default=True, description="Whether it can be bought.")


@strawberry.type(description="What saveChargingOffer returns.")
class ChargingOfferPayload(PreviewablePayload):
    offer: ChargingOffer | None = strawberry.field(default=None, description="The offer.")


@strawberry.type(description="What joinPlan, endPlanMembership and resumePlanMembership return.")
class PlanMembershipPayload(PreviewablePayload):
    membership: PlanMembership | None = strawberry.field(default=None, description="The membership.")


@strawberry.type(description="What buyEnergyPack and cancelEnergyPack return.")
class EnergyPackPayload(PreviewablePayload):
    pack: EnergyPack | None = strawberry.field(default=None, description="The pack.")


@strawberry.type(description="What subscribeToCharging, endChargingSubscription and resumeChargingSubscription return.")
class ChargingSubscriptionPayload(PreviewablePayload):
    subscription: ChargingSubscription | None = strawberry.field(default=None, description="The subscription.")


@strawberry.type
class ChargingOfferMutations:
    @mutation(
        "Offers a plan, pack or subscription, or changes the offer of its code; what was bought stays as it was.",
        requires=Permission.TARIFFS_WRITE,
        previewable=True,
    )
    async def save_charging_offer(self, info: Info, input: SaveChargingOfferInput) -> ChargingOfferPayload:
        async with info.context.write() as session:
            made = await offers.save(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                kind=input.kind,
                code=input.code,
                name=input.name,
                price_cents=int(input.price_cents),
                discount_percent=input.discount_percent,
                energy_wh=None if input.energy_wh is None else int(input.energy_wh),
                cap_cents=None if input.cap_cents is None else int(input.cap_cents),
                priority=input.priority,
                active=input.active,
            )
            return ChargingOfferPayload(offer=await read_in(session, info, "offer", made.id))

    @mutation(
        "Joins a plan from now on; the plan before ends. One that costs less than that begins with the next month.",
        requires=_BUY,
        idempotent=True,
        previewable=True,
    )
    async def join_plan(self, info: Info, offer_id: OfferId, contact_id: BuyerId = None) -> PlanMembershipPayload:
        async with info.context.write() as session:
            made = await buying.join_plan(session, _buyer(info, contact_id), _offer(offer_id))
            return PlanMembershipPayload(membership=await read_in(session, info, "membership", made.id))

    @mutation("Leaves a plan at the end of the month, a free one at once.", requires=_BUY, previewable=True)
    async def end_plan_membership(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The membership.")]
    ) -> PlanMembershipPayload:
        async with info.context.write() as session:
            left = await buying.leave_plan(session, key_of("PlanMembership", id))
            return PlanMembershipPayload(membership=await read_in(session, info, "membership", left.id))

    @mutation("Takes leaving a plan back while it runs.", requires=_BUY, previewable=True)
    async def resume_plan_membership(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The membership.")]
    ) -> PlanMembershipPayload:
        async with info.context.write() as session:
            kept = await buying.stay_in_plan(session, key_of("PlanMembership", id))
            return PlanMembershipPayload(membership=await read_in(session, info, "membership", kept.id))

    @mutation("Buys a pack of energy.", requires=_BUY, idempotent=True, previewable=True)
    async def buy_energy_pack(self, info: Info, offer_id: OfferId, contact_id: BuyerId = None) -> EnergyPackPayload:
        async with info.context.write() as session:
            made = await buying.buy_pack(session, _buyer(info, contact_id), _offer(offer_id))
            return EnergyPackPayload(pack=await read_in(session, info, "pack", made.id))

    @mutation("Gives a pack back that was not used, within 14 days.", requires=_BUY, previewable=True)
    async def cancel_energy_pack(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The pack.")]
    ) -> EnergyPackPayload:
        async with info.context.write() as session:
            pack = await buying.cancel_pack(session, key_of("EnergyPack", id))
            return EnergyPackPayload(pack=await read_in(session, info, "pack", pack.id))

    @mutation("Takes a subscription from now on.", requires=_BUY, idempotent=True, previewable=True)
    async def subscribe_to_charging(
        self, info: Info, offer_id: OfferId, contact_id: BuyerId = None
    ) -> ChargingSubscriptionPayload:
        async with info.context.write() as session:
            made = await buying.subscribe(session, _buyer(info, contact_id), _offer(offer_id))
            return ChargingSubscriptionPayload(subscription=await read_in(session, info, "subscription", made.id))

    @mutation("Ends a subscription with the month.", requires=_BUY, previewable=True)
    async def end_charging_subscription(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The subscription.")]
    ) -> ChargingSubscriptionPayload:
        async with info.context.write() as session:
            ended = await buying.end_subscription(session, key_of("ChargingSubscription", id))
            return ChargingSubscriptionPayload(subscription=await read_in(session, info, "subscription", ended.id))

    @mutation("Takes the end of a subscription back while it runs.", requires=_BUY, previewable=True)
    async def resume_charging_subscription(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The subscription.")]
    ) -> ChargingSubscriptionPayload:
        async with info.context.write() as session:
            kept = await buying.resume_subscription(session, key_of("ChargingSubscription", id))
            return ChargingSubscriptionPayload(subscription=await read_in(session, info, "subscription", kept.id))


def _offer(value: str) -> UUID:
    return key_of("ChargingOffer", value, "offerId")


def _buyer(info: Info, value: str | None) -> UUID:
    """The contact that is named, else the driver who asks. Raises: Required"""
    found = optional_key("Contact", value, "contactId") or info.context.actor.contact_id
    if found is None:
        raise Required(field=("contact_id",))
    return found
