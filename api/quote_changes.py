"""What staff do with quotes: make, preview, revise, send, withdraw, compare."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of, optional_key
from api.mutations import Payload, PreviewablePayload, mutation
from api.quote_preview import QuotePreview, preview_of
from api.quotes import Quote
from api.reading import BigInt, field, read_in
from api.reading.ids import parse_id_of
from domain.quotes import service, versions
from domain.quotes.draft import LineRequest
from domain.quotes.history import Change, LineChange, differences
from domain.quotes.models import LineItem, QuoteVersion
from domain.quotes.request import QuoteRequest
from tenants.permissions import Permission

CONTACTS = frozenset({"Contact", "Organization"})
"""Kinds of ids that stand for a contact, person or organization."""

described(
    Change,
    "How a line differs between two versions.",
    ADDED="Only the later version has it.",
    REMOVED="Only the earlier version has it.",
    CHANGED="Both have it, with other values.",
)


@strawberry.input(description="A wanted line. What is agreed fills in the rest.")
class QuoteLineInput:
    article_id: strawberry.ID | None = strawberry.field(default=None, description="The article, or else `sku`.")
    sku: str | None = strawberry.field(default=None, description="The article's number, or else `articleId`.")
    quantity: Decimal = strawberry.field(default=Decimal(1), description="Above 0, at most three decimals.")
    discount_percent: Decimal = strawberry.field(default=Decimal(0), description="0 to 100, at most two decimals.")
    payer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer or any organization; as the agreement proposes if left out."
    )
    unit_price_cents: BigInt | None = strawberry.field(
        default=None, description="Per unit, without VAT; from the price lists if left out."
    )


@strawberry.input(description="A quote. Customer, account and address are the lead's if left out.")
class CreateQuoteInput:
    entity_id: strawberry.ID = strawberry.field(description="Who sells.")
    lines: list[QuoteLineInput] = strawberry.field(description="1 to 100 lines.")
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The qualified lead it comes from.")
    end_customer_id: strawberry.ID | None = strawberry.field(default=None, description="The customer.")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner whose account it is on; required where the entity asks for one."
    )
    service_address_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where the work is done: an address of customer, partner or lead."
    )
    partner_order_id: str | None = strawberry.field(
        default=None, description="The partner's own number, unique among its orders; at most 100 characters."
    )
    partner_metadata: JSON | None = strawberry.field(
        default=None, description="The partner's own references, an object of at most 10,000 bytes."
    )
    terms: str | None = strawberry.field(default=None, description="Terms; the brand's if left out.")


@strawberry.input(description="A new version of a quote.")
class ReviseQuoteInput:
    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    reason: str = strawberry.field(description="Why, at most 1000 characters; the parties read it.")
    lines: list[QuoteLineInput] = strawberry.field(description="All lines of the new version, 1 to 100.")
    terms: str | None = strawberry.field(default=None, description="Terms; those of the version before if left out.")
    expected_revision: int | None = strawberry.field(
        default=None, description="The `revision` you saw; refused where somebody changed the quote since."
    )


@strawberry.type(description="What createQuote returns.")
class CreateQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The new quote, a draft.")


@strawberry.type(description="What previewQuote returns.")
class PreviewQuotePayload(Payload):
    preview: QuotePreview | None = strawberry.field(default=None, description="What would be offered.")


@strawberry.type(description="What reviseQuote returns.")
class ReviseQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The quote; the new version is its `draft`.")


@strawberry.type(description="What sendQuote returns.")
class SendQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The quote with the sent version in force.")


@strawberry.type(description="What withdrawQuote returns.")
class WithdrawQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The withdrawn quote.")


@strawberry.type(description="A difference between two versions of a quote.")
class LineDifference:
    change: Change = strawberry.field(description="How the line differs.")
    sku: str = strawberry.field(description="Article number.")
    position_before: int | None = strawberry.field(description="Its place in the earlier version.")
    position_after: int | None = strawberry.field(description="Its place in the later version.")
    values: JSON = strawberry.field(description="`{column: [before, after]}` of what differs.")


QuoteId = Annotated[strawberry.ID, strawberry.argument(description="The quote.")]
Reason = Annotated[str, strawberry.argument(description="Why, at most 1000 characters; the parties read it.")]
ValidDays = Annotated[
    int | None, strawberry.argument(description="Days for which it may be signed, 1 to 365; as agreed if left out.")
]
ExpectedRevision = Annotated[
    int | None, strawberry.argument(description="The `revision` you saw; refused where the quote was changed since.")
]
EarlierNumber = Annotated[int, strawberry.argument(description="Number of the earlier version.")]
LaterNumber = Annotated[int, strawberry.argument(description="Number of the later version.")]


@strawberry.type
class QuoteComparisonQueries:
    @field(
        "What differs between two versions of a quote; null where one of them does not exist.",
        requires=Permission.QUOTES_WRITE,
    )
    async def quote_differences(
        self, info: Info, quote_id: QuoteId, earlier: EarlierNumber, later: LaterNumber
    ) -> list[LineDifference] | None:
        key = key_of("Quote", quote_id, "quoteId")
        async with info.context.read() as session:
            before, after = await _lines(session, key, earlier), await _lines(session, key, later)
        if before is None or after is None:
            return None
        return [_difference(change) for change in differences(before, after)]


@strawberry.type
class QuoteMutations:
    @mutation(
        "Makes a quote: prices, payers, VAT, visits and parties follow from the lines and what was agreed.",
        requires=Permission.QUOTES_WRITE,
        previewable=True,
    )
    async def create_quote(self, info: Info, input: CreateQuoteInput) -> CreateQuotePayload:
        request = _request(input)
        async with info.context.write() as session:
            quote = await service.create(session, request)
            return CreateQuotePayload(quote=await read_in(session, info, "quote", quote.id))

    @mutation("Shows what createQuote would make of the same input; writes nothing.", requires=Permission.QUOTES_WRITE)
    async def preview_quote(self, info: Info, input: CreateQuoteInput) -> PreviewQuotePayload:
        request = _request(input)
        async with info.context.write() as session:  # finding the participants locks the lead
            return PreviewQuotePayload(
                preview=preview_of(await service.preview(session, request), info.context.language)
            )

    @mutation(
        "Prepares a new version, or replaces the draft there is; parties see it when it is sent.",
        requires=Permission.QUOTES_WRITE,
        previewable=True,
    )
    async def revise_quote(self, info: Info, input: ReviseQuoteInput) -> ReviseQuotePayload:
        key, lines = key_of("Quote", input.quote_id, "quoteId"), _line_requests(input.lines)
        async with info.context.write() as session:
            quote = await service.revise(
                session, key, input.reason, lines, terms=input.terms, expected_revision=input.expected_revision
            )
            return ReviseQuotePayload(quote=await read_in(session, info, "quote", quote.id))

    @mutation(
        "Seals the draft and offers it to its parties; signatures on the version before no longer count.",
        requires=Permission.QUOTES_WRITE,
        previewable=True,
    )
    async def send_quote(
        self, info: Info, id: QuoteId, valid_days: ValidDays = None, expected_revision: ExpectedRevision = None
    ) -> SendQuotePayload:
        async with info.context.write() as session:
            quote = await service.send(
                session, key_of("Quote", id), valid_days=valid_days, expected_revision=expected_revision
            )
            return SendQuotePayload(quote=await read_in(session, info, "quote", quote.id))

    @mutation("Takes a quote back; nobody can sign it any more.", requires=Permission.QUOTES_WRITE, previewable=True)
    async def withdraw_quote(self, info: Info, id: QuoteId, reason: Reason) -> WithdrawQuotePayload:
        async with info.context.write() as session:
            quote = await service.withdraw(session, key_of("Quote", id), reason)
            return WithdrawQuotePayload(quote=await read_in(session, info, "quote", quote.id))


def contact_key(value: str | None, argument: str) -> UUID | None:
    """The key of a contact, given by the id of a person or of an organization."""
    return parse_id_of(CONTACTS, value, argument) if value else None


def _request(input: CreateQuoteInput) -> QuoteRequest:
    metadata: Any = {} if input.partner_metadata is None else input.partner_metadata
    return QuoteRequest(
        entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
        lines=_line_requests(input.lines),
        lead_id=optional_key("Lead", input.lead_id, "leadId"),
        end_customer_id=contact_key(input.end_customer_id, "endCustomerId"),
        account_id=contact_key(input.account_id, "accountId"),
        service_address_id=optional_key("Address", input.service_address_id, "serviceAddressId"),
        partner_order_id=input.partner_order_id,
        partner_metadata=metadata,
        terms=input.terms,
    )


def _line_requests(lines: Sequence[QuoteLineInput]) -> list[LineRequest]:
    return [
        LineRequest(
            article_id=optional_key("Article", line.article_id, f"lines.{position}.articleId"),
            sku=line.sku,
            quantity=line.quantity,
            discount_percent=line.discount_percent,
            payer_id=contact_key(line.payer_id, f"lines.{position}.payerId"),
            unit_price_cents=line.unit_price_cents,
        )
        for position, line in enumerate(lines)
    ]


async def _lines(session: AsyncSession, quote_id: UUID, number: int) -> list[LineItem] | None:
    query = select(QuoteVersion.id).where(QuoteVersion.quote_id == quote_id, QuoteVersion.number == number)
    version_id = (await session.execute(query)).scalar_one_or_none()
    return await versions.lines_of(session, version_id) if version_id else None


def _difference(change: LineChange) -> LineDifference:
    values: Any = dict(change.columns)
    return LineDifference(
        change=change.change,
        sku=change.sku,
        position_before=change.position_before,
        position_after=change.position_after,
        values=values,
    )
