"""What was asked for, turned into an offer: articles, prices, payers, visits and parties. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.models import Agreement, PartnerWithoutLines
from domain.agreements.service import agreement_for, propose_payer
from domain.catalog.errors import NoPrice, UnknownArticle
from domain.catalog.models import Article, VisitKind
from domain.catalog.service import prices_for
from domain.contacts.models import Contact, ContactType
from domain.errors import Faults, TooFew, TooMany
from domain.money import MAX_CENTS, discount
from domain.numbering.service import AMSTERDAM
from domain.quotes import pricing, visits
from domain.quotes.errors import ArticleOrSku, PayerNotPossible
from domain.quotes.offer import Line, Party, PlannedVisit
from domain.quotes.parties import Policy, Roles, parties
from domain.rows import find
from domain.validation import integer
from domain.vat.parties import parties_of
from domain.vat.rules import VatParty, decide
from tenants.models import BusinessEntity

MOST_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRequest:
    """One wanted line: an article by id or SKU; payer and unit price only where they differ from what is agreed."""

    article_id: UUID | None = None
    sku: str | None = None
    quantity: Decimal = Decimal(1)
    discount_percent: Decimal = Decimal(0)
    payer_id: UUID | None = None
    unit_price_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """Who takes part: the entity that sells, the customer, the partner whose account it is on, where work is done."""

    entity: BusinessEntity
    customer: Contact
    account: Contact | None = None
    country: str | None = None
    """Of the service address."""
    ordered_by_partner: bool = False
    """See parties.Policy; means something where there is an agreement."""

    @property
    def chain(self) -> list[UUID]:
        """The account and its ancestors from the root down, as the tree is now."""
        return chain_of(self.account) if self.account else []


@dataclass(slots=True)
class Offer:
    """All that a version holds, before it is written."""

    lines: list[Line]
    parties: list[Party]
    visits: list[PlannedVisit]
    valid_days: int
    payment_terms_days: int
    currency: str = "EUR"
    overridden: list[int] = field(default_factory=list)
    """Positions of lines whose unit price was set by hand."""

    @property
    def payer_chain(self) -> list[UUID]:
        """Every organization that is a party, each with its ancestors."""
        return sorted({id for party in self.parties for id in party.payer_chain_ids})


@dataclass(frozen=True, slots=True)
class _Sold:
    """The columns of an article that a line copies."""

    id: UUID
    sku: str
    name: str
    name_en: str
    technical_description: str
    category: str
    unit: str
    vat_class: str
    unit_cost_cents: int
    serial_required: bool
    outdoor: bool
    skills: list[str]
    install_minutes: int
    visit_kind: str | None


def chain_of(contact: Contact) -> list[UUID]:
    """An organization's chain as the tree is now, itself last; nothing for a person."""
    if contact.contact_type != ContactType.ORGANIZATION:
        return []
    return list(contact.chain_organization_ids) or [contact.id]


async def draft(session: AsyncSession, parts: Parts, wanted: Sequence[LineRequest]) -> Offer:
    """Price and divide what is wanted; all faults of the lines at once, each with its place."""
    if not 0 < len(wanted) <= MOST_LINES:
        raise TooFew(minimum=1, field=("lines",)) if not wanted else TooMany(maximum=MOST_LINES, field=("lines",))
    now = datetime.now(UTC)
    agreement = await agreement_for(session, parts.entity.id, parts.chain, now) if parts.account else None
    articles = await _articles(session, parts.entity.id, wanted)
    prices = await _prices(session, parts, wanted, articles, now)
    payers = await _payers(session, parts, wanted, articles, agreement)
    vat = await parties_of(session, parts.entity.id, {payer.id for payer in payers})
    rows = [
        _Row(position, request, article, price, payer, vat[payer.id])
        for position, (request, article, price, payer) in enumerate(
            zip(wanted, articles, prices, payers, strict=True), start=1
        )
    ]
    planned = visits.derive([row.work() for row in rows])
    roles = _roles(parts, payers)
    lines = [_line(row, parts, roles, planned.of_line.get(row.position), now) for row in rows]
    found = parties(lines, pricing.totals_of(lines, parts.entity.currency), roles, _policy(agreement, parts))
    return Offer(
        lines=lines,
        parties=found,
        visits=list(planned.planned),
        valid_days=(agreement and agreement.quote_valid_days) or parts.entity.quote_valid_days,
        payment_terms_days=_payment_terms(parts, agreement),
        currency=parts.entity.currency,
        overridden=[n for n, request in enumerate(wanted, start=1) if request.unit_price_cents is not None],
    )


# --- articles and prices ------------------------------------------------------------------------------------------


async def _articles(session: AsyncSession, entity_id: UUID, wanted: Sequence[LineRequest]) -> list[_Sold]:
    columns = [getattr(Article, name) for name in _Sold.__dataclass_fields__]
    ids = {request.article_id for request in wanted if request.article_id}
    skus = {_sku(request) for request in wanted if request.sku}
    asked = Article.id.in_(ids) | Article.sku.in_(skus)
    query = select(*columns).where(Article.entity_id == entity_id, Article.active, asked)
    sold = [_Sold(*row) for row in (await session.execute(query)).all()]
    by_key: dict[UUID | str, _Sold] = {key: article for article in sold for key in (article.id, article.sku)}
    found: list[_Sold] = []
    with Faults() as faults:
        for position, request in enumerate(wanted):
            with faults.at("lines", position):
                found.append(_article(request, by_key))
                _check(request)
    return found


