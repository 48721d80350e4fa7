"""Addresses, mails and orders in mails of partners of every entity."""

import zlib

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.inbound_mail.models import EmailOrder, InboundAddress, InboundMail
from domain.partner_orders.models import PartnerOrder
from tests.factories import unique

_PHONE, _NAME = "$.customer.phone", "$.customer.name"


async def add_inbound_mail(session: AsyncSession) -> None:
    """As the system, beside the orders of partners: one that was submitted and one that waits."""
    for order in (await session.execute(select(PartnerOrder).order_by(PartnerOrder.id))).scalars():
        await _of_partner(session, order)


async def _of_partner(session: AsyncSession, order: PartnerOrder) -> None:
    owner = {"entity_id": order.entity_id, "organization_id": order.organization_id}
    address = InboundAddress(**owner, local_part=unique("bestel-").lower(), allowed_senders=["@alva.example"])
    session.add(address)
    await session.flush()
    mail = InboundMail(
        **owner,
        address_id=address.id,
        way="SMTP",
        sha256=unique(),
        size=4,
        raw=zlib.compress(b"mail"),
        sender="a@alva.example",
        subject=unique("Bestelling "),
        state="READ",
        parts=[{"kind": "TEXT", "name": None, "text": unique("Naam: ")}],
        problems=["MALFORMED"],
    )
    session.add(mail)
    await session.flush()
    place = {"confidence": 0.8, "part": 0, "start": 0, "end": 4, "text": "Naam", "method": "LABEL"}
    of_it = {**owner, "inbound_mail_id": mail.id, "fields": {_NAME: {"value": unique("Koper "), **place}}}
    session.add(EmailOrder(**of_it, position=1, state="SUBMITTED", partner_order_id=order.id))
    fault = {"code": "INVALID_PHONE", "path": _PHONE, "message": {"nl": "Geen nummer", "en": "No number"}}
    waits = {"asked": [_NAME, _PHONE], "missing": [_PHONE], "doubts": ["LOW_CONFIDENCE"], "faults": [fault]}
    session.add(EmailOrder(**of_it, **waits, position=2, corrected={_PHONE: "0612345678"}))
