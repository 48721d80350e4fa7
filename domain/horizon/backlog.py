"""The backlog as SQL: which visits wait, and how many of them by region, skill, entity and waiting time."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.orm import aliased

from domain.horizon.models import Outlook
from domain.orders.models import Order
from domain.orders.stages import LIVE
from domain.teams.models import Region
from domain.visits.models import Visit, VisitStatus
from tenants.models import BusinessEntity

MOST_GROUPS = 250
NO_SKILL = ""


class BacklogBy(StrEnum):
    """What the backlog is counted by."""

    TOTAL = "TOTAL"
    REGION = "REGION"
    SKILL = "SKILL"
    ENTITY = "ENTITY"
    WAITING = "WAITING"


_WAITED = (
    "CASE width_bucket((current_date - visit.created_at::date)::float8, ARRAY[8, 15, 29, 57]::float8[]) "
    "WHEN 0 THEN '0-7' WHEN 1 THEN '8-14' WHEN 2 THEN '15-28' WHEN 3 THEN '29-56' ELSE '57-' END"
)
"""Classes of days."""


def waits(visit: Any = Visit) -> ColumnElement[bool]:
    """Called for and not planned, of an order that goes on; asked per visit, so that a page walks along an index."""
    order = Order.__table__.alias()
    goes_on = select(order.c.stage.in_(LIVE) & ~order.c.on_hold).where(order.c.id == visit.order_id)
    return and_(visit.status == VisitStatus.REQUIRED, goes_on.scalar_subquery())


def in_region(pc4: Any, prefixes: Any) -> ColumnElement[bool]:
    """Whether four digits are in a region; without a postcode in none."""
    given = func.unnest(prefixes).table_valued("prefix", name="given").render_derived()
    return select(1).select_from(given).where(func.starts_with(pc4, given.c.prefix)).exists()


def groups(by: BacklogBy, *conditions: ColumnElement[bool]) -> Select[Any]:
    """A row per group: key, name, entity_id, visits, minutes, oldest, first/median/last day, undated, pending.

    A visit is counted in each region that it is in, and for each skill that it needs. The most visits first.
    """
    visit = Visit.__table__.outerjoin(Outlook.__table__, Outlook.visit_id == Visit.id)
    where = and_(waits(), *conditions)
    key, name, entity, source = _grouped(by, visit)
    query = select(key.label("key"), name.label("name"), entity.label("entity_id"), *_FIGURES).select_from(source)
    query = query.where(where)
    if by is not BacklogBy.TOTAL:
        query = query.group_by(*_keys(by, key, name, entity))
    return query.order_by(func.count().desc(), key).limit(MOST_GROUPS)


def _grouped(by: BacklogBy, visit: Any) -> tuple[Any, Any, Any, Any]:
    """(key, name, entity id, from)"""
    none = cast(null(), Uuid())
    match by:
        case BacklogBy.REGION:
            region = aliased(Region)
            inside = in_region(Visit.pc4, region.postcode_prefixes)
            return region.code, region.name, none, visit.join(region, inside)
        case BacklogBy.SKILL:
            needed = case((func.cardinality(Visit.skills) > 0, Visit.skills), else_=cast([NO_SKILL], Visit.skills.type))
            skill = func.unnest(needed).table_valued("skill", name="needed").render_derived().lateral()
            return skill.c.skill, skill.c.skill, none, visit.join(skill, true())
        case BacklogBy.ENTITY:
            entity = aliased(BusinessEntity)
            return entity.code, entity.name, entity.id, visit.join(entity, entity.id == Visit.entity_id)
        case BacklogBy.WAITING:
            waited = literal_column(_WAITED, Text())
            return waited, waited, none, visit
    empty = cast(literal(""), Text())
    return empty, empty, none, visit


def _keys(by: BacklogBy, key: Any, name: Any, entity: Any) -> Sequence[Any]:
    if by is BacklogBy.ENTITY:
        return key, name, entity
    return (key, name) if by is BacklogBy.REGION else (key,)


def _at(share: float) -> Any:
    return func.percentile_disc(share).within_group(Outlook.day)


_FIGURES = (
    func.count().label("visits"),
    cast(func.coalesce(func.sum(Visit.minutes), 0), Integer).label("minutes"),
    func.min(Visit.created_at).label("oldest"),
    func.min(Outlook.day).label("first_day"),
    _at(0.5).label("median_day"),
    func.max(Outlook.day).label("last_day"),
    func.count(Outlook.rule).label("undated"),
    func.count().filter(Outlook.id.is_(None)).label("pending"),
)
