"""What is done with bills of sessions: pricing again, waiving, undoing that."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.charging_bills import ChargingBill
from api.context import Info
from api.inputs import key_of
from api.mutations import PreviewablePayload, mutation
from api.quote_changes import contact_key
from api.reading import read_in
from domain.charging_bills import bills
from domain.charging_bills.models import SessionBilling
from domain.contacts.models import Contact
from domain.ledger.posting import seal
from domain.rows import find
from domain.sessions.models import ChargingSession
from tenants.acting import acting_as
from tenants.permissions import Permission

_WRITE = Permission.INVOICES_WRITE
_SessionId = Annotated[strawberry.ID, strawberry.argument(description="The session.")]
_Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; the payer reads it.")]
_Change = Callable[[AsyncSession, UUID], Awaitable[SessionBilling]]


@strawberry.type(description="What a change of a bill returns.")
class ChargingBillPayload(PreviewablePayload):
    charging_bill: ChargingBill | None = strawberry.field(default=None, description="The bill as it is now.")


@strawberry.type
class ChargingBillMutations:
    @mutation(
        "Prices a session again by what is known now, and invoices or credits the difference; nothing changes where it "
        "is right already. Also bills one that had no tariff or payer before.",
        requires=_WRITE,
        previewable=True,
    )
    async def rebill_charging_session(
        self,
        info: Info,
        session_id: _SessionId,
        reason: Annotated[
            str, strawberry.argument(description="Why, at most 1000 characters; the payer reads it.")
        ] = "",
    ) -> ChargingBillPayload:
        return await _changed(info, session_id, lambda session, id: bills.rebill(session, id, reason))

    @mutation(
        "Bills a session to somebody else than its driver, such as one whose driver nobody knows; to the driver again "
        "where nobody is named. Refused with PAYER_INVOICED once it was invoiced: waive it first.",
        requires=_WRITE,
        previewable=True,
    )
    async def set_charging_bill_payer(
        self,
        info: Info,
        session_id: _SessionId,
        payer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="A contact or organization; null: the driver.")
        ] = None,
    ) -> ChargingBillPayload:
        payer = contact_key(payer_id, "payerId")
        return await _changed(info, session_id, lambda session, id: bills.set_payer(session, id, payer), payer)

    @mutation(
        "Bills nothing for a session: what was invoiced is credited with the reason.",
        requires=_WRITE,
        previewable=True,
    )
    async def waive_charging_bill(self, info: Info, session_id: _SessionId, reason: _Reason) -> ChargingBillPayload:
        return await _changed(info, session_id, lambda session, id: bills.waive(session, id, reason))

    @mutation("Bills a session after all that was waived.", requires=_WRITE, previewable=True)
    async def undo_waive_charging_bill(self, info: Info, session_id: _SessionId) -> ChargingBillPayload:
        return await _changed(info, session_id, bills.undo_waiver)


async def _changed(
    info: Info, session_id: strawberry.ID, change: _Change, payer: UUID | None = None
) -> ChargingBillPayload:
    """As the platform, since it takes from packs and subscriptions; the caller has to see session and payer."""
    key = key_of("ChargingSession", session_id, "sessionId")
    async with info.context.system() as session:
        async with acting_as(session, info.context.actor):
            await find(session, ChargingSession, key, field=("session_id",))
            if payer is not None:
                await find(session, Contact, payer, field=("payer_id",))
        billing = await change(session, key)
        await seal(session)
        async with acting_as(session, info.context.actor):
            return ChargingBillPayload(charging_bill=await read_in(session, info, "charging_bill", billing.id))
