"""A party signs, acknowledges or declines the version in force. The quote's row is locked from first to last."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.numbering.service import AMSTERDAM
from domain.proofs.canonical import Json, plain
from domain.proofs.seal import Keyring
from domain.quotes import leads, versions
from domain.quotes.errors import QuoteClosed, QuoteExpired
from domain.quotes.models import PartyState, Quote, QuoteParty, QuoteStatus, QuoteVersion, Requirement
from domain.quotes.service import OPEN, close, tell
from domain.rows import actor_of, find
from domain.signatures import chain
from domain.signatures.errors import (
    AlreadySigned,
    NotAParty,
    NothingAsked,
    SignerNotAPerson,
    UnknownDocument,
    VersionChanged,
)
from domain.signatures.events import QuoteAcknowledged, QuoteDeclined, QuoteSigned
from domain.signatures.models import IdentityProof, Signature, SignatureKind
from domain.validation import text
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.models import UserAccount
from tenants.permissions import Role

LONGEST_AGENT = 500
LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """How we know who acts, and from where."""

    proof: IdentityProof
    ip_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Acted:
    """What a party did; `complete` when nobody else has to act."""

    quote: Quote
    version: QuoteVersion
    signature: Signature
    complete: bool


async def sign(
    session: AsyncSession,
    quote_id: UUID,
    document_hash: bytes,
    evidence: Evidence,
    keys: Keyring,
    *,
    party_id: UUID | None = None,
) -> Acted:
    """Sign or acknowledge, whichever is asked, as the party of the actor.

    Raises: NotFound, NotAParty, SignerNotAPerson, AlreadySigned, NothingAsked, QuoteExpired, QuoteClosed,
    VersionChanged, UnknownDocument.
    """
    quote, version, party = await _standing(session, quote_id, party_id)
    await _require_document(session, version, document_hash)
    kind = SignatureKind.SIGNED if party.requirement == Requirement.SIGN else SignatureKind.ACKNOWLEDGED
    signature = await _act(session, quote, version, party, kind, evidence, keys)
    party.state, party.acted_at = PartyState.SIGNED, signature.signed_at
    quote.pending_parties = _without(quote.pending_parties, party.role)
    quote.status = QuoteStatus.PARTIALLY_SIGNED
    happened = QuoteSigned if kind is SignatureKind.SIGNED else QuoteAcknowledged
    await tell(session, quote, happened(quote.number, version.number, party.role, quote.pending_parties))
    return Acted(quote, version, signature, complete=not quote.pending_parties)


async def decline(
    session: AsyncSession,
    quote_id: UUID,
    reason: str,
    evidence: Evidence,
    keys: Keyring,
    *,
    document_hash: bytes | None = None,
    party_id: UUID | None = None,
) -> Acted:
    """Decline as the party of the actor: the quote ends for everybody. The reason stays with us and this party."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    quote, version, party = await _standing(session, quote_id, party_id)
    if document_hash is not None:
        await _require_document(session, version, document_hash)
    signature = await _act(session, quote, version, party, SignatureKind.DECLINED, evidence, keys, why)
    party.state, party.acted_at = PartyState.DECLINED, signature.signed_at
    close(quote, QuoteStatus.DECLINED, None)
    await tell(session, quote, QuoteDeclined(quote.number, version.number, party.role, []))
    await leads.quote_ended(session, quote)
    return Acted(quote, version, signature, complete=False)


# --- who may act on what ------------------------------------------------------------------------------------------


async def _standing(
    session: AsyncSession, quote_id: UUID, party_id: UUID | None
) -> tuple[Quote, QuoteVersion, QuoteParty]:
    """The locked quote, its version in force and the actor's party, which has yet to act."""
    quote = await find(session, Quote, quote_id, field=("quote_id",), lock=True)
    version = await versions.in_force(session, quote)
    party = await _own_party(session, version, party_id)
    if party.state == PartyState.SIGNED:
        raise await _already_signed(session, party)
    _require_open(quote)
    if party.state == PartyState.WAIVED:
        raise NothingAsked(field=("quote_id",))
    return quote, version, party


async def _own_party(session: AsyncSession, version: QuoteVersion, party_id: UUID | None) -> QuoteParty:
    """The party that the actor is; a partner admin may name one of an organization below its own."""
    actor = actor_of(session)
    if actor.user_id is None:
        raise SignerNotAPerson()
    visible = await versions.parties_of(session, version.id)
    names = await names_of(session, actor)
    if party_id is None:
        found = [party for party in visible if party.contact_id in names]
    else:
        named = [party for party in visible if party.id == party_id]
        found = [party for party in named if party.contact_id in names or await _is_below(session, actor, party)]
    if not found:
        raise NotAParty(field=("quote_id",) if party_id is None else ("party_id",))
    return found[0]


