"""Importing a partner's article map: foreseen row by row, applied as a whole or not at all, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog import service as catalog
from domain.catalog.errors import UnknownArticle
from domain.catalog.events import PartnerSkuMapped
from domain.catalog.models import Article, PartnerSku
from domain.contacts.models import Contact
from domain.events.record import About, record, record_all
from domain.onboarding import errors, flow
from domain.onboarding.documents import organization_of
from domain.onboarding.events import SkuMapImported, channel_of
from domain.onboarding.models import SkuMapImport
from domain.onboarding.sku_map import Row, refused
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock

AT_ONCE = 1_000


class SkuMapChange(StrEnum):
    """What a row of an import comes to."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"
    UNCHANGED = "UNCHANGED"
    FAULTY = "FAULTY"


@dataclass(frozen=True, slots=True)
class Planned:
    """A row, what it comes to, and the article that it names."""

    row: Row
    change: SkuMapChange
    article: Article | None = None
    before: PartnerSku | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do; `organization` is whose map it is."""

    organization: Contact
    entity_id: UUID
    rows: list[Planned]

    def count(self, change: SkuMapChange) -> int:
        return sum(planned.change is change for planned in self.rows)


async def plan(
    session: AsyncSession,
    actor: Actor,
    entity_id: UUID,
    organization_id: UUID,
    rows: Sequence[Row],
    *,
    replaces: bool = False,
) -> Plan:
    """What the rows come to. `replaces`: numbers that no row names stand for nothing any more.

    `session` is the platform's, here and below. Raises: NotFound, PermissionDenied.
    """
    organization = await organization_of(session, actor, entity_id, organization_id)
    await find(session, Contact, organization.id, lock=True)  # one import at a time
    articles = await _articles(session, entity_id, {row.sku for row in rows if row.sku})
    known = await _known(session, entity_id, organization.id)
    planned = [_planned(row, articles, known) for row in rows]
    if replaces:
        named = {row.partner_sku for row in rows}
        planned += [_removal(each) for sku, each in sorted(known.items()) if sku not in named]
    return Plan(organization, entity_id, planned)


async def apply(session: AsyncSession, actor: Actor, planned: Plan) -> SkuMapImport | None:
    """Do all of it; None where nothing changes. Raises DomainErrors with the faults of every row: then nothing is done.

    What waited for a number that is mapped now goes on by itself.
    """
    if faults := refused([each.row for each in planned.rows]):
        raise faults
    touched = [each for each in planned.rows if each.change is not SkuMapChange.UNCHANGED]
    if not touched:
        return None
    before, after = [_before(each) for each in touched], [_after(each) for each in touched]
    await _write(session, planned.entity_id, planned.organization.id, after)
    made = SkuMapImport(
        entity_id=planned.entity_id,
        organization_id=planned.organization.id,
        added=planned.count(SkuMapChange.ADDED),
        changed=planned.count(SkuMapChange.CHANGED),
        removed=planned.count(SkuMapChange.REMOVED),
        before=before,
        after=after,
        imported_by_user_id=actor.user_id,
    )
    session.add(made)
    await session.flush()
    await _tell(session, made, planned.organization, undone=False)
    await flow.proceed_all(session, planned.entity_id, [planned.organization.id])
    return made


async def undo(session: AsyncSession, actor: Actor, id: UUID) -> SkuMapImport:
    """Write back what an import found. Raises: NotFound, ImportUndone where it was, or a number was changed since."""
    async with acting_as(session, actor):
        seen = await find(session, SkuMapImport, id)
    organization = await organization_of(session, actor, seen.entity_id, seen.organization_id)
    await find(session, Contact, organization.id, lock=True)
    made = await find(session, SkuMapImport, id, lock=True)
    if made.undone_at is not None:
        raise errors.ImportUndone(skus="*", field=("id",))
    await _refuse_changed(session, made)
    await _write(session, made.entity_id, made.organization_id, made.before)
    made.undone_at = clock.now()
    await session.flush()
    await _tell(session, made, organization, undone=True)
    await flow.proceed_all(session, made.entity_id, [made.organization_id])
    return made


async def exported(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> list[tuple[str, str, Decimal]]:
    """The map by the partner's numbers, as the actor of the session sees it."""
    query = (
        select(PartnerSku.partner_sku, Article.sku, PartnerSku.quantity)
        .join(Article, Article.id == PartnerSku.article_id)
        .where(PartnerSku.entity_id == entity_id, PartnerSku.organization_id == organization_id)
        .order_by(PartnerSku.partner_sku)
    )
    return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]


async def map_one(
    session: AsyncSession,
    actor: Actor,
    entity_id: UUID,
    organization_id: UUID,
    partner_sku: str,
    sku: str | None,
    quantity: Decimal,
) -> PartnerSku | None:
    """One number of the map, by an administrator of the partner too. Raises: NotFound, UnknownArticle."""
    organization = await organization_of(session, actor, entity_id, organization_id)
    article = await catalog.article_by_sku(session, entity_id, sku) if sku else None
    made = await catalog.map_partner_sku(
        session, entity_id, organization.id, partner_sku, article.id if article else None, quantity
    )
    await flow.proceed_all(session, entity_id, [organization.id])
    return made


