"""Whether a document exists as it is claimed to, without showing what is in it. Also: the proof of one line."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.proofs import merkle
from domain.proofs.canonical import Json
from domain.proofs.seal import Keyring, fault_of
from domain.quotes import document
from domain.quotes.models import LineItem, Quote, QuoteVersion
from domain.rows import find
from domain.signatures import chain
from domain.signatures.models import Signature
from tenants.models import BusinessEntity

HASH_BYTES = 32

RECIPE = (
    "canonical(x) is JSON after RFC 8785 (JCS) of x with all text in Unicode NFC, as UTF-8; || joins bytes.",
    'leaf = SHA-256(0x00 || canonical({"line": line, "salt": salt as lower-case hex})).',
    "Climb from leaf to root: at each step SHA-256(0x01 || left || right), as in RFC 9162, 2.1.3.2, "
    "with index, size and path.",
    "The root must equal head.lines.root.",
    'commitment of a party = SHA-256(0x00 || canonical({"line": party, "salt": its salt})); head.parties holds it.',
    "document hash = SHA-256(canonical(head)); it must equal the hash that was signed.",
    "Where technical details are shown: line.technical = "
    'SHA-256(0x00 || canonical({"line": technical, "salt": salt})).',
)
"""How anybody checks a proof with a hash function and a JSON library."""


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """One signature of a document; nothing says who signed."""

    kind: str
    signed_at: datetime
    seal_verifies: bool
    key_id: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer for any hash, known or not, in one shape."""

    document_hash: str
    known: bool = False
    entity_name: str | None = None
    sent_at: datetime | None = None
    document_intact: bool = False
    signatures: tuple[CheckedSignature, ...] = ()

    @property
    def seals_verify(self) -> bool:
        """Whether the document is intact and all its signatures hold."""
        return self.document_intact and all(signature.seal_verifies for signature in self.signatures)


def parse_hash(value: str) -> bytes | None:
    """A document hash in hexadecimal, or None."""
    try:
        parsed = bytes.fromhex(value) if len(value) == 2 * HASH_BYTES else b""
    except ValueError:
        return None
    return parsed if len(parsed) == HASH_BYTES else None


async def verify_document(session: AsyncSession, value: str, keys: Keyring) -> Verification:
    """What is known of a document hash. For the system: anybody may ask."""
    hashed = parse_hash(value.strip())
    if hashed is None:
        return Verification(value.strip()[: 2 * HASH_BYTES])
    query = (
        select(QuoteVersion, BusinessEntity.name)
        .join(BusinessEntity, BusinessEntity.id == QuoteVersion.entity_id)
        .where(QuoteVersion.document_hash == hashed)
    )
    row = (await session.execute(query)).first()
    if row is None:
        return Verification(hashed.hex())
    version, entity_name = row
    signed = select(Signature).where(Signature.quote_version_id == version.id).order_by(Signature.chain_position)
    return Verification(
        document_hash=hashed.hex(),
        known=True,
        entity_name=entity_name,
        sent_at=version.sent_at,
        document_intact=document.hash_of(version.head or {}) == hashed,
        signatures=tuple(_checked(row, hashed, keys) for row in (await session.execute(signed)).scalars()),
    )


def _checked(signature: Signature, hashed: bytes, keys: Keyring) -> CheckedSignature:
    record = chain.sealed_record(signature)
    holds = fault_of(record, keys) is None and record.hash == signature.record_hash
    same = record.payload.get("document") == hashed.hex() == signature.document_hash.hex()
    return CheckedSignature(signature.kind, signature.signed_at, holds and same, signature.key_id)


@dataclass(frozen=True, slots=True)
class LineProof:
    """One line and everything that shows it to be part of a signed document."""

    line: dict[str, Json]
    salt: bytes
    technical: dict[str, Json] | None
    """Opens `line.technical`; None for who does not see technical details."""
    leaf: bytes
    inclusion: merkle.InclusionProof
    merkle_root: bytes
    head: dict[str, Any]
    document_hash: bytes
    recipe: tuple[str, ...] = RECIPE


async def line_proof(session: AsyncSession, line_id: UUID, *, technical: bool) -> LineProof:
    """The proof of a line that the actor sees; NotFound also where its version was not sent yet."""
    line = await find(session, LineItem, line_id)
    version = await find(session, QuoteVersion, line.quote_version_id)
    if version.merkle_root is None or version.document_hash is None or version.head is None:
        raise NotFound(field=("id",))
    quote = await find(session, Quote, line.quote_id)
    content = document.line_content(line, quote.currency, line.technical_hash)
    index = line.position - 1
    return LineProof(
        line=content,
        salt=line.salt,
        technical=document.technical_content(line) if technical else None,
        leaf=merkle.leaf_hash(content, line.salt),
        inclusion=merkle.prove(version.leaf_hashes, index),
        merkle_root=version.merkle_root,
        head=version.head,
        document_hash=version.document_hash,
    )
