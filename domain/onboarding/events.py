"""What happens on the way to going live. Payloads hold nothing of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.events.record import Payload, record
from domain.onboarding.models import PartnerDocument, PartnerOnboarding, PartnerTask


@dataclass(frozen=True)
class _Onboarding(Payload):
    subject_type = "PartnerOnboarding"
    number: str


@dataclass(frozen=True)
class PartnershipApplied(_Onboarding):
    """Somebody asked to become a partner."""

    type = "partner_onboarding.applied"
    category: str
    way_in: str


@dataclass(frozen=True)
class PartnershipConfirmed(_Onboarding):
    """The applicant proved the e-mail address."""

    type = "partner_onboarding.confirmed"


@dataclass(frozen=True)
class PartnershipAdvanced(_Onboarding):
    """A partner-to-be came to the next stage, or fell back to an earlier one."""

    type = "partner_onboarding.advanced"
    state: str
    previous: str


@dataclass(frozen=True)
class StepSettled(_Onboarding):
    """A step of the way was done, found wanting, waived or opened again."""

    type = "partner_onboarding.step_settled"
    step: str
    state: str


@dataclass(frozen=True)
class PartnershipClosed(_Onboarding):
    """An application was rejected or withdrawn."""

    type = "partner_onboarding.closed"
    state: str


@dataclass(frozen=True)
class PartnershipReopened(_Onboarding):
    """A rejected or withdrawn application goes on where it was."""

    type = "partner_onboarding.reopened"
    state: str


@dataclass(frozen=True)
class PartnershipForgotten(_Onboarding):
    """An application whose address was never proved was deleted."""

    type = "partner_onboarding.forgotten"
    internal = True


@dataclass(frozen=True)
class _Document(Payload):
    subject_type = "PartnerDocument"
    kind: str
    number: int


@dataclass(frozen=True)
class DocumentAdded(_Document):
    """A partner gave a version of a document."""

    type = "partner_document.added"


@dataclass(frozen=True)
class DocumentDecided(_Document):
    """A version was verified, rejected, replaced, looked at anew, or has expired."""

    type = "partner_document.decided"
    state: str


@dataclass(frozen=True)
class DocumentExpiring(_Document):
    """A verified document expires soon; the partner was reminded."""

    type = "partner_document.expiring"
    days: int


@dataclass(frozen=True)
class _Task(Payload):
    subject_type = "PartnerTask"
    kind: str
    owner: str


@dataclass(frozen=True)
class TaskOpened(_Task):
    """Somebody has to do something about a partner."""

    type = "partner_task.opened"
    due_on: str


@dataclass(frozen=True)
class TaskClosed(_Task):
    """A task was done, or is not needed any more."""

    type = "partner_task.closed"
    state: str


@dataclass(frozen=True)
class TaskChanged(_Task):
    """A task was opened again, given to somebody, or moved to another day."""

    type = "partner_task.changed"
    internal = True


@dataclass(frozen=True)
class AgreementSigned(Payload):
    """A partner signed its agreement with the processing agreement."""

    type = "agreement.signed"
    subject_type = "Agreement"
    processing_agreement_version: str
    text_sha256: str


@dataclass(frozen=True)
class SkuMapImported(Payload):
    """A partner's article map was imported, or an import was taken back."""

    type = "sku_map.imported"
    subject_type = "Organization"
    added: int
    changed: int
    removed: int
    undone: bool


@dataclass(frozen=True)
class PriceRulesSaved(Payload):
    """A partner's prices follow other rules."""

    type = "price_rules.saved"
    subject_type = "Organization"
    internal = True
    number: int
    prices: int


@dataclass(frozen=True)
class CategorySaved(Payload):
    """What an entity asks of a category of partners was changed."""

    type = "onboarding_category.saved"
    subject_type = "BusinessEntity"
    internal = True
    code: str


async def tell(
    session: AsyncSession, row: PartnerOnboarding, payload: _Onboarding, changes: Mapping[str, list[Any]] | None = None
) -> None:
    """Record what happened to an application, for its entity and its organization's channel."""
    await _tell(session, row, payload, changes)


async def tell_document(session: AsyncSession, row: PartnerDocument, payload: _Document) -> None:
    """Record what happened to a version of a document, for its entity and its organization."""
    await record(
        session,
        payload,
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=[row.organization_id],
        channel=[row.organization_id],
    )


async def tell_task(session: AsyncSession, row: PartnerTask, payload: _Task) -> None:
    """Record what happened to a task, for its entity and, where it is the partner's, its channel."""
    if row.owner == "PARTNER":
        await _tell(session, row, payload)
    else:
        await record(session, payload, entity_id=row.entity_id, subject_id=row.id)


async def _tell(
    session: AsyncSession,
    row: PartnerOnboarding | PartnerTask,
    payload: Payload,
    changes: Mapping[str, list[Any]] | None = None,
) -> None:
    await record(
        session,
        payload,
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=[row.organization_id],
        channel=await channel_of(session, row.organization_id),
        changes=dict(changes or {}),
    )


async def channel_of(session: AsyncSession, organization_id: UUID | None) -> list[UUID]:
    """The organization and those above it."""
    if organization_id is None:
        return []
    query = select(Contact.chain_organization_ids).where(Contact.id == organization_id)
    return list(await session.scalar(query) or ())
