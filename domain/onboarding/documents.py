"""Documents of partners: versions, verification by a person of ours, rejection, and looking at one anew."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts import tree
from domain.contacts.models import Contact
from domain.documents import storing
from domain.documents.errors import DocumentTooLarge
from domain.documents.models import DocumentKind
from domain.errors import DomainError, Faults, InvalidState, NotFound, PermissionDenied, Required
from domain.onboarding import criteria, errors, events, expiring, flow, letters, tasks
from domain.onboarding.criteria import AskedDocument, Definition, DocumentType
from domain.onboarding.models import (
    CLOSED,
    PartnerDocument,
    PartnerDocumentState,
    PartnerOnboarding,
    TaskOwner,
    TaskState,
)
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.models import BusinessEntity
from tenants.permissions import Permission

LARGEST = 10 * 1024 * 1024
MOST_VERSIONS = 200
_PDF = b"%PDF-"
_VERIFY = "VERIFY_DOCUMENT"
_STATE = PartnerDocumentState


@dataclass(frozen=True, slots=True)
class Given:
    """A version of a document as it is handed in; days are in Amsterdam, the insured sum in euro cents per claim."""

    kind: str
    content: bytes
    file_name: str = ""
    reference: str = ""
    issuer: str = ""
    issued_on: date | None = None
    expires_on: date | None = None
    insured_cents: int | None = None


async def add(
    session: AsyncSession, actor: Actor, entity_id: UUID, organization_id: UUID, given: Given
) -> PartnerDocument:
    """Hand in the next version of a document. `session` is the platform's.

    Raises: NotFound, PermissionDenied, NotAskedFor, NotAPdf, DocumentTooLarge, DocumentHasExpired, InsuredTooLittle,
    Required; all faults of the input at once.
    """
    organization = await organization_of(session, actor, entity_id, organization_id)
    definition = await definition_of(session, entity_id, organization_id)
    asked = _checked(definition, given)
    row = await _insert(session, actor, entity_id, organization, given, asked)
    await events.tell_document(session, row, events.DocumentAdded(row.kind, row.number))
    await _ask_to_verify(session, row, definition)
    await flow.proceed_all(session, entity_id, [organization.id])
    return row


async def verify(
    session: AsyncSession,
    actor: Actor,
    id: UUID,
    *,
    expires_on: date | None = None,
    insured_cents: int | None = None,
) -> PartnerDocument:
    """Find a version in order; what is read on it takes the place of what was said. An earlier one is superseded.

    Raises: NotFound, InvalidState, DocumentHasExpired, InsuredTooLittle, Required.
    """
    row = await mine(session, actor, id)
    _demand(row, _STATE.PENDING, wanted="verify")
    definition = await definition_of(session, row.entity_id, row.organization_id)
    row.expires_on = validation.day(expires_on, "expires_on") if expires_on else row.expires_on
    row.insured_cents = insured_cents if insured_cents is not None else row.insured_cents
    if (asked := definition.document(row.kind)) is not None:
        _check_terms(asked, row.issued_on, row.expires_on, row.insured_cents)
    await _supersede(session, row)
    await _decide(session, row, _STATE.VERIFIED, actor.user_id)
    await tasks.settle(session, row.entity_id, _key(row))
    await expiring.renewed(session, row)
    await flow.proceed_all(session, row.entity_id, [row.organization_id], also_live=True)
    return row


async def reject(session: AsyncSession, actor: Actor, id: UUID, reason: str) -> PartnerDocument:
    """Find a version wanting, and say why; the partner is told. Raises: NotFound, InvalidState."""
    words = validation.text(reason, "reason", maximum=1_000)
    row = await mine(session, actor, id)
    _demand(row, _STATE.PENDING, wanted="reject")
    row.reason = words
    await _decide(session, row, _STATE.REJECTED, actor.user_id)
    await tasks.settle(session, row.entity_id, _key(row))
    await letters.tell_document(session, row, "REJECTED", reason=words)
    await flow.proceed_all(session, row.entity_id, [row.organization_id])
    return row


async def reconsider(session: AsyncSession, actor: Actor, id: UUID) -> PartnerDocument:
    """Take a verification or rejection of the newest version back: it waits to be looked at again.

    Raises: NotFound, InvalidState.
    """
    row = await mine(session, actor, id)
    _demand(row, _STATE.VERIFIED, _STATE.REJECTED, wanted="reconsider")
    if row.number != await _last_number(session, row.entity_id, row.organization_id, row.kind):
        raise InvalidState(current=_STATE.SUPERSEDED.value, wanted="reconsider", field=("id",))
    row.reason = None
    await _decide(session, row, _STATE.PENDING, None)
    await _restore(session, row)
    definition = await definition_of(session, row.entity_id, row.organization_id)
    await _ask_to_verify(session, row, definition)
    await flow.proceed_all(session, row.entity_id, [row.organization_id])
    return row


async def organization_of(session: AsyncSession, actor: Actor, entity_id: UUID, organization_id: UUID) -> Contact:
    """The organization that an actor may hand something in for: staff's partners, an administrator's own."""
    if not (actor.may(Permission.PARTNERS_MANAGE) or actor.may(Permission.INTEGRATIONS_MANAGE)):
        raise PermissionDenied()
    async with acting_as(session, actor):
        await find(session, BusinessEntity, entity_id, field=("entity_id",))
        found = await tree.organization(session, organization_id, field=("organization_id",))
    own = actor.audience is not Audience.PARTNER or found.id == actor.organization_id
    here = actor.audience is Audience.SYSTEM or entity_id in actor.entity_ids
    if not own or not here or entity_id not in found.entity_ids:
        raise NotFound(field=("organization_id",))
    return found


async def definition_of(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> Definition:
    """What is asked of a partner: what its onboarding asked, else what the category of its model asks."""
    query = (
        select(PartnerOnboarding.definition)
        .filter_by(entity_id=entity_id, organization_id=organization_id)
        .where(PartnerOnboarding.state.not_in([*CLOSED]))
    )
    kept = (await session.execute(query.order_by(PartnerOnboarding.id.desc()).limit(1))).scalar_one_or_none()
    if kept is not None:
        return criteria.parse(kept)
    model = await session.scalar(select(Contact.partner_model).where(Contact.id == organization_id))
    if model is None:
        raise NotFound(field=("organization_id",))
    return await criteria.of(session, entity_id, model)


async def mine(session: AsyncSession, actor: Actor, id: UUID) -> PartnerDocument:
    """The version, locked, where the actor sees it."""
    async with acting_as(session, actor):
        await find(session, PartnerDocument, id)
    return await find(session, PartnerDocument, id, lock=True)


# --- checks ---------------------------------------------------------------------------------------------------------


def _checked(definition: Definition, given: Given) -> AskedDocument:
    asked = definition.document(given.kind)
    if asked is None:
        raise errors.NotAskedFor(kinds=", ".join(each.kind for each in definition.documents), field=("kind",))
    with Faults() as faults:
        if not given.content.startswith(_PDF):
            faults.add(errors.NotAPdf(field=("content",)))
        if len(given.content) > LARGEST:
            faults.add(DocumentTooLarge(maximum=LARGEST, field=("content",)))
        for name in ("issued_on", "expires_on"):
            if (day := getattr(given, name)) is not None:
                faults.take(validation.day, day, name)
        with faults.at():
            _check_terms(asked, given.issued_on, given.expires_on, given.insured_cents)
    return asked


def _check_terms(asked: AskedDocument, issued: date | None, expires: date | None, insured: int | None) -> None:
    today = tasks.today()
    with Faults() as faults:
        if asked.expires and expires is None:
            faults.add(Required(field=("expires_on",)))
        if expires is not None and expires < today:
            faults.add(errors.DocumentHasExpired(limit=today.isoformat(), field=("expires_on",)))
        if asked.longest_days is not None:
            faults.add(*_too_old(asked.longest_days, issued, today))
        if asked.insured_cents is not None and (insured is None or insured < asked.insured_cents):
            faults.add(errors.InsuredTooLittle(cents=asked.insured_cents, field=("insured_cents",)))


def _too_old(days: int, issued: date | None, today: date) -> list[DomainError]:
    if issued is None:
        return [Required(field=("issued_on",))]
    limit = today - timedelta(days=days)
    if limit <= issued <= today:
        return []
    return [errors.DocumentHasExpired(limit=f"{limit.isoformat()} – {today.isoformat()}", field=("issued_on",))]


def _demand(row: PartnerDocument, *states: PartnerDocumentState, wanted: str) -> None:
    if row.state not in states:
        raise InvalidState(current=row.state, wanted=wanted, field=("id",))


# --- rows -----------------------------------------------------------------------------------------------------------


async def _insert(
    session: AsyncSession, actor: Actor, entity_id: UUID, organization: Contact, given: Given, asked: AskedDocument
) -> PartnerDocument:
    await find(session, Contact, organization.id, lock=True)  # one at a time: versions have no gap and no duplicate
    row = PartnerDocument(
        entity_id=entity_id,
        organization_id=organization.id,
        kind=asked.kind.value,
        number=1 + await _last_number(session, entity_id, organization.id, asked.kind.value),
        reference=validation.name(given.reference, "reference", minimum=0, maximum=100),
        issuer=validation.name(given.issuer, "issuer", minimum=0, maximum=200),
        insured_cents=given.insured_cents,
        issued_on=given.issued_on,
        expires_on=given.expires_on,
        state=_STATE.PENDING.value,
        added_by_user_id=actor.user_id,
    )
    session.add(row)
    await _replace_waiting(session, row)
    await session.flush()
    kept = await storing.store(
        session,
        entity_id=entity_id,
        owner=("PartnerDocument", row.id),
        kind=DocumentKind.PDF,
        file_name=_file_name(given, row),
        media_type="application/pdf",
        content=given.content,
        contact_id=organization.id,
        payer_chain_ids=[organization.id],
    )
    row.document_id = kept.id
    await session.flush()
    return row


def _file_name(given: Given, row: PartnerDocument) -> str:
    name = given.file_name if given.file_name.lower().endswith(".pdf") else f"{row.kind.lower()}-{row.number}.pdf"
    return name[-150:]


async def _replace_waiting(session: AsyncSession, row: PartnerDocument) -> None:
    """A version that nobody has looked at gives way to a newer one."""
    query = select(PartnerDocument).filter_by(
        entity_id=row.entity_id, organization_id=row.organization_id, kind=row.kind, state=_STATE.PENDING.value
    )
    for earlier in (await session.scalars(query.where(PartnerDocument.number < row.number))).all():
        await _decide(session, earlier, _STATE.SUPERSEDED, None)
        await tasks.settle(session, earlier.entity_id, _key(earlier), TaskState.CANCELLED)


async def _supersede(session: AsyncSession, row: PartnerDocument) -> None:
    query = select(PartnerDocument).filter_by(
        entity_id=row.entity_id, organization_id=row.organization_id, kind=row.kind
    )
    states = [_STATE.VERIFIED.value, _STATE.EXPIRED.value]
    query = query.where(PartnerDocument.state.in_(states), PartnerDocument.id != row.id)
    for earlier in (await session.scalars(query)).all():
        await _decide(session, earlier, _STATE.SUPERSEDED, None)


async def _restore(session: AsyncSession, row: PartnerDocument) -> None:
    """The version before, where it was verified and is still valid, holds again."""
    query = (
        select(PartnerDocument)
        .filter_by(entity_id=row.entity_id, organization_id=row.organization_id, kind=row.kind)
        .where(PartnerDocument.number < row.number, PartnerDocument.state == _STATE.SUPERSEDED.value)
        .where(PartnerDocument.decided_by_user_id.is_not(None))
        .where(PartnerDocument.expires_on.is_(None) | (PartnerDocument.expires_on >= tasks.today()))
        .order_by(PartnerDocument.number.desc())
    )
    if earlier := (await session.execute(query.limit(1))).scalar_one_or_none():
        await _decide(session, earlier, _STATE.VERIFIED, earlier.decided_by_user_id)


async def _decide(session: AsyncSession, row: PartnerDocument, state: PartnerDocumentState, by: UUID | None) -> None:
    row.state, row.decided_at = state.value, clock.now()
    if state is not _STATE.SUPERSEDED:  # who verified it is kept, in case it has to hold again
        row.decided_by_user_id = by
    await session.flush()
    await events.tell_document(session, row, events.DocumentDecided(row.kind, row.number, row.state))


async def _last_number(session: AsyncSession, entity_id: UUID, organization_id: UUID, kind: str) -> int:
    query = select(func.coalesce(func.max(PartnerDocument.number), 0)).filter_by(
        entity_id=entity_id, organization_id=organization_id, kind=kind
    )
    return int((await session.execute(query)).scalar_one())


async def _ask_to_verify(session: AsyncSession, row: PartnerDocument, definition: Definition) -> None:
    nl, en = criteria.NAMES[DocumentType(row.kind)]
    wanted = tasks.Wanted(
        entity_id=row.entity_id,
        organization_id=row.organization_id,
        owner=TaskOwner.STAFF,
        kind=_VERIFY,
        key=_key(row),
        title={"nl": f"{nl} beoordelen", "en": f"{en}: look at it"},
        due_on=tasks.in_working_days(definition.staff_days),
        subject=("PartnerDocument", row.id),
    )
    await tasks.open_(session, wanted)


def _key(row: PartnerDocument) -> str:
    return f"{tasks.STEP}{_VERIFY}:{row.id}"
