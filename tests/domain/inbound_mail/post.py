"""A dealer that mails its orders."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.inbound_mail import addresses, receiving, reviewing, working
from domain.inbound_mail.models import EmailOrder, InboundAddress, InboundMail, MailWay
from domain.inbound_mail.receiving import Arrived, Kept
from domain.inbound_mail.reviewing import Correction
from domain.mail_reading.fields import Extractor
from tenants.actor import SYSTEM, Actor
from tenants.base import Base
from tenants.settings import Settings
from tests.domain.partner_orders.trade import KnownPlaces, Trade, trade

SENDER = "bestellingen@alva.example"
ORDER = """\
Hallo,

Graag de volgende bestelling uitvoeren.

Bestelnummer: {number}
Naam: Sanne de Vries
E-mail: sanne@example.nl
Telefoon: 06-12345678
Adres: Dorpsstraat 12
Postcode: 3511 AB
Plaats: Utrecht

Artikel\tAantal\tOmschrijving
GRO-STATION\t1\tLaadstation
GRO-INSTALL\t1\tInstallatie

Met vriendelijke groet,
Alva
"""


def mail_of(text: str, *, subject: str = "Bestelling", sender: str = SENDER, id: str = "1", **headers: str) -> bytes:
    """A mail as a program writes it."""
    given = {
        "From": f"Alva <{sender}>",
        "To": "orders@example.test",
        "Subject": subject,
        "Message-ID": f"<{id}@alva.example>",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0100",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return (head + "\r\n" + text.replace("\n", "\r\n")).encode()


@dataclass
class Post:
    trade: Trade
    settings: Settings
    address: InboundAddress

    @property
    def staff(self) -> Actor:
        return self.trade.market.actors["staff"]

    @property
    def recipient(self) -> str:
        return f"{self.address.local_part}@{self.settings.mail_domain}"

    async def send(self, raw: bytes, *, envelope: str = SENDER, to: str = "", **values: Any) -> Kept:
        arrived = Arrived(raw, values.pop("way", MailWay.SMTP), envelope, **values)
        async with self.trade.market.database.session(SYSTEM) as session:
            return await receiving.receive(session, self.settings, to or self.recipient, arrived)

    async def read(self, id: UUID, extractor: Extractor | None = None) -> list[EmailOrder]:
        """What the job does; the orders of the mail."""
        await working.work_through(self.trade.market.database, self.settings, KnownPlaces(), id, extractor)
        return await self.rows(EmailOrder, EmailOrder.inbound_mail_id == id)

    async def rows(self, model: type[Base], *conditions: Any) -> list[Any]:
        async with self.trade.market.database.session(SYSTEM) as session:
            query = select(model).where(model.entity_id == self.trade.market.entity.id, *conditions)  # type: ignore[attr-defined]  # of each model asked for
            return list((await session.execute(query.order_by(model.id))).scalars())  # type: ignore[attr-defined]  # as above

    async def mail(self, id: UUID) -> InboundMail:
        (found,) = await self.rows(InboundMail, InboundMail.id == id)
        assert isinstance(found, InboundMail)
        return found

    async def review(
        self, id: UUID, fields: dict[str, str | None], *, by: Actor | None = None, version: int | None = None
    ) -> EmailOrder:
        actor, database = by or self.staff, self.trade.market.database
        given = [Correction(path, value) for path, value in fields.items()]
        async with database.session(SYSTEM) as session:
            looked = await reviewing.looked_at(session, actor, id, given, version)
        ready = await reviewing.prepared(KnownPlaces(), looked)
        async with database.session(SYSTEM) as session:
            return await reviewing.review(session, actor, id, looked, ready, version)


async def post(database: Any, settings: Settings, *, agreement: dict[str, Any] | None = None, **given: Any) -> Post:
    trading = await trade(database, agreement=agreement)
    made, values = trading.market, {"allowed_senders": [SENDER], **given}
    async with database.session(SYSTEM) as session:
        address = await addresses.create(
            session, made.actors["staff"], values, organization_id=made.dealer.id, entity_id=made.entity.id
        )
    return Post(trading, settings, address)
