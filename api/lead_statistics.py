"""How well leads do: handled without a person (L9), converted, and both per partner (L8)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import array

from api.reading import argument, column, read_list, reads, related
from domain.leads.models import Lead
from domain.leads.statistics import figures, figures_by_partner
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.organizations import Organization

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]

MOST_PARTNERS = 250


@reads(None, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM])
@strawberry.type(description="What became of the leads submitted in a period; for staff and partners.")
class LeadStatistics:
    partner_organization: OrganizationRef | None = related(
        "The partner they came through; null where they are those of all.",
        on=lambda row, o: o.id == row.partner_organization_id,
    )
    leads: int = column("How many there are.")
    open: int = column("New or in intake.")
    decided: int = column("Qualified or beyond, or disqualified.")
    automatic: int = column("Decided without anything done by a member of staff.")
    automation_share: float | None = column("Part of the decided ones that was automatic, 0 to 1.")
    qualified: int = column("Qualified, now or before.")
    converted: int = column("Became an order.")
    disqualified: int = column("Ended without one.")
    conversion: float | None = column("Part of all that became an order, 0 to 1.")
    average_score: float | None = column("Mean score, 0 to 100: the quality of the leads.")


ARGUMENTS = {
    "entity_id": argument(strawberry.ID | None, "Of this entity; else of all of yours.", node="BusinessEntity"),
    "since": argument(datetime | None, "Submitted at this time or later."),
    "until": argument(datetime | None, "Submitted before this time."),
    "organization_id": argument(
        strawberry.ID | None, "Through this partner or one below it; else through any or none.", node="Organization"
    ),
}


def _conditions(arguments: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if arguments.entity_id is not None:
        found.append(Lead.entity_id == arguments.entity_id)
    if arguments.since is not None:
        found.append(Lead.created_at >= arguments.since)
    if arguments.until is not None:
        found.append(Lead.created_at < arguments.until)
    if arguments.organization_id is not None:
        found.append(Lead.channel_organization_ids.contains(array([arguments.organization_id])))
    return found


@strawberry.type
class LeadStatisticsQueries:
    lead_statistics: LeadStatistics | None = read_list(
        "What became of leads.",
        rows=lambda arguments: figures(*_conditions(arguments)),
        cost=50,
        arguments=ARGUMENTS,
        requires=Permission.LEADS_READ,
    )
    lead_statistics_by_partner: list[LeadStatistics] = read_list(
        "The same per partner: the 250 with most leads, those first.",
        rows=lambda arguments: figures_by_partner(MOST_PARTNERS, *_conditions(arguments)),
        limit=MOST_PARTNERS,
        cost=100,
        arguments=ARGUMENTS,
        requires=Permission.LEADS_READ,
    )
