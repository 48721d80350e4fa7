"""What can be done with orders: cancel, hold, resume, reopen, note, order again."""

from typing import Annotated

import strawberry

from api.context import Info
from api.inputs import key_of
from api.mutations import PreviewablePayload, mutation
from api.orders import Order
from api.reading import read_in
from domain.orders import placement, service
from tenants.permissions import Permission

_AS_IT_IS = "The order as it is now."


@strawberry.type(description="What cancelOrder returns.")
class CancelOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What reopenOrder returns.")
class ReopenOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What holdOrder returns.")
class HoldOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What resumeOrder returns.")
class ResumeOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What noteOrder returns.")
class NoteOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description=_AS_IT_IS)


@strawberry.type(description="What repeatOrder returns.")
class RepeatOrderPayload(PreviewablePayload):
    order: Order | None = strawberry.field(default=None, description="The new order.")


OrderId = Annotated[strawberry.ID, strawberry.argument(description="The order.")]
QuoteId = Annotated[strawberry.ID, strawberry.argument(description="The quote that was ordered.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; all parties read it.")]
Words = Annotated[str, strawberry.argument(description="The note, at most 4000 characters.")]
Internal = Annotated[bool, strawberry.argument(description="Whether only staff read it; else all parties do.")]
PartnerOrderId = Annotated[str | None, strawberry.argument(description="The partner's own number of the new order.")]


@strawberry.type
class OrderMutations:
    @mutation(
        "Cancels an order: staff until it is completed, its customer and partner until the work begins.",
        requires=Permission.ORDERS_CANCEL,
        previewable=True,
    )
    async def cancel_order(self, info: Info, id: OrderId, reason: Reason) -> CancelOrderPayload:
        async with info.context.write() as session:
            order = await service.cancel(session, key_of("Order", id), reason)
            return CancelOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation("Undoes a cancellation.", requires=Permission.ORDERS_WRITE, previewable=True)
    async def reopen_order(self, info: Info, id: OrderId, reason: Reason) -> ReopenOrderPayload:
        async with info.context.write() as session:
            order = await service.reopen(session, key_of("Order", id), reason)
            return ReopenOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation("Lets nothing happen to an order for now.", requires=Permission.ORDERS_WRITE, previewable=True)
    async def hold_order(self, info: Info, id: OrderId, reason: Reason) -> HoldOrderPayload:
        async with info.context.write() as session:
            order = await service.hold(session, key_of("Order", id), reason)
            return HoldOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation("Ends the hold of an order; it is where it was.", requires=Permission.ORDERS_WRITE, previewable=True)
    async def resume_order(self, info: Info, id: OrderId) -> ResumeOrderPayload:
        async with info.context.write() as session:
            order = await service.resume(session, key_of("Order", id))
            return ResumeOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation("Writes a note into the timeline of an order.", requires=Permission.ORDERS_WRITE, previewable=True)
    async def note_order(self, info: Info, id: OrderId, note: Words, internal: Internal = True) -> NoteOrderPayload:
        async with info.context.write() as session:
            order = await service.note(session, key_of("Order", id), note, internal=internal)
            return NoteOrderPayload(order=await read_in(session, info, "order", order.id))

    @mutation(
        "Orders the same again, at the prices of the version that became an order and until that version's end: staff, "
        "and a partner that buys for itself (wholesale).",
        requires=Permission.ORDERS_REPEAT,
        idempotent=True,
        previewable=True,
    )
    async def repeat_order(
        self, info: Info, quote_id: QuoteId, partner_order_id: PartnerOrderId = None
    ) -> RepeatOrderPayload:
        async with info.context.write() as session:
            key = key_of("Quote", quote_id, "quoteId")
            order_id = await placement.repeat(session, key, partner_order_id=partner_order_id)
            return RepeatOrderPayload(order=await read_in(session, info, "order", order_id))
