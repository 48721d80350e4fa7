"""Making tariffs and publishing their versions. What was published is never changed: a new version follows it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact
from domain.errors import Faults, FieldPath, OutOfRange
from domain.events.record import Payload, record
from domain.rows import actor_of, find
from domain.tariffs.errors import InvalidTariffCode, NotADraft, SameStart, TariffInThePast, VersionInForce
from domain.tariffs.events import TariffCreated, TariffDrafted, TariffPublished, TariffWithdrawn
from domain.tariffs.models import Tariff, TariffVersion, VersionStatus
from domain.tariffs.parsing import parse
from domain.tariffs.terms import as_json
from domain.unique import refusing_taken
from tenants.models import BusinessEntity

FARTHEST = timedelta(days=5 * 366)
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")


def code_of(value: str, *field: str | int) -> str:
    """A code of a tariff or offer, in capitals. Raises: InvalidTariffCode"""
    code = value.strip().upper()
    if not _CODE.fullmatch(code):
        raise InvalidTariffCode(field=field)
    return code


async def create(
    session: AsyncSession,
    *,
    entity_id: UUID,
    code: str,
    name: str,
    terms: Mapping[str, Any],
    owner_contact_id: UUID | None = None,
) -> Tariff:
    """A tariff with its first draft. Raises: NotFound, AlreadyExists, or DomainErrors with all faults of the input."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    if owner_contact_id is not None:
        await find(session, Contact, owner_contact_id, field=("owner_id",))
    with Faults() as faults:
        checked_code = faults.take(code_of, code, "code")
        checked_name = faults.take(validation.name, name, "name")
        checked_terms = faults.take(lambda given: as_json(parse(given)), terms, "terms")
    tariff = Tariff(
        entity_id=entity_id,
        code=checked_code,
        name=checked_name,
        owner_contact_id=owner_contact_id,
        made_by=actor_of(session).user_id,
    )
    async with refusing_taken(session, uq_tariff_entity_id_code=("code",)):
        session.add(tariff)
    session.add(_draft(session, tariff, 1, checked_terms or {}))
    await _tell(session, tariff, TariffCreated(tariff.code))
    return tariff


async def save_draft(
    session: AsyncSession, tariff_id: UUID, terms: Mapping[str, Any], *, name: str | None = None
) -> TariffVersion:
    """Write the next version, or write it anew where there is a draft. Raises: NotFound, or faults of the input."""
    tariff = await find(session, Tariff, tariff_id, lock=True, field=("tariff_id",))
    with Faults() as faults:
        checked = faults.take(lambda given: as_json(parse(given)), terms, "terms")
        if name is not None:
            tariff.name = faults.take(validation.name, name, "name") or tariff.name
    draft = await _open_draft(session, tariff.id)
    before = draft.terms if draft else None
    if draft is None:
        draft = _draft(session, tariff, await _next(session, tariff.id), checked or {})
        session.add(draft)
    else:
        draft.terms = checked or {}
    changes = {"terms": [before, checked]}
    await _tell(session, tariff, TariffDrafted(tariff.code, draft.version), changes)
    return draft


async def publish(session: AsyncSession, version_id: UUID, valid_from: datetime | None = None) -> TariffVersion:
    """Let a draft hold from a moment on, now where none is given.

    Raises: NotFound, NotADraft, TariffInThePast, SameStart, OutOfRange
    """
    tariff, version = await _locked(session, version_id, ("version_id",))
    if version.status != VersionStatus.DRAFT:
        raise NotADraft(field=("version_id",))
    now = datetime.now(UTC)
    starts = starts_at(valid_from, now, "valid_from")
    if await _starts_then(session, tariff.id, starts):
        raise SameStart(field=("valid_from",))
    version.status, version.valid_from, version.published_at = VersionStatus.PUBLISHED, starts, now
    version.published_by = actor_of(session).user_id
    tariff.published_at = tariff.published_at or now
    changes = {"terms": [None, version.terms]}
    await _tell(session, tariff, TariffPublished(tariff.code, version.version, starts.isoformat()), changes)
    return version


async def withdraw(session: AsyncSession, version_id: UUID) -> TariffVersion:
    """Give a draft up, or take a version back that does not hold yet. Raises: NotFound, VersionInForce"""
    tariff, version = await _locked(session, version_id, ("id",))
    to_come = version.status == VersionStatus.PUBLISHED and _after(version.valid_from, datetime.now(UTC))
    if version.status != VersionStatus.DRAFT and not to_come:
        raise VersionInForce(field=("id",))
    version.status = VersionStatus.WITHDRAWN
    await _tell(session, tariff, TariffWithdrawn(tariff.code, version.version))
    return version


def starts_at(given: datetime | None, now: datetime, field: str) -> datetime:
    """The moment given, or now. Raises: TariffInThePast, OutOfRange"""
    if given is None:
        return now
    if given < now:
        raise TariffInThePast(field=(field,))
    if given > now + FARTHEST:
        raise OutOfRange(minimum=now.isoformat(), maximum=(now + FARTHEST).isoformat(), field=(field,))
    return given


def _after(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


async def _locked(session: AsyncSession, version_id: UUID, field: FieldPath) -> tuple[Tariff, TariffVersion]:
    seen = await find(session, TariffVersion, version_id, field=field)
    tariff = await find(session, Tariff, seen.tariff_id, lock=True)
    return tariff, await find(session, TariffVersion, version_id, lock=True)


async def _open_draft(session: AsyncSession, tariff_id: UUID) -> TariffVersion | None:
    query = select(TariffVersion).where(
        TariffVersion.tariff_id == tariff_id, TariffVersion.status == VersionStatus.DRAFT
    )
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def _next(session: AsyncSession, tariff_id: UUID) -> int:
    last = select(func.max(TariffVersion.version)).where(TariffVersion.tariff_id == tariff_id)
    return ((await session.execute(last)).scalar_one() or 0) + 1


async def _starts_then(session: AsyncSession, tariff_id: UUID, at: datetime) -> bool:
    query = select(TariffVersion.id).where(
        TariffVersion.tariff_id == tariff_id,
        TariffVersion.status == VersionStatus.PUBLISHED,
        TariffVersion.valid_from == at,
    )
    return (await session.execute(query)).first() is not None


def _draft(session: AsyncSession, tariff: Tariff, number: int, terms: dict[str, Any]) -> TariffVersion:
    return TariffVersion(
        tariff_id=tariff.id,
        entity_id=tariff.entity_id,
        version=number,
        status=VersionStatus.DRAFT.value,
        terms=terms,
        made_by=actor_of(session).user_id,
    )


async def _tell(
    session: AsyncSession, tariff: Tariff, happened: Payload, changes: dict[str, list[Any]] | None = None
) -> None:
    await record(session, happened, entity_id=tariff.entity_id, subject_id=tariff.id, changes=changes)
