"""The templates of a partner: read, learned from corrections, stated, restored. Versions are only ever added."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.catalog.models import Article, PartnerSku
from domain.contacts.models import Contact
from domain.contacts.tree import organization
from domain.errors import DomainErrors, InvalidInput
from domain.events.record import record
from domain.geo.models import Pc4
from domain.mail_reading import labels
from domain.mail_reading.addresses import plain
from domain.mail_reading.errors import TooManyRules, UnknownMailField
from domain.mail_reading.events import MailTemplateRetired, MailTemplateSaved
from domain.mail_reading.fields import PLAIN, PRODUCT_FIELDS, Known
from domain.mail_reading.learning import learned
from domain.mail_reading.message import MailMessage
from domain.mail_reading.models import MailTemplate, TemplateOrigin, TemplateState
from domain.mail_reading.template import EMPTY, MOST_RULES, Template
from domain.rows import actor_of, find
from tenants.models import BusinessEntity

NAME = "mail"
"""Of the template that corrections are learned into."""
_LONGEST_WORDS = 100


async def templates_for(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> list[Template]:
    """The active templates of a partner and, behind them, of the organizations above it."""
    chain = _chain(organization_id)
    rows = await session.scalars(
        select(MailTemplate)
        .where(
            MailTemplate.entity_id == entity_id,
            MailTemplate.state == TemplateState.ACTIVE,
            MailTemplate.organization_id.in_(_members(organization_id)),
        )
        .order_by(func.array_position(chain, MailTemplate.organization_id).desc(), MailTemplate.name)
        .limit(50)
    )
    return [template_of(row) for row in rows]


def _chain(organization_id: UUID) -> Any:
    return select(Contact.chain_organization_ids).where(Contact.id == organization_id).scalar_subquery()


def _members(organization_id: UUID) -> Any:
    return select(func.unnest(Contact.chain_organization_ids)).where(Contact.id == organization_id)


def template_of(row: MailTemplate) -> Template:
    """What a version says; what somebody stated goes before what was learned."""
    return Template.from_json(row.learned).stated(row.rules)


async def known_for(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> Known:
    """The partner's article numbers, those of the organizations above it, and the postcodes that were imported."""
    skus = await session.execute(
        select(PartnerSku.partner_sku, Article.name)
        .join(Article, Article.id == PartnerSku.article_id)
        .where(PartnerSku.entity_id == entity_id, PartnerSku.organization_id.in_(_members(organization_id)))
    )
    places = await session.execute(select(Pc4.pc4, Pc4.place))
    return Known({sku: name for sku, name in skus}, {pc4: place for pc4, place in places})


async def learn(
    session: AsyncSession, *, entity_id: UUID, organization_id: UUID, mail: MailMessage, corrected: Mapping[str, Any]
) -> MailTemplate | None:
    """A new version with what the right values of one order of a mail teach; None where they teach nothing new.

    `corrected`: values in their normal form by JSON path, None for what the mail does not say. Reading the mail again
    takes some milliseconds.
    """
    last = await _last(session, entity_id, organization_id)
    before = Template.from_json(last.learned) if last else EMPTY
    known = await known_for(session, entity_id, organization_id)
    others = await templates_for(session, entity_id, organization_id)
    after = learned(before, mail, corrected, known, others=others)
    if after == before:
        return None
    rules = last.rules if last else {}
    return await _add(session, entity_id, organization_id, TemplateOrigin.LEARNED, rules, after.as_json())


async def state(
    session: AsyncSession,
    *,
    entity_id: UUID,
    organization_id: UUID,
    label_paths: Mapping[str, str],
    alias_skus: Mapping[str, str],
    note: str = "",
) -> MailTemplate:
    """A new version with these rules instead of those stated before; what was learned stays.

    `label_paths`: label → JSON path, of products the field alone, "" for what is not of the order; `alias_skus`: what
    the partner calls an article → its article number. Raises: DomainErrors with every fault.
    """
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    await organization(session, organization_id, field=("organization_id",))
    rules = _checked(label_paths, alias_skus)
    last = await _last(session, entity_id, organization_id)
    kept = last.learned if last else EMPTY.as_json()
    said = validation.text(note, "note", minimum=0, maximum=500)
    return await _add(session, entity_id, organization_id, TemplateOrigin.WRITTEN, rules, kept, said)


def _checked(label_paths: Mapping[str, str], alias_skus: Mapping[str, str]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    if len(label_paths) + len(alias_skus) > MOST_RULES:
        raise TooManyRules(field=("labels",), maximum=MOST_RULES)
    kept: dict[str, dict[str, str]] = {"labels": {}, "aliases": {}}
    for index, (words, path) in enumerate(label_paths.items()):
        if path not in (*PLAIN, *PRODUCT_FIELDS, *labels.COVERS, labels.IGNORED):
            faults.append(UnknownMailField(field=("labels", index, "path"), path=path[:100]))
        kept["labels"][labels.normal(validation.name(words, "labels", index, "words", maximum=_LONGEST_WORDS))] = path
    for index, (words, sku) in enumerate(alias_skus.items()):
        called = validation.name(words, "aliases", index, "words", maximum=_LONGEST_WORDS)
        kept["aliases"][plain(called)] = validation.name(sku, "aliases", index, "sku", maximum=_LONGEST_WORDS)
    if faults:
        raise DomainErrors(faults)
    return kept


async def restore(session: AsyncSession, id: UUID) -> MailTemplate:
    """A new version that says what an earlier one said."""
    old = await find(session, MailTemplate, id)
    return await _add(
        session, old.entity_id, old.organization_id, TemplateOrigin.RESTORED, old.rules, old.learned, f"{old.version}"
    )


async def _last(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> MailTemplate | None:
    """The version in force, held until the transaction ends; where there is none, nobody else makes one."""
    lock = func.hashtextextended(f"mail_template {entity_id} {organization_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    return await session.scalar(
        select(MailTemplate)
        .where(
            MailTemplate.entity_id == entity_id,
            MailTemplate.organization_id == organization_id,
            MailTemplate.name == NAME,
            MailTemplate.state == TemplateState.ACTIVE,
        )
        .execution_options(populate_existing=True)
    )


async def _add(
    session: AsyncSession,
    entity_id: UUID,
    organization_id: UUID,
    origin: TemplateOrigin,
    rules: Mapping[str, Any],
    learned_rules: Mapping[str, Any],
    note: str = "",
) -> MailTemplate:
    last = await _last(session, entity_id, organization_id)
    if last is not None:
        last.state, last.retired_at = TemplateState.RETIRED, datetime.now(UTC)
        await session.flush()
        retired = MailTemplateRetired(name=last.name, number=last.version)
        await record(session, retired, subject_id=last.id, entity_id=entity_id)
    added = MailTemplate(
        entity_id=entity_id,
        organization_id=organization_id,
        name=NAME,
        version=last.version + 1 if last else 1,
        origin=origin,
        rules=dict(rules),
        learned=dict(learned_rules),
        note=note,
        created_by_user_id=actor_of(session).user_id,
    )
    session.add(added)
    await session.flush()
    saved = MailTemplateSaved(name=added.name, number=added.version, origin=origin)
    await record(session, saved, subject_id=added.id, entity_id=entity_id)
    return added
