"""Figures about leads: handled without a person (L9), converted (L8), as SQL over the rows that the actor sees."""

from typing import Any

from sqlalchemy import ColumnElement, Float, Select, Uuid, cast, func, null, select

from domain.leads.models import Lead, LeadStatus

DECIDED = (LeadStatus.QUALIFIED, LeadStatus.QUOTED, LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED)


def figures(*conditions: ColumnElement[bool]) -> Select[Any]:
    """One row over all leads under the conditions."""
    return select(cast(null(), Uuid).label("partner_organization_id"), *_columns()).where(*conditions)


def figures_by_partner(most: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    """One row per partner that brought leads, the one with most leads first."""
    partner = Lead.partner_organization_id
    query = select(partner.label("partner_organization_id"), *_columns()).where(partner.is_not(None), *conditions)
    return query.group_by(partner).order_by(func.count().desc(), partner).limit(most)


def _columns() -> list[ColumnElement[Any]]:
    everything, decided = func.count(), Lead.status.in_(DECIDED)
    converted = _count(Lead.status == LeadStatus.CONVERTED)
    automatic = _count(decided & ~Lead.handled_manually)
    return [
        everything.label("leads"),
        _count(~decided).label("open"),
        _count(decided).label("decided"),
        automatic.label("automatic"),
        _share(automatic, _count(decided)).label("automation_share"),
        _count(Lead.qualified_at.is_not(None)).label("qualified"),
        converted.label("converted"),
        _count(Lead.status == LeadStatus.DISQUALIFIED).label("disqualified"),
        _share(converted, everything).label("conversion"),
        cast(func.avg(Lead.score), Float).label("average_score"),
    ]


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _share(part: ColumnElement[int], whole: ColumnElement[int]) -> ColumnElement[Any]:
    """0 to 1; NULL of nothing."""
    return cast(part, Float) / func.nullif(whole, 0)
