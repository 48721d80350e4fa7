"""The document that parties sign: one hash over a head that every party may read.

Lines and parties stand in the head as commitments only: lines as the root of a Merkle tree over salted leaves, parties
as salted hashes. Each party gets the salts of its own lines and of its own totals, recomputes their hashes, the root
and the document hash, and so knows what it signs without seeing a line or an amount of anybody else.

    technical_hash = leaf_hash(technical_content, salt of the line)
    leaf           = leaf_hash(line_content, salt of the line)          line_content names technical_hash
    root           = Merkle root over the leaves in line order (RFC 9162)
    commitment     = leaf_hash(party_content, salt of the party)
    document_hash  = SHA-256(canonical(head))                           head names root and commitments
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.proofs import merkle
from domain.proofs.canonical import Json, canonical, plain
from domain.quotes.models import LineItem, QuoteParty, QuoteVisit
from domain.quotes.offer import Line, Party, PlannedVisit

HEAD_TYPE = "chargecars/quote/1"
LINE_TYPE = "chargecars/quote-line/1"
TECHNICAL_TYPE = "chargecars/quote-line-technical/1"
PARTY_TYPE = "chargecars/quote-party/1"


@dataclass(frozen=True, slots=True)
class Seller:
    """The business entity as the document names it."""

    id: UUID
    legal_name: str
    kvk_number: str
    vat_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that a sealed version is made of; plain data, no session."""

    seller: Seller
    number: str
    version: int
    currency: str = "EUR"
    end_customer_id: UUID
    service_address_id: UUID | None = None
    sent_at: datetime
    expires_at: datetime
    payment_terms_days: int
    terms: str = ""
    consent_text: str = ""
    supersedes: bytes | None = None
    """Document hash of the version sent before."""
    lines: Sequence[Line | LineItem]
    parties: Sequence[Party | QuoteParty] = ()
    visits: Sequence[PlannedVisit | QuoteVisit] = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """The columns of a sent version."""

    leaf_hashes: list[bytes]
    merkle_root: bytes
    head: dict[str, Json]
    document_hash: bytes


def seal(document: Document) -> Sealed:
    """Hash the document; about 0.1 ms per line."""
    leaves = [line_leaf(line, document.currency) for line in document.lines]
    root = merkle.root(leaves)
    head = _head(document, root)
    return Sealed(leaves, root, head, hash_of(head))


def hash_of(head: dict[str, Json]) -> bytes:
    """The document hash of a head."""
    return hashlib.sha256(canonical(head)).digest()


def technical_content(line: Line | LineItem) -> dict[str, Json]:
    """What a customer does not see of a line."""
    return {
        "type": TECHNICAL_TYPE,
        "description": line.technical_description,
        "install_minutes": line.install_minutes,
        "skills": list(line.skills),
    }


def technical_hash(line: Line | LineItem) -> bytes:
    return merkle.leaf_hash(technical_content(line), line.salt)


def line_content(line: Line | LineItem, currency: str, technical: bytes) -> dict[str, Json]:
    """What the leaf of a line covers: everything its payer may read, and the hash of the rest."""
    return {
        "type": LINE_TYPE,
        "position": line.position,
        "article": str(line.article_id),
        "sku": line.sku,
        "description": line.description,
        "category": line.category,
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "unit_price_cents": line.unit_price_cents,
        "discount_percent": plain(line.discount_percent),
        "vat_class": line.vat_class,
        "vat_rate": plain(line.vat_rate),
        "net_cents": line.net_cents,
        "vat_cents": line.vat_cents,
        "gross_cents": line.gross_cents,
        "currency": currency,
        "payer": str(line.payer_contact_id),
        "payer_role": str(line.payer_role),
        "visit": line.visit_position,
        "serial_required": line.serial_required,
        "technical": technical.hex(),
    }


def line_leaf(line: Line | LineItem, currency: str) -> bytes:
    return merkle.leaf_hash(line_content(line, currency, technical_hash(line)), line.salt)


def party_content(party: Party | QuoteParty, currency: str) -> dict[str, Json]:
    """What the commitment of a party covers."""
    return {
        "type": PARTY_TYPE,
        "contact": str(party.contact_id),
        "role": str(party.role),
        "requirement": str(party.requirement),
        "net_cents": party.net_cents,
        "vat_cents": party.vat_cents,
        "gross_cents": party.gross_cents,
        "vat_breakdown": party.vat_breakdown,
        "currency": currency,
    }


def party_commitment(party: Party | QuoteParty, currency: str) -> bytes:
    return merkle.leaf_hash(party_content(party, currency), party.salt)


def _head(document: Document, root: bytes) -> dict[str, Json]:
    seller = document.seller
    return {
        "type": HEAD_TYPE,
        "seller": {
            "id": str(seller.id),
            "name": seller.legal_name,
            "kvk": seller.kvk_number,
            "vat": seller.vat_number,
        },
        "number": document.number,
        "version": document.version,
        "supersedes": document.supersedes.hex() if document.supersedes else None,
        "currency": document.currency,
        "end_customer": str(document.end_customer_id),
        "service_address": str(document.service_address_id) if document.service_address_id else None,
        "sent_at": plain(document.sent_at),
        "expires_at": plain(document.expires_at),
        "payment_terms_days": document.payment_terms_days,
        "terms_sha256": hashlib.sha256(document.terms.encode()).hexdigest(),
        "consent": document.consent_text,
        "visits": [
            {"position": v.position, "kind": str(v.kind), "minutes": v.minutes, "outdoor": v.outdoor}
            for v in document.visits
        ],
        "lines": {"count": len(document.lines), "root": root.hex()},
        "parties": [party_commitment(party, document.currency).hex() for party in document.parties],
    }
