"""Signatures, the proof of one line, and the verification of a document by its hash."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import func
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.quote_parts import PARTIES, hexadecimal
from api.reading import Node, column, expression, field, reads
from domain.errors import NotFound, RateLimited
from domain.signatures import verification
from domain.signatures.keys import keyring
from domain.signatures.models import IdentityProof, SignatureKind
from domain.signatures.models import Signature as SignatureRow
from tenants.audience import Audience
from tenants.permissions import Permission
from tenants.rate import take

PER_MINUTE = 60
"""Documents that one internet address may ask about."""

described(
    SignatureKind,
    "What a party did.",
    SIGNED="Signed its lines.",
    ACKNOWLEDGED="Took note; it pays nothing.",
    DECLINED="Declined.",
)
described(
    IdentityProof,
    "How we know who acted.",
    LOGIN="A login.",
    LOGIN_TOTP="A login with a second factor.",
    MAILED_CODE="A code mailed for this signature.",
)


@reads(SignatureRow, audiences=PARTIES)
@strawberry.type(description="What a party did, as a record that is sealed by the server and chained.")
class Signature(Node):
    kind: SignatureKind = column("What was done.")
    signer_name: str = column("Who did it.")
    signer_email: str = column("E-mail address of the account.")
    identity_proof: IdentityProof = column("How we know.")
    consent_text: str = column("What was agreed to.")
    reason: str = column("Why a party declined.")
    signed_at: datetime = column("When.")
    ip_address: str | None = expression("From which internet address.", lambda s: func.host(s.ip_address))
    user_agent: str = column("With which program.")
    document_hash: str = expression("What was signed, hexadecimal.", lambda s: hexadecimal(s.document_hash))
    chain_position: int = column("Place in the chain of the business entity.")
    record: JSON = column("The sealed record; its canonical JSON is what the seal covers.")
    record_hash: str = expression("What the next record carries, hexadecimal.", lambda s: hexadecimal(s.record_hash))
    key_id: str = column("Key of the seal, see `/.well-known/document-signing-keys.json`.")
    seal: str = expression("Ed25519 signature, hexadecimal.", lambda s: hexadecimal(s.seal))


@strawberry.type(description="Shows one line to be part of a document, without any other line.")
class LineProof:
    line: JSON = strawberry.field(description="The line as it was hashed.")
    salt: str = strawberry.field(description="Hexadecimal.")
    technical: JSON | None = strawberry.field(description="Technical details; null where you do not see them.")
    leaf: str = strawberry.field(description="Hash of line and salt, hexadecimal.")
    index: int = strawberry.field(description="Place of the leaf, from 0.")
    size: int = strawberry.field(description="Number of leaves.")
    path: list[str] = strawberry.field(description="Hashes beside the way from leaf to root, hexadecimal.")
    root: str = strawberry.field(description="Root of the tree, hexadecimal.")
    head: JSON = strawberry.field(description="Head of the document, which names the root.")
    document_hash: str = strawberry.field(description="Hash of the head, hexadecimal: what was signed.")
    recipe: list[str] = strawberry.field(description="How to check this, step by step.")


@strawberry.type(description="A signature of a document, without who signed.")
class VerifiedSignature:
    kind: SignatureKind = strawberry.field(description="What was done.")
    signed_at: datetime = strawberry.field(description="When.")
    seal_verifies: bool = strawberry.field(description="Whether its seal holds.")
    key_id: str = strawberry.field(description="Key of the seal.")


@strawberry.type(description="What is known of a document hash; nothing of what the document says.")
class DocumentVerification:
    document_hash: str = strawberry.field(description="The hash that was asked for.")
    known: bool = strawberry.field(description="Whether we sent a document with this hash.")
    entity_name: str | None = strawberry.field(description="Who sent it.")
    sent_at: datetime | None = strawberry.field(description="When it was sent.")
    seals_verify: bool = strawberry.field(description="Whether the document is intact and all its seals hold.")
    signatures: list[VerifiedSignature] = strawberry.field(description="Its signatures, in order of time.")


LineId = Annotated[strawberry.ID, strawberry.argument(description="The line.")]
DocumentHash = Annotated[str, strawberry.argument(description="Hexadecimal, 64 characters.")]


@strawberry.type
class SignatureQueries:
    @field("Proves one line of a sent version; null where you do not see it.", requires=Permission.QUOTES_READ)
    async def line_proof(self, info: Info, line_id: LineId) -> LineProof | None:
        context = info.context
        key = key_of("LineItem", line_id, "lineId")
        try:
            async with context.read() as session:
                technical = context.actor.audience is not Audience.CUSTOMER
                return _line_proof(await verification.line_proof(session, key, technical=technical))
        except NotFound:
            return None

    @field("Whether we sent a document with this hash, and whether its seals hold.", requires=Permission.PUBLIC)
    async def verify_document(self, info: Info, hash: DocumentHash) -> DocumentVerification:
        taken = await take(info.context.redis, f"verify:{info.context.request.ip_address}", PER_MINUTE, 60)
        if not taken.allowed:
            raise RateLimited(seconds=taken.retry_after)
        async with info.context.database.session(info.context.platform) as session:
            found = await verification.verify_document(session, hash, keyring(info.context.settings))
        return DocumentVerification(
            document_hash=found.document_hash,
            known=found.known,
            entity_name=found.entity_name,
            sent_at=found.sent_at,
            seals_verify=found.seals_verify,
            signatures=[
                VerifiedSignature(
                    kind=SignatureKind(s.kind), signed_at=s.signed_at, seal_verifies=s.seal_verifies, key_id=s.key_id
                )
                for s in found.signatures
            ],
        )


def _line_proof(found: verification.LineProof) -> LineProof:
    line: Any = found.line
    technical: Any = found.technical
    head: Any = found.head
    return LineProof(
        line=line,
        salt=found.salt.hex(),
        technical=technical,
        leaf=found.leaf.hex(),
        index=found.inclusion.index,
        size=found.inclusion.size,
        path=[sibling.hex() for sibling in found.inclusion.path],
        root=found.merkle_root.hex(),
        head=head,
        document_hash=found.document_hash.hex(),
        recipe=list(found.recipe),
    )
