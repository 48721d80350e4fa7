"""What is in the database after the day, held against what was planned."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from chargecars.bench.partner.day_plan import Fault, Planned, Road
from chargecars.bench.partner.day_scene import Stage
from chargecars.bench.partner.day_updates import Updates
from domain.inbound_mail.models import EmailOrder, EmailOrderState
from domain.mail.models import MailMessage
from domain.partner_orders.models import ExceptionState, PartnerOrder, PartnerOrderException
from domain.quotes.models import Quote
from tenants.actor import SYSTEM
from tenants.engine import Database

_OPEN = {
    Fault.UNMAPPED: "UNMAPPED_SKU",
    Fault.ADDRESS: "ADDRESS",
    Fault.CHANGED: "DUPLICATE",
}
"""Of orders that stand all the same."""
_REPEATED = (Fault.DUPLICATE, Fault.CONCURRENT, Fault.CHANGED)


@dataclass
class Judged:
    exceptions: Counter[str]
    problems: list[str] = field(default_factory=list)


async def judged(database: Database, stage: Stage, orders: list[Planned], updates: Updates) -> Judged:
    """Every order once, each with its quote; each exception in the queue and no other; each partner told once."""
    rows = await _orders(database, stage)
    found = await _exceptions(database, stage)
    made = Judged(Counter(kind for _, kind, _ in found))
    made.problems += _once(orders, rows)
    made.problems += _queued(orders, found)
    made.problems += _told(orders, updates)
    made.problems += await _beside(database, stage, orders)
    return made


def _once(orders: list[Planned], rows: list[Any]) -> list[str]:
    wanted = Counter((order.volume.code, order.number) for order in orders)
    there = Counter((_code(row.partner_order_id), row.partner_order_id) for row in rows)
    problems = [f"{number} is there {there[code, number]} times" for code, number in wanted if there[code, number] != 1]
    problems += [f"nobody sent {number}" for _, number in there.keys() - wanted.keys()]
    by_number = {row.partner_order_id: row for row in rows}
    for order in orders:
        row = by_number.get(order.number)
        if row is None:
            continue
        if row.way != order.volume.road.value:
            problems.append(f"{order.number} came by {row.way}")
        if row.quote_id is None:
            problems.append(f"{order.number} has no quote")
        mails = order.volume.road is Road.EMAIL
        if order.fault in _REPEATED and not mails and row.repeated != 1:
            problems.append(f"{order.number} was repeated {row.repeated} times")
        if row.document["customer"]["name"] != order.document["customer"]["name"]:
            problems.append(f"{order.number} is not as it was sent first")
    return problems


def _queued(orders: list[Planned], found: list[tuple[str | None, str, str]]) -> list[str]:
    """Exceptions of orders by number; those of messages that are none by their count; mails were looked at."""
    open_ = Counter((number, kind) for number, kind, state in found if number and state == ExceptionState.OPEN)
    expected = Counter((order.number, _OPEN[order.fault]) for order in orders if order.fault in _OPEN)
    problems = [f"{number}: {kind} is in the queue {open_[number, kind]} times" for number, kind in expected - open_]
    problems += [f"{number}: {kind} is in the queue for no reason" for number, kind in open_ - expected]
    unread = sum(order.volume.road is Road.WEBHOOK and order.fault in _UNREAD for order in orders)
    kept = sum(kind == "MAPPING_FAILED" and state == ExceptionState.OPEN for _, kind, state in found)
    if unread != kept:
        problems.append(f"{kept} messages are in the queue, {unread} could not be read")
    doubted = sum(order.volume.road is Road.EMAIL and order.fault in _DOUBTED for order in orders)
    looked = [state for _, kind, state in found if kind == "LOW_CONFIDENCE"]
    if len(looked) < doubted or set(looked) - {ExceptionState.RESOLVED}:
        problems.append(f"{doubted} mails at least were to be looked at: {Counter(looked)}")
    return problems


_UNREAD = (Fault.MALFORMED, Fault.UNREADABLE)
_DOUBTED = (Fault.MALFORMED, Fault.UNPROVEN, Fault.DOUBTFUL)


def _told(orders: list[Planned], updates: Updates) -> list[str]:
    wanted = Counter((order.volume.code, order.number, "quote_sent") for order in orders)
    missing, beyond = wanted - updates.arrived, updates.arrived - wanted
    problems = [f"{code} was not told that {number} is {status}" for code, number, status in missing]
    return problems + [f"{code} was told too often that {number} is {status}" for code, number, status in beyond]


async def _beside(database: Database, stage: Stage, orders: list[Planned]) -> list[str]:
    """Nothing was made twice beside the orders; who is told by mail has a mail."""
    async with database.session(SYSTEM) as session:
        quotes = await session.scalar(select(func.count()).where(Quote.entity_id == stage.entity_id))
        waiting = EmailOrder.state == EmailOrderState.REVIEW
        left = await session.scalar(select(func.count()).where(EmailOrder.entity_id == stage.entity_id, waiting))
        subjects = select(MailMessage.subject).where(MailMessage.entity_id == stage.entity_id)
        mails = set((await session.execute(subjects)).scalars())
    problems = [] if quotes == len(orders) else [f"{quotes} quotes of {len(orders)} orders"]
    problems += [f"{left} mails are still to be looked at"] if left else []
    noted = [order for order in orders if order.fault in (Fault.ADDRESS, Fault.UNMAPPED)]
    problems += [f"nobody was mailed about {o.number}" for o in noted if not any(o.number in each for each in mails)]
    forms = [order for order in orders if order.volume.road is Road.FORM]
    problems += [f"{o.number} was not confirmed" for o in forms if f"Bestelling {o.number} ontvangen" not in mails]
    return problems


async def _orders(database: Database, stage: Stage) -> list[Any]:
    async with database.session(SYSTEM) as session:
        query = select(PartnerOrder).where(PartnerOrder.entity_id == stage.entity_id)
        return list((await session.execute(query)).scalars())


async def _exceptions(database: Database, stage: Stage) -> list[tuple[str | None, str, str]]:
    async with database.session(SYSTEM) as session:
        query = (
            select(PartnerOrder.partner_order_id, PartnerOrderException.kind, PartnerOrderException.state)
            .select_from(PartnerOrderException)
            .outerjoin(PartnerOrder, PartnerOrder.id == PartnerOrderException.partner_order_fk)
            .where(PartnerOrderException.entity_id == stage.entity_id)
        )
        return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]


def _code(number: str) -> str:
    return number.partition("-")[0]
