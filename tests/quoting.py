"""A small market for tests of quotes, signatures and orders: one entity, a channel, a customer and what is sold."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from domain.agreements.models import Agreement
from domain.catalog.models import Article
from domain.contacts.models import Address, Contact
from domain.leads.models import Lead, LeadStatus
from domain.orders import placement
from domain.proofs.seal import Keyring, SigningKey
from domain.quotes import service as quotes
from domain.quotes.draft import LineRequest
from domain.quotes.models import Quote, QuoteVersion
from domain.quotes.request import QuoteRequest
from domain.signatures.models import IdentityProof
from domain.signatures.service import Evidence
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tests import factories

KEYS = Keyring(SigningKey.derived(b"a secret of these tests"))
EVIDENCE = Evidence(IdentityProof.LOGIN, "192.0.2.7", "Test/1.0")


@dataclass
class Market:
    """Rows and actors. The dealer is below the master; the agreement lets the partner pay charging stations."""

    database: Database
    entity: BusinessEntity
    master: Contact
    dealer: Contact
    customer: Contact
    address: Address
    articles: dict[str, Article]
    actors: dict[str, Actor] = field(default_factory=dict)

    def line(self, name: str, **values: Any) -> LineRequest:
        return LineRequest(article_id=self.articles[name].id, **values)

    def request(self, *lines: LineRequest, partner: bool = True, **values: Any) -> QuoteRequest:
        """A station and its installation on the dealer's account unless said otherwise."""
        given = {
            "entity_id": self.entity.id,
            "lines": lines or (self.line("station"), self.line("installation")),
            "end_customer_id": self.customer.id,
            "account_id": self.dealer.id if partner else None,
            "service_address_id": self.address.id,
        }
        return QuoteRequest(**(given | values))

    async def quote(self, *lines: LineRequest, partner: bool = True, send: bool = True, **values: Any) -> UUID:
        """A quote by staff, sent unless said otherwise."""
        async with self.database.session(self.actors["staff"]) as session:
            quote = await quotes.create(session, self.request(*lines, partner=partner, **values))
            if send:
                await quotes.send(session, quote.id)
            return quote.id

    async def revised(self, quote_id: UUID, *lines: LineRequest, send: bool = True) -> None:
        async with self.database.session(self.actors["staff"]) as session:
            wanted = lines or (self.line("station", quantity=Decimal(2)), self.line("installation"))
            await quotes.revise(session, quote_id, "Two stations", wanted)
            if send:
                await quotes.send(session, quote_id)

    async def hash_of(self, quote_id: UUID) -> bytes:
        """The document hash in force."""
        async with self.database.session(SYSTEM) as session:
            query = select(QuoteVersion.document_hash).join(Quote, Quote.id == QuoteVersion.quote_id)
            query = query.where(Quote.id == quote_id, QuoteVersion.number == Quote.current_version)
            return (await session.execute(query)).scalar_one() or b""

    async def sign(self, name: str, quote_id: UUID, document_hash: bytes | None = None, **values: Any) -> UUID | None:
        """Sign as a named actor; the order's id if it was the last signature."""
        wanted = document_hash or await self.hash_of(quote_id)
        async with self.database.session(self.actors[name]) as session:
            signed = await placement.sign_quote(session, quote_id, wanted, EVIDENCE, KEYS, **values)
            return signed.order_id

    async def ordered(self, *lines: LineRequest, partner: bool = True, **values: Any) -> UUID:
        """An order that all parties signed."""
        quote_id = await self.quote(*lines, partner=partner, **values)
        if partner:
            await self.sign("dealer", quote_id)
        order_id = await self.sign("customer", quote_id)
        assert order_id is not None
        return order_id

    async def agree(self, **terms: Any) -> None:
        """An agreement with the master, which covers the dealer."""
        async with self.database.session(SYSTEM) as session:
            session.add(
                Agreement(
                    entity_id=self.entity.id,
                    organization_id=self.master.id,
                    valid=Range(None, None),
                    **({"payer_by_category": {"CHARGING_STATION": "PARTNER"}} | terms),
                )
            )


async def market(database: Database, *, agreement: dict[str, Any] | None = None, **entity: Any) -> Market:
    """A market of its own; `agreement` of None means none, `{}` the usual one."""
    async with database.session(SYSTEM) as session:
        seller = await factories.business_entity(session, **entity)
        await factories.brand(session, seller, consent_text="Ik ga akkoord.", terms="Voorwaarden.")
        master = await factories.organization(session, seller)
        dealer = await factories.organization(session, seller, master)
        customer = await factories.person(session, seller)
        made = Market(
            database=database,
            entity=seller,
            master=master,
            dealer=dealer,
            customer=customer,
            address=await factories.address(session, customer),
            articles={
                "station": await factories.article(
                    session,
                    seller,
                    899_95,
                    category="CHARGING_STATION",
                    unit_cost_cents=500_00,
                    visit_kind="INSTALLATION",
                    install_minutes=90,
                    skills=["EV"],
                    technical_description="11 kW, three-phase",
                ),
                "installation": await factories.article(
                    session,
                    seller,
                    333_33,
                    category="INSTALLATION_SERVICE",
                    visit_kind="INSTALLATION",
                    install_minutes=60,
                    skills=["NEN1010"],
                ),
                "survey": await factories.article(session, seller, 75_00, visit_kind="SURVEY", install_minutes=45),
                "meter": await factories.article(
                    session, seller, 410_00, category="METER_BOX_MODULE", visit_kind="METER_BOX", install_minutes=120
                ),
                "cable": await factories.article(session, seller, 19_99),
            },
        )
        made.actors = {
            "staff": await factories.actor_with(session, Role.OPERATIONS, seller),
            "dealer": await factories.actor_with(session, Role.PARTNER_USER, seller, organization=dealer),
            "master": await factories.actor_with(session, Role.PARTNER_USER, seller, organization=master),
            "master_admin": await factories.actor_with(session, Role.PARTNER_ADMIN, seller, organization=master),
            "customer": await factories.actor_with(session, Role.CUSTOMER, seller, contact=customer),
        }
    if agreement is not None:
        await made.agree(**agreement)
    return made


async def lead_of(m: Market, status: LeadStatus = LeadStatus.QUALIFIED, **values: Any) -> Lead:
    """A lead of the customer."""
    async with m.database.session(SYSTEM) as session:
        given = {
            "entity_id": m.entity.id,
            "submitted_entity_id": m.entity.id,
            "number": factories.unique("L-"),
            "contact_id": m.customer.id,
            "name": "Lead",
            "email": "lead@example.nl",
            "source": "PORTAL",
            "status": status.value,
        }
        lead = Lead(**(given | values))
        session.add(lead)
        await session.flush()
        return lead