def _article(request: LineRequest, by_key: dict[UUID | str, _Sold]) -> _Sold:
    if (request.article_id is None) == (not request.sku):
        raise ArticleOrSku(field=("article_id",))
    key = request.article_id or _sku(request)
    if key not in by_key:
        name = "article_id" if request.article_id else "sku"
        raise UnknownArticle(article=request.sku or "", field=(name,))
    return by_key[key]


def _sku(request: LineRequest) -> str:
    return (request.sku or "").strip().upper()


def _check(request: LineRequest) -> None:
    with Faults() as faults:
        faults.take(pricing.positive_quantity, request.quantity, "quantity")
        faults.take(discount, request.discount_percent, "discount_percent")
        if request.unit_price_cents is not None:
            with faults.at():
                integer(request.unit_price_cents, 0, MAX_CENTS, "unit_price_cents")


async def _prices(
    session: AsyncSession, parts: Parts, wanted: Sequence[LineRequest], articles: Sequence[_Sold], at: datetime
) -> list[int]:
    listed = [position for position, request in enumerate(wanted) if request.unit_price_cents is None]
    try:
        prices = await prices_for(session, parts.entity.id, parts.chain, [articles[p].id for p in listed], at)
    except NoPrice as missing:
        place = missing.field[1]
        missing.field = ("lines", listed[int(place)], "article_id")
        raise
    return [
        prices[article.id].unit_price_cents if request.unit_price_cents is None else request.unit_price_cents
        for request, article in zip(wanted, articles, strict=True)
    ]


# --- payers and parties -------------------------------------------------------------------------------------------


async def _payers(
    session: AsyncSession,
    parts: Parts,
    wanted: Sequence[LineRequest],
    articles: Sequence[_Sold],
    agreement: Agreement | None,
) -> list[Contact]:
    """Who pays each line: as asked, else as the agreement proposes (Q4)."""
    account_id = parts.account.id if parts.account else None
    known = {contact.id: contact for contact in (parts.customer, parts.account) if contact}
    found: list[Contact] = []
    with Faults() as faults:
        for position, (request, article) in enumerate(zip(wanted, articles, strict=True)):
            proposed = propose_payer(agreement, article.category, parts.customer.id, account_id)
            payer_id = request.payer_id or proposed
            with faults.at("lines", position):
                if payer_id not in known:
                    known[payer_id] = await _organization(session, payer_id)
                found.append(known[payer_id])
    return found


async def _organization(session: AsyncSession, payer_id: UUID) -> Contact:
    payer = await find(session, Contact, payer_id, field=("payer_id",))
    if payer.contact_type != ContactType.ORGANIZATION or payer.merged_into_id or payer.erased_at:
        raise PayerNotPossible(field=("payer_id",))
    return payer


def _roles(parts: Parts, payers: Sequence[Contact]) -> Roles:
    everybody = [parts.customer, *([parts.account] if parts.account else []), *payers]
    chains = {contact.id: chain_of(contact) for contact in everybody}
    return Roles(parts.customer.id, parts.account.id if parts.account else None, chains)


def _policy(agreement: Agreement | None, parts: Parts) -> Policy:
    if agreement is None:
        return Policy()
    without_lines = PartnerWithoutLines(agreement.partner_without_lines)
    return Policy(agreement.id, agreement.partner_signs, without_lines, parts.ordered_by_partner)


def _payment_terms(parts: Parts, agreement: Agreement | None) -> int:
    agreed = agreement.payment_terms_days if agreement else None
    own = parts.account.payment_terms_days if parts.account else parts.customer.payment_terms_days
    return next(days for days in (agreed, own, parts.entity.payment_terms_days) if days is not None)


# --- lines --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """Everything that one line is made of."""

    position: int
    request: LineRequest
    article: _Sold
    unit_price_cents: int
    payer: Contact
    vat: VatParty

    def work(self) -> visits.Work:
        article = self.article
        kind = VisitKind(article.visit_kind) if article.visit_kind else None
        quantity = self.request.quantity
        return visits.Work(self.position, kind, quantity, article.install_minutes, article.skills, article.outdoor)

    def amounts(self, parts: Parts, visit: int | None, now: datetime) -> dict[str, Any]:
        """VAT as the invoice will say it: what is fixed in place during a visit is part of the works."""
        day = now.astimezone(AMSTERDAM).date()
        entity, article, request = parts.entity, self.article, self.request
        own, installed = article.vat_class, visit is not None
        found = decide(
            own, article.category, entity.country, self.vat, day, installed=installed, supplied_in=parts.country
        )
        priced = pricing.amounts(
            request.quantity,
            self.unit_price_cents,
            entity.currency,
            found.vat_class,
            day,
            request.discount_percent,
        )
        return {"vat_class": found.vat_class.value, **priced}


def _line(row: _Row, parts: Parts, roles: Roles, visit: int | None, now: datetime) -> Line:
    request, article = row.request, row.article
    english = parts.customer.language.startswith("en")
    return Line(
        position=row.position,
        article_id=article.id,
        sku=article.sku,
        description=(article.name_en if english else "") or article.name,
        technical_description=article.technical_description,
        category=article.category,
        quantity=request.quantity,
        unit=article.unit,
        unit_price_cents=row.unit_price_cents,
        discount_percent=request.discount_percent,
        unit_cost_cents=article.unit_cost_cents,
        payer_contact_id=row.payer.id,
        payer_role=roles.of(row.payer.id),
        payer_chain_ids=roles.chain(row.payer.id),
        visit_position=visit,
        serial_required=article.serial_required,
        skills=list(article.skills),
        install_minutes=article.install_minutes,
        **row.amounts(parts, visit, now),
    )
