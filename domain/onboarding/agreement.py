"""Signing an agreement for a partner: what is shown, word for word, is what is signed and kept (T15, article 28 GDPR).

The text is made of the agreement's own row, so whoever signs signs what the platform enforces; `text_sha256` holds it
to what was shown.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.agreements import partner_terms, service
from domain.agreements.models import Agreement
from domain.contacts import tree
from domain.contacts.models import Contact
from domain.errors import NotFound, language_of
from domain.events.record import record
from domain.numbering.service import AMSTERDAM
from domain.onboarding import errors, events
from domain.onboarding.models import AgreementSignature
from domain.onboarding.processing import PROCESSING, VERSION
from domain.rows import find
from domain.users.errors import NoUser
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Signable:
    """What somebody may sign: the agreement, its text, and what ties the signature to it."""

    agreement: Agreement
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, as it stands in the text of the signature."""

    name: str
    job_title: str
    ip_address: str = ""
    user_agent: str = ""


async def to_sign(session: AsyncSession, entity_id: UUID, organization_id: UUID, language: str) -> Signable:
    """The agreement in force with the organization itself. Raises: NothingToSign."""
    found = await service.agreement_for(session, entity_id, [organization_id], clock.now())
    if found is None:
        raise errors.NothingToSign(field=("organization_id",))
    text = await _text(session, found, language_of(language))
    return Signable(found, text, hashlib.sha256(text.encode()).hexdigest())


async def find_to_sign(session: AsyncSession, entity_id: UUID, organization_id: UUID, language: str) -> Signable | None:
    """`to_sign` for whoever may read the agreement; None where there is none to see."""
    try:
        return await to_sign(session, entity_id, organization_id, language)
    except errors.NothingToSign:
        return None


async def sign(
    session: AsyncSession, actor: Actor, organization_id: UUID, entity_id: UUID, sha256: str, signer: Signer
) -> AgreementSignature:
    """Sign for a partner as one of its administrators. `session` is the platform's.

    Raises: NotFound, NothingToSign, AgreementChanged where `sha256` is not of the text as it is now. A second signature
    of the same text is the first one.
    """
    if actor.user_id is None or actor.audience is not Audience.PARTNER:
        raise NoUser()
    async with acting_as(session, actor):
        await find(session, BusinessEntity, entity_id, field=("entity_id",))
        organization = await tree.organization(session, organization_id, field=("organization_id",))
    if actor.organization_id != organization.id or entity_id not in actor.entity_ids:
        raise NotFound(field=("organization_id",))
    shown = await _shown(session, entity_id, organization.id, sha256)
    if known := await _known(session, shown):
        return known
    return await _keep(session, actor.user_id, organization, shown, signer)


async def signature_of(session: AsyncSession, agreement: Agreement) -> AgreementSignature | None:
    """The newest signature of an agreement."""
    query = select(AgreementSignature).where(AgreementSignature.agreement_id == agreement.id)
    return (await session.execute(query.order_by(AgreementSignature.id.desc()).limit(1))).scalar_one_or_none()


async def _shown(session: AsyncSession, entity_id: UUID, organization_id: UUID, sha256: str) -> Signable:
    """The text in the language in which it was shown."""
    given = sha256.strip().lower()
    for language in ("nl", "en"):
        found = await to_sign(session, entity_id, organization_id, language)
        if given.isascii() and hmac.compare_digest(found.sha256, given):
            return found
    raise errors.AgreementChanged(field=("sha256",))


async def _known(session: AsyncSession, shown: Signable) -> AgreementSignature | None:
    await find(session, Agreement, shown.agreement.id, lock=True)
    query = select(AgreementSignature).filter_by(agreement_id=shown.agreement.id, text_sha256=shown.sha256)
    return (await session.execute(query)).scalar_one_or_none()


