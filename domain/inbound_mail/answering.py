"""Telling a partner what became of its mail: known senders only, never a program, and nothing of a customer."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.inbound_mail import heads
from domain.inbound_mail.models import EmailDoubt, EmailOrder, EmailOrderState, InboundAddress, InboundMail
from domain.mail.service import queue_mail
from domain.partner_orders.receipt import Receipt
from tenants.auth import clock

MOST_PER_HOUR = 30
"""Answers to one sender: a program that does not say that it is one answers ours for ever."""
_HOUR = timedelta(hours=1)
_LABELS = {
    "partner_order_id": ("uw bestelnummer", "your order number"),
    "name": ("naam van de klant", "the customer's name"),
    "email": ("e-mailadres van de klant", "the customer's e-mail address"),
    "phone": ("telefoonnummer van de klant", "the customer's telephone number"),
    "street": ("straat", "street"),
    "house_number": ("huisnummer", "house number"),
    "postal_code": ("postcode", "postcode"),
    "city": ("plaats", "place"),
    "products": ("producten", "products"),
    "partner_sku": ("artikelnummer", "article number"),
    "quantity": ("aantal", "quantity"),
    "description": ("omschrijving", "description"),
    "preferred_date": ("voorkeursdatum", "preferred date"),
    "notes": ("opmerkingen", "notes"),
    "dealer_group_id": ("dealergroep", "dealer group"),
    "purchase_order": ("inkoopnummer", "purchase order"),
    "customer_account": ("klantnummer", "customer account"),
}
_TEXT = {
    "nl": {
        "greeting": "Goedendag,",
        "got": "Wij hebben uw mail ontvangen: {subject}",
        "order": "Bestelling {number}",
        "received": "ontvangen{as_}.",
        "repeated": "was al ontvangen{as_}.",
        "as": " als {number}",
        "derived": " Uw mail noemt geen bestelnummer; wij gebruiken dit nummer.",
        "review": "wordt door ons nagekeken.",
        "missing": " Niet gevonden: {what}. U hoeft niets te doen tenzij wij contact opnemen; een nieuwe mail met deze"
        " gegevens versnelt de verwerking.",
        "rejected": "is niet als bestelling verwerkt. {reason}",
        "nothing": "Wij konden in deze mail geen bestelling herkennen. Een medewerker kijkt ernaar.",
        "no_number": "(zonder nummer)",
        "end": "Deze mail is automatisch verstuurd.",
    },
    "en": {
        "greeting": "Hello,",
        "got": "We have received your mail: {subject}",
        "order": "Order {number}",
        "received": "was received{as_}.",
        "repeated": "had been received before{as_}.",
        "as": " as {number}",
        "derived": " Your mail names no order number; we use this one.",
        "review": "is being looked at.",
        "missing": " Not found: {what}. You need not do anything unless we contact you; another mail with these data"
        " makes it faster.",
        "rejected": "was not processed as an order. {reason}",
        "nothing": "We could not recognize an order in this mail. Somebody will look at it.",
        "no_number": "(without a number)",
        "end": "This mail was sent automatically.",
    },
}


async def after_reading(
    session: AsyncSession, mail: InboundMail, orders: list[EmailOrder], receipts: dict[int, Receipt]
) -> bool:
    """Say what became of each order of a mail, once; whether it was said. `receipts` by position."""
    address = await session.get_one(InboundAddress, mail.address_id)
    nothing = not any(order.fields for order in orders)
    if mail.answered_at is not None or (nothing and heads.plain(mail.subject, 3).lower() == "re:"):
        return False
    words = _TEXT[address.language]
    lines = [words["nothing"]] if nothing else [_line(words, address, each, receipts) for each in orders]
    return await _answer(session, address, mail, lines)


async def after_review(session: AsyncSession, order: EmailOrder, receipt: Receipt | None) -> bool:
    """Say what became of one order that somebody looked at."""
    mail = await session.get_one(InboundMail, order.inbound_mail_id)
    address = await session.get_one(InboundAddress, mail.address_id)
    receipts = {order.position: receipt} if receipt else {}
    return await _answer(session, address, mail, [_line(_TEXT[address.language], address, order, receipts)])


async def _answer(session: AsyncSession, address: InboundAddress, mail: InboundMail, lines: list[str]) -> bool:
    if not (address.answers and mail.answerable and mail.sender) or await _too_many(session, mail):
        return False
    words = _TEXT[address.language]
    body = "\n".join(
        [words["greeting"], "", words["got"].format(subject=mail.subject[:120]), "", *lines, "", words["end"]]
    )
    mail.answered_at = clock.now()
    await session.flush()
    subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
    await queue_mail(session, entity_id=mail.entity_id, to=mail.sender, subject=subject[:150], body=body)
    return True


async def _too_many(session: AsyncSession, mail: InboundMail) -> bool:
    recent = select(func.count()).where(
        InboundMail.address_id == mail.address_id,
        InboundMail.sender == mail.sender,
        InboundMail.answered_at > clock.now() - _HOUR,
    )
    return (await session.execute(recent)).scalar_one() >= MOST_PER_HOUR


def _line(words: dict[str, str], address: InboundAddress, order: EmailOrder, receipts: dict[int, Receipt]) -> str:
    number = heads.plain(order.reference, 100) or words["no_number"]
    return f"- {words['order'].format(number=number)} {_outcome(words, address, order, receipts.get(order.position))}"


def _outcome(words: dict[str, str], address: InboundAddress, order: EmailOrder, receipt: Receipt | None) -> str:
    if order.state == EmailOrderState.REJECTED:
        return words["rejected"].format(reason=order.reason).strip()
    if order.state == EmailOrderState.REVIEW:
        named = [_label(path, address.language) for path in order.missing]
        missing = words["missing"].format(what=", ".join(dict.fromkeys(named))) if named else ""
        return words["review"] + (missing if EmailDoubt.MISSING_FIELD in order.doubts else "")
    known = receipt and (receipt.order_id or receipt.quote_number)
    said = words["repeated" if receipt and receipt.repeated else "received"]
    derived = words["derived"] if order.derived else ""
    return said.format(as_=words["as"].format(number=known) if known else "") + derived


def _label(path: str, language: str) -> str:
    name = path.rpartition(".")[2].partition("[")[0]
    dutch, english = _LABELS.get(name, (name, name))
    return english if language == "en" else dutch
