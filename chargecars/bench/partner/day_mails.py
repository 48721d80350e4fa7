"""Mails of the day: read as the worker reads them, and looked at where something is in doubt."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import select

from chargecars.bench.partner.day_plan import Planned
from chargecars.bench.partner.day_scene import Stage
from domain.geo.locate import Locator
from domain.inbound_mail import reviewing, working
from domain.inbound_mail.models import EmailOrder, EmailOrderState, InboundMail, InboundMailState
from domain.inbound_mail.reviewing import Correction
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_STEP = re.compile(r"\.([a-z_]+)|\[([0-9]+)\]")


async def read_mails(database: Database, settings: Settings, stage: Stage) -> int:
    """What the jobs of the queue do; how many mails."""
    async with database.session(SYSTEM) as session:
        mine = (InboundMail.entity_id == stage.entity_id) & (InboundMail.state == InboundMailState.RECEIVED)
        ids = (await session.execute(select(InboundMail.id).where(mine).order_by(InboundMail.id))).scalars().all()
    locator = Locator.from_settings(database, settings)
    for id in ids:
        await working.work_through(database, settings, locator, id)
    return len(ids)


async def review_mails(database: Database, settings: Settings, stage: Stage, orders: list[Planned]) -> int:
    """Somebody answers what is asked, by what the partner meant, and nothing else; how many orders."""
    meant = {order.number: order.document for order in orders}
    async with database.session(SYSTEM) as session:
        query = select(EmailOrder.id, EmailOrder.asked, InboundMail.subject)
        query = query.join(InboundMail, InboundMail.id == EmailOrder.inbound_mail_id).where(
            EmailOrder.entity_id == stage.entity_id, EmailOrder.state == EmailOrderState.REVIEW
        )
        waiting = (await session.execute(query.order_by(EmailOrder.id))).all()
    locator = Locator.from_settings(database, settings)
    for id, asked, subject in waiting:
        document = meant[subject.rpartition(" ")[2]]
        await _review(database, locator, stage, id, [Correction(path, _at(document, path)) for path in asked])
    return len(waiting)


async def _review(database: Database, locator: Locator, stage: Stage, id: UUID, given: list[Correction]) -> None:
    async with database.session(SYSTEM) as session:
        looked = await reviewing.looked_at(session, stage.staff, id, given, None)
    ready = await reviewing.prepared(locator, looked)
    async with database.session(SYSTEM) as session:
        await reviewing.review(session, stage.staff, id, looked, ready, None)


def _at(document: dict[str, Any], path: str) -> str | None:
    """What stands at a JSON path, as somebody types it; None where there is nothing."""
    value: Any = document
    for name, place in _STEP.findall(path):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(place)] if isinstance(value, list) and int(place) < len(value) else None
    return None if value is None else str(value)