# --- rows -----------------------------------------------------------------------------------------------------------


def _planned(row: Row, articles: Mapping[str, Article], known: Mapping[str, PartnerSku]) -> Planned:
    before = known.get(row.partner_sku)
    article = articles.get(row.sku) if row.sku else None
    if row.sku and article is None and not any(fault.field[-1] == "sku" for fault in row.faults):
        row = replace(row, faults=(*row.faults, UnknownArticle(article=row.sku, field=("rows", row.line, "sku"))))
    if row.faults:
        return Planned(row, SkuMapChange.FAULTY, article, before)
    return Planned(row, _change(row, article, before), article, before)


def _change(row: Row, article: Article | None, before: PartnerSku | None) -> SkuMapChange:
    if article is None:
        return SkuMapChange.REMOVED if before else SkuMapChange.UNCHANGED
    if before is None:
        return SkuMapChange.ADDED
    same = before.article_id == article.id and before.quantity == row.quantity
    return SkuMapChange.UNCHANGED if same else SkuMapChange.CHANGED


def _removal(mapped: PartnerSku) -> Planned:
    return Planned(Row(0, mapped.partner_sku, None, Decimal(1)), SkuMapChange.REMOVED, None, mapped)


def _before(each: Planned) -> dict[str, Any]:
    article_id = str(each.before.article_id) if each.before else None
    quantity = each.before.quantity if each.before else Decimal(1)
    return {"partner_sku": each.row.partner_sku, "article_id": article_id, "quantity": str(quantity.normalize())}


def _after(each: Planned) -> dict[str, Any]:
    article_id = str(each.article.id) if each.article else None
    quantity = str(each.row.quantity.normalize())
    return {"partner_sku": each.row.partner_sku, "article_id": article_id, "quantity": quantity}


async def _write(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, wanted: Sequence[Mapping[str, Any]]
) -> None:
    """All in a few statements, and an event of each: what waited for a number follows it."""
    mine = {"entity_id": entity_id, "organization_id": organization_id}
    gone = [each["partner_sku"] for each in wanted if each["article_id"] is None]
    ended = delete(PartnerSku).filter_by(**mine).where(PartnerSku.partner_sku.in_(gone))
    await session.execute(ended.execution_options(synchronize_session=False))
    values = [
        {**mine, "partner_sku": each["partner_sku"], "article_id": UUID(each["article_id"]),
         "quantity": Decimal(each["quantity"])}
        for each in wanted if each["article_id"]
    ]  # fmt: skip
    for place in range(0, len(values), AT_ONCE):
        await session.execute(_upsert(values[place : place + AT_ONCE]))
    for mapped in [row for row in session.identity_map.values() if isinstance(row, PartnerSku)]:
        session.expire(mapped)
    await _tell_each(session, entity_id, organization_id, wanted)


def _upsert(values: list[dict[str, Any]]) -> Insert:
    made = insert(PartnerSku).values(values)
    return made.on_conflict_do_update(
        index_elements=["entity_id", "organization_id", "partner_sku"],
        set_={"article_id": made.excluded.article_id, "quantity": made.excluded.quantity, "updated_at": func.now()},
    )


async def _tell_each(
    session: AsyncSession, entity_id: UUID, organization_id: UUID, wanted: Sequence[Mapping[str, Any]]
) -> None:
    ids = {UUID(each["article_id"]) for each in wanted if each["article_id"]}
    rows = await session.execute(select(Article.id, Article.sku).where(Article.id.in_(ids)))
    skus = {str(id): sku for id, sku in rows}
    about = About(entity_id, organization_id, [organization_id], await channel_of(session, organization_id))
    told = [(PartnerSkuMapped(each["partner_sku"], skus.get(each["article_id"] or "")), about) for each in wanted]
    await record_all(session, told)


async def _refuse_changed(session: AsyncSession, made: SkuMapImport) -> None:
    known = await _known(session, made.entity_id, made.organization_id)
    changed = [each["partner_sku"] for each in made.after if not _is_as(known.get(each["partner_sku"]), each)]
    if changed:
        raise errors.ImportUndone(skus=", ".join(changed[:10]), field=("id",))


def _is_as(mapped: PartnerSku | None, each: Mapping[str, Any]) -> bool:
    if mapped is None:
        return each["article_id"] is None
    return str(mapped.article_id) == each["article_id"] and mapped.quantity == Decimal(each["quantity"])


async def _articles(session: AsyncSession, entity_id: UUID, skus: set[str]) -> dict[str, Article]:
    query = select(Article).where(Article.entity_id == entity_id, Article.sku.in_(skus), Article.active)
    return {article.sku: article for article in await session.scalars(query)}


async def _known(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> dict[str, PartnerSku]:
    query = select(PartnerSku).filter_by(entity_id=entity_id, organization_id=organization_id)
    return {mapped.partner_sku: mapped for mapped in await session.scalars(query)}


async def _tell(session: AsyncSession, made: SkuMapImport, organization: Contact, *, undone: bool) -> None:
    await record(
        session,
        SkuMapImported(made.added, made.changed, made.removed, undone),
        entity_id=made.entity_id,
        subject_id=organization.id,
        organization_ids=[organization.id],
        channel=organization.chain_organization_ids,
    )