async def _keep(
    session: AsyncSession, user_id: UUID, organization: Contact, shown: Signable, signer: Signer
) -> AgreementSignature:
    agreement = shown.agreement
    made = AgreementSignature(
        entity_id=agreement.entity_id,
        organization_id=organization.id,
        agreement_id=agreement.id,
        text_sha256=shown.sha256,
        text=shown.text,
        processing_agreement_version=VERSION,
        signed_by_user_id=user_id,
        signer_name=validation.name(signer.name, "name"),
        signer_job_title=validation.name(signer.job_title, "job_title", maximum=100),
        ip_address=signer.ip_address[:45],
        user_agent=signer.user_agent[:300],
    )
    session.add(made)
    agreement.processing_agreement_version = VERSION
    agreement.processing_agreement_signed_on = clock.now().astimezone(AMSTERDAM).date()
    await session.flush()
    await _tell(session, organization, made)
    return made


async def _tell(session: AsyncSession, organization: Contact, made: AgreementSignature) -> None:
    await record(
        session,
        events.AgreementSigned(made.processing_agreement_version, made.text_sha256),
        entity_id=made.entity_id,
        subject_id=made.agreement_id,
        organization_ids=[organization.id],
        channel=organization.chain_organization_ids,
    )


# --- the text -------------------------------------------------------------------------------------------------------

_WORDS = {
    "nl": {
        "title": "Partnerovereenkomst tussen {entity} en {partner}",
        "from": "Geldig vanaf {at}",
        "payer": "Betaler, waar geen categorie anders zegt: {value}",
        "payers": "Betaler per categorie: {value}",
        "signs": "De partner tekent zijn regels van een offerte: {value}",
        "without": "Zonder eigen regels: {value}",
        "quote": "Geldigheid van offertes in dagen: {value}",
        "days": "Betalingstermijn in dagen: {value}",
        "terms": "Voorwaarden voor orders: {value}",
        "usual": "gebruikelijk",
        "yes": "ja",
        "no": "nee",
    },
    "en": {
        "title": "Partner agreement between {entity} and {partner}",
        "from": "In force from {at}",
        "payer": "Payer, where no category says otherwise: {value}",
        "payers": "Payer per category: {value}",
        "signs": "The partner signs its lines of a quote: {value}",
        "without": "Without lines of its own: {value}",
        "quote": "Validity of quotes in days: {value}",
        "days": "Payment terms in days: {value}",
        "terms": "Terms about orders: {value}",
        "usual": "as usual",
        "yes": "yes",
        "no": "no",
    },
}


async def _text(session: AsyncSession, agreement: Agreement, language: str) -> str:
    """The agreement in words, with the whole of what is enforced, and the processing agreement below it."""
    ours = select(BusinessEntity.legal_name).where(BusinessEntity.id == agreement.entity_id)
    theirs = select(func.coalesce(Contact.legal_name, Contact.name)).where(Contact.id == agreement.organization_id)
    names = {"entity": await session.scalar(ours) or "", "partner": await session.scalar(theirs) or ""}
    words = _WORDS[language]
    lines = [words["title"].format(**names), words["from"].format(at=_day(agreement.valid.lower)), ""]
    lines += [words[key].format(value=value) for key, value in _terms(agreement, words)]
    return "\n".join([*lines, "", PROCESSING[language].format(**names)])


def _terms(agreement: Agreement, words: dict[str, str]) -> list[tuple[str, Any]]:
    enforced = partner_terms.as_json(partner_terms.parse(agreement.terms))
    return [
        ("payer", agreement.default_payer),
        ("payers", _json(agreement.payer_by_category) or words["usual"]),
        ("signs", words["yes" if agreement.partner_signs else "no"]),
        ("without", agreement.partner_without_lines),
        ("quote", agreement.quote_valid_days or words["usual"]),
        ("days", agreement.payment_terms_days if agreement.payment_terms_days is not None else words["usual"]),
        ("terms", _json(enforced) or words["usual"]),
    ]


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value else ""


def _day(at: datetime | None) -> str:
    return at.astimezone(AMSTERDAM).date().isoformat() if at else ""
