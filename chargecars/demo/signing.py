"""Signatures: sealed with the server's key and chained per entity, so that they verify like any other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chargecars.demo.contacts import Customer, Partner
from chargecars.demo.courses import Act
from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.people import Person
from chargecars.demo.tenants import CONSENT
from chargecars.demo.written import Version, WrittenQuote
from domain.proofs.canonical import Json, plain
from domain.proofs.seal import ChainEnd, Keyring, seal
from domain.quotes.models import PartyRole, Requirement
from domain.quotes.offer import Party
from domain.signatures.chain import chain_name, columns_of
from domain.signatures.models import IdentityProof, SignatureKind
from tenants.permissions import Role

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
"""Addresses for documentation (RFC 5737)."""
_DECLINED = (
    "Te duur.",
    "De auto komt later dan gedacht.",
    "We kiezen voor een andere aanbieder.",
    "Het plan gaat niet door.",
)


@dataclass(frozen=True, slots=True)
class SignaturePlan:
    """One act of one party, before it has its place in the chain."""

    entity_id: UUID
    at: datetime
    kind: SignatureKind
    signer: Person
    columns: dict[str, Any]
    payload: dict[str, Json]


def signature_of(quote: WrittenQuote, version: Version, party: Party, act: Act, draw: Draw) -> SignaturePlan:
    """What `domain.signatures` would have written when this party acted."""
    plan, at = quote.plan, quote.plan.at + act.after
    signer, email, organization = _signer(quote, act.role)
    evidence = _evidence(draw, act)
    party_id = quote.party_ids[version.number, party.role]
    kind = _kind(party, act)
    columns = {
        "id": draw.id(at),
        "entity_id": plan.entity.id,
        "quote_id": quote.id,
        "quote_version_id": version.id,
        "quote_party_id": party_id,
        "party_contact_id": party.contact_id,
        "party_chain_ids": party.payer_chain_ids,
        "kind": kind.value,
        "document_hash": version.document_hash,
        "signer_user_id": signer.user_id,
        "signer_name": signer.name,
        "signer_email": email,
        "signed_at": at,
        "created_at": at,
        **evidence,
    }
    payload: dict[str, Json] = {
        "act": kind.value,
        "document": (version.document_hash or b"").hex(),
        "quote": plan.number,
        "version": version.number,
        "party": {"id": str(party_id), "contact": str(party.contact_id), "role": party.role.value},
        "signer": {
            "user": str(signer.user_id),
            "name": signer.name,
            "email": email,
            "role": str(signer.role),
            "organization": organization,
        },
        "identity": evidence["identity_proof"],
        "consent": evidence["consent_text"],
        "reason": evidence["reason"],
        "at": plain(at),
        "address": evidence["ip_address"],
        "agent": evidence["user_agent"],
    }
    return SignaturePlan(plan.entity.id, at, kind, signer, columns, payload)


def _kind(party: Party, act: Act) -> SignatureKind:
    if act.declined:
        return SignatureKind.DECLINED
    return SignatureKind.SIGNED if party.requirement is Requirement.SIGN else SignatureKind.ACKNOWLEDGED


def _evidence(draw: Draw, act: Act) -> dict[str, Any]:
    mailed = act.role is PartyRole.CUSTOMER and draw.uniform() < 0.85
    return {
        "identity_proof": (IdentityProof.MAILED_CODE if mailed else IdentityProof.LOGIN).value,
        "consent_text": "" if act.declined else CONSENT,
        "reason": draw.one(_DECLINED) if act.declined else "",
        "ip_address": f"{draw.one(_NETWORKS)}.{draw.integer(1, 254)}",
        "user_agent": draw.one(_AGENTS),
    }


def _signer(quote: WrittenQuote, role: PartyRole) -> tuple[Person, str, str | None]:
    """Who acts, its e-mail address, and the id of its organization."""
    who: Customer | Partner | None = quote.plan.customer
    if role is not PartyRole.CUSTOMER:
        who = quote.plan.partner if role is PartyRole.PARTNER else quote.plan.payer
    assert who is not None, "a party that acts is known"
    if isinstance(who, Customer):
        return Person(who.user_id, who.name, Role.CUSTOMER), who.email, None
    person = who.signer
    return Person(person.user_id, person.name, person.role), person.email, str(who.id)


def write_chain(rows: Rows, entity_id: UUID, signatures: Iterable[SignaturePlan], keys: Keyring) -> None:
    """Seal the signatures of an entity one after the other, and keep where the chain ends."""
    chain, end = chain_name(entity_id), None
    for signature in sorted(signatures, key=lambda each: (each.at, each.columns["id"])):
        record = seal(keys, chain, signature.payload, end)
        rows.add("signature", **signature.columns, **columns_of(record))
        end = ChainEnd(chain, record.sequence, record.hash)
    if end:
        rows.add("signature_chain_head", entity_id=entity_id, position=end.sequence, record_hash=end.hash)