async def names_of(session: AsyncSession, actor: Actor) -> set[UUID]:
    """The contacts that the actor is: its own, and the duplicates that were merged into it."""
    own = actor.contact_id if actor.audience is Audience.CUSTOMER else actor.organization_id
    merged = select(Contact.id).where(Contact.merged_into_id == own)
    return {own, *(await session.execute(merged)).scalars()} if own else set()


async def _is_below(session: AsyncSession, actor: Actor, party: QuoteParty) -> bool:
    """Whether a partner admin is above the party today; the party's row shows the tree of when the quote was made."""
    below = select(Contact.id).where(
        Contact.id == party.contact_id, Contact.chain_organization_ids.contains([actor.organization_id])
    )
    return actor.role is Role.PARTNER_ADMIN and (await session.execute(below)).first() is not None


async def _already_signed(session: AsyncSession, party: QuoteParty) -> AlreadySigned:
    query = select(Signature).where(Signature.quote_party_id == party.id)
    first = (await session.execute(query)).scalar_one()
    at = first.signed_at.astimezone(AMSTERDAM).isoformat(timespec="seconds")
    return AlreadySigned(signer=first.signer_name, at=at, field=("quote_id",))


def _require_open(quote: Quote) -> None:
    over = quote.expires_at is not None and quote.expires_at <= datetime.now(UTC)
    if quote.status == QuoteStatus.EXPIRED or (over and quote.status in OPEN):
        at = quote.expires_at.astimezone(AMSTERDAM).isoformat(timespec="minutes") if quote.expires_at else ""
        raise QuoteExpired(expired_at=at, field=("quote_id",))
    if quote.status not in OPEN:
        raise QuoteClosed(status=quote.status, field=("quote_id",))


async def _require_document(session: AsyncSession, version: QuoteVersion, document_hash: bytes) -> None:
    if version.document_hash == document_hash:
        return
    earlier = select(QuoteVersion.id).where(
        QuoteVersion.quote_id == version.quote_id, QuoteVersion.document_hash == document_hash
    )
    if (await session.execute(earlier)).scalar_one_or_none():
        raise VersionChanged(current=version.number, field=("document_hash",))
    raise UnknownDocument(field=("document_hash",))


# --- the record ---------------------------------------------------------------------------------------------------


async def _act(
    session: AsyncSession,
    quote: Quote,
    version: QuoteVersion,
    party: QuoteParty,
    kind: SignatureKind,
    evidence: Evidence,
    keys: Keyring,
    reason: str = "",
) -> Signature:
    """Write the party's act as a sealed record at the end of the entity's chain."""
    actor = actor_of(session)
    query = select(UserAccount.name, UserAccount.email).where(UserAccount.id == actor.user_id)
    name, email = (await session.execute(query)).one()
    signature = Signature(
        entity_id=quote.entity_id,
        quote_id=quote.id,
        quote_version_id=version.id,
        quote_party_id=party.id,
        party_contact_id=party.contact_id,
        party_chain_ids=party.payer_chain_ids,
        kind=kind.value,
        document_hash=version.document_hash,
        signer_user_id=actor.user_id,
        signer_name=name,
        signer_email=email,
        identity_proof=evidence.proof.value,
        consent_text=version.consent_text if kind is not SignatureKind.DECLINED else "",
        reason=reason,
        signed_at=datetime.now(UTC),
        ip_address=_address(evidence.ip_address),
        user_agent=_printable(evidence.user_agent),
    )
    payload = _payload(quote, version, party, signature, actor)
    for column, value in chain.columns_of(await chain.append(session, quote.entity_id, payload, keys)).items():
        setattr(signature, column, value)
    session.add(signature)
    await session.flush()
    return signature


def _payload(
    quote: Quote, version: QuoteVersion, party: QuoteParty, signature: Signature, actor: Actor
) -> dict[str, Json]:
    return {
        "act": signature.kind,
        "document": signature.document_hash.hex(),
        "quote": quote.number,
        "version": version.number,
        "party": {"id": str(party.id), "contact": str(party.contact_id), "role": party.role},
        "signer": {
            "user": str(signature.signer_user_id),
            "name": signature.signer_name,
            "email": signature.signer_email,
            "role": actor.role.value,
            "organization": str(actor.organization_id) if actor.organization_id else None,
        },
        "identity": signature.identity_proof,
        "consent": signature.consent_text,
        "reason": signature.reason,
        "at": plain(signature.signed_at),
        "address": signature.ip_address,
        "agent": signature.user_agent,
    }


def _address(value: str) -> str | None:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return None


def _printable(value: str) -> str:
    return "".join(character for character in value if character.isprintable())[:LONGEST_AGENT]


def _without(roles: list[str], role: str) -> list[str]:
    left = list(roles)
    left.remove(role)
    return left
