"""What parties do with quotes: ask for a code, sign, decline."""

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Context, Info
from api.inputs import key_of, optional_key
from api.mutations import Payload, PreviewablePayload, mutation
from api.orders import Order
from api.quotes import Quote
from api.reading import read_in
from api.signatures import Signature
from domain.errors import RateLimited
from domain.orders import placement
from domain.proofs.seal import Keyring
from domain.quotes.models import Quote as QuoteRow
from domain.rows import find
from domain.signatures import codes, service
from domain.signatures.errors import SignerNotAPerson, SigningCodeInvalid, UnknownDocument
from domain.signatures.keys import key_of_the_moment, keyring
from domain.signatures.models import IdentityProof
from domain.signatures.service import Evidence
from domain.signatures.verification import parse_hash
from tenants.models import UserAccount
from tenants.permissions import Permission
from tenants.rate import take

CODES_PER_HOUR = 10
"""Codes that one person may ask for."""
_HOUR = 3600


@strawberry.input(description="A signature under the version that was looked at.")
class SignQuoteInput:
    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    document_hash: str = strawberry.field(description="`documentHash` of the version that was looked at.")
    code: str | None = strawberry.field(default=None, description="The code that requestSigningCode mailed.")
    party_id: strawberry.ID | None = strawberry.field(
        default=None, description="Partner admins: the party of an organization below yours to sign for."
    )


@strawberry.input(description="Why a party does not agree.")
class DeclineQuoteInput:
    quote_id: strawberry.ID = strawberry.field(description="The quote.")
    reason: str = strawberry.field(description="Why, at most 1000 characters; other parties do not read it.")
    document_hash: str | None = strawberry.field(
        default=None, description="`documentHash` of the version that was looked at; refused where another is in force."
    )
    party_id: strawberry.ID | None = strawberry.field(
        default=None, description="Partner admins: the party of an organization below yours to decline for."
    )


@strawberry.type(description="What requestSigningCode returns.")
class RequestSigningCodePayload(Payload):
    expires_in_minutes: int | None = strawberry.field(default=None, description="How long the mailed code works.")


@strawberry.type(description="What signQuote returns.")
class SignQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The quote after the signature.")
    signature: Signature | None = strawberry.field(default=None, description="The signature as it was sealed.")
    order: Order | None = strawberry.field(default=None, description="The order, if this was the last signature.")


@strawberry.type(description="What declineQuote returns.")
class DeclineQuotePayload(PreviewablePayload):
    quote: Quote | None = strawberry.field(default=None, description="The declined quote.")
    signature: Signature | None = strawberry.field(default=None, description="The refusal as it was sealed.")


QuoteId = Annotated[strawberry.ID, strawberry.argument(description="The quote to be signed.")]


@strawberry.type
class SigningMutations:
    @mutation(
        "Mails you a code that proves, with signQuote, that you read the mail of your account.",
        requires=Permission.QUOTES_SIGN,
    )
    async def request_signing_code(self, info: Info, quote_id: QuoteId) -> RequestSigningCodePayload:
        context, key = info.context, key_of("Quote", quote_id, "quoteId")
        await _refuse_flood(context)
        async with context.write() as session:
            quote = await find(session, QuoteRow, key, field=("quote_id",))
            email = await _email(session, context)
        async with context.system() as session:
            await codes.ask(
                session,
                context.settings,
                entity_id=quote.entity_id,
                quote_id=quote.id,
                quote_number=quote.number,
                email=email,
                language=context.language,
                host=context.brand.host if context.brand else "",
            )
        return RequestSigningCodePayload(expires_in_minutes=codes.MINUTES)

    @mutation(
        "Signs or acknowledges the version in force as the party that you are; the last one asked makes the order.",
        requires=Permission.QUOTES_SIGN,
        idempotent=True,
        previewable=True,
    )
    async def sign_quote(self, info: Info, input: SignQuoteInput) -> SignQuotePayload:
        context, key = info.context, key_of("Quote", input.quote_id, "quoteId")
        party_id = optional_key("QuoteParty", input.party_id, "partyId")
        code = None if context.previewing else input.code
        code_id = await _checked_code(context, key, code) if code else None
        async with context.write() as session:
            evidence = _evidence(context, mailed=bool(input.code))
            signed = await placement.sign_quote(
                session, key, _hash(input.document_hash), evidence, _keys(context), party_id=party_id
            )
            await _use(context, code_id)
            return SignQuotePayload(
                quote=await read_in(session, info, "quote", key),
                signature=await read_in(session, info, "signature", signed.acted.signature.id),
                order=await read_in(session, info, "order", signed.order_id),
            )

    @mutation(
        "Declines a quote as the party that you are; it ends for everybody.",
        requires=Permission.QUOTES_SIGN,
        idempotent=True,
        previewable=True,
    )
    async def decline_quote(self, info: Info, input: DeclineQuoteInput) -> DeclineQuotePayload:
        context, key = info.context, key_of("Quote", input.quote_id, "quoteId")
        async with context.write() as session:
            acted = await service.decline(
                session,
                key,
                input.reason,
                _evidence(context, mailed=False),
                _keys(context),
                document_hash=_hash(input.document_hash) if input.document_hash is not None else None,
                party_id=optional_key("QuoteParty", input.party_id, "partyId"),
            )
            return DeclineQuotePayload(
                quote=await read_in(session, info, "quote", key),
                signature=await read_in(session, info, "signature", acted.signature.id),
            )


def _hash(value: str) -> bytes:
    parsed = parse_hash(value.strip())
    if parsed is None:
        raise UnknownDocument(field=("document_hash",))
    return parsed


def _keys(context: Context) -> Keyring:
    return key_of_the_moment() if context.previewing else keyring(context.settings)


def _evidence(context: Context, *, mailed: bool) -> Evidence:
    login = IdentityProof.LOGIN_TOTP if context.actor.strong else IdentityProof.LOGIN
    proof = IdentityProof.MAILED_CODE if mailed else login
    return Evidence(proof, context.request.ip_address, context.request.user_agent)


async def _checked_code(context: Context, quote_id: UUID, code: str) -> UUID:
    """The code, if it is right. The attempt is committed at once, so that guessing is counted whatever follows.

    A preview does not look at the code: it would be a way of guessing that is not counted, or leave a count.
    """
    async with context.read() as session:
        quote = await find(session, QuoteRow, quote_id)
        email = await _email(session, context)
    async with context.database.session(context.platform) as session:
        found = await codes.check(
            session, context.settings, entity_id=quote.entity_id, quote_id=quote_id, email=email, code=code
        )
    if found is None:
        raise SigningCodeInvalid(field=("code",))
    return found


async def _use(context: Context, code_id: UUID | None) -> None:
    if code_id is not None:
        async with context.system() as session:
            await codes.use(session, code_id)


async def _email(session: AsyncSession, context: Context) -> str:
    query = select(UserAccount.email).where(UserAccount.id == context.actor.user_id)
    email = (await session.execute(query)).scalar_one_or_none()
    if email is None:
        raise SignerNotAPerson()
    return email


async def _refuse_flood(context: Context) -> None:
    taken = await take(context.redis, f"signing-code:{context.actor.user_id}", CODES_PER_HOUR, _HOUR)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)
