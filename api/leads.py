"""Leads: who may want something from us, how promising that is, and what came of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Select, Uuid, cast, func, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB, array
from strawberry.scalars import JSON

import api.lead_enums  # noqa: F401  # describes the enums before they are used
from api.events import EVENT_SORT, Event, EventFilter
from api.lead_workflow import FollowUpStep, Questionnaire
from api.listing import by_entity_or_channel
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    IntFilter,
    Node,
    Sort,
    TextFilter,
    column,
    computed_list,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.reading.specs import Composite
from api.search import with_text
from domain.catalog.models import ArticleCategory
from domain.leads.models import FollowUpOutcome, LeadFollowUp, LeadSource, LeadStatus
from domain.leads.models import Lead as LeadRow
from domain.leads.scoring import CarPower, ScoreFactor
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Address, Contact
    from api.entities import BusinessEntity
    from api.organizations import Organization

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
AddressRef = Annotated["Address", strawberry.lazy("api.contacts")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]


@strawberry.type(description="What was said when a lead was submitted.")
class LeadInterests:
    product_category: ArticleCategory | None = strawberry.field(description="Kind of product.")
    product_wish: str | None = strawberry.field(description="The wish in own words.")
    home_owner: bool | None = strawberry.field(description="Whether the home is owned; null if not said.")
    car: str | None = strawberry.field(description="The car in own words.")
    car_power: CarPower | None = strawberry.field(description="What drives the car.")
    notes: str | None = strawberry.field(description="Anything else.")


def _interests(lead: Any) -> Composite:
    texts = ("product_category", "product_wish", "car", "car_power", "notes")
    said = {name: lead.interests[name].astext for name in texts}
    return Composite({**said, "home_owner": lead.interests["home_owner"].as_boolean()})


@reads(None)
@strawberry.type(description="One part of a score.")
class LeadScorePart:
    factor: ScoreFactor = column("What is judged.")
    points: int = column("Points given, 0 to `max`.")
    max: int = column("Points that can be had.", name="most")
    reason: str = column("Why, in Dutch.")
    reason_en: str = column("Why, in English.")


def _score_parts(lead: Any) -> Select[Any]:
    parts = func.jsonb_array_elements(lead.score_explanation)
    part = parts.table_valued(sql_column("value", JSONB), with_ordinality="place", name="part").render_derived()
    value = part.c.value
    return select(
        value["factor"].astext.label("factor"),
        value["points"].as_integer().label("points"),
        value["max"].as_integer().label("most"),
        value["reason"].astext.label("reason"),
        value["reason_en"].astext.label("reason_en"),
    ).order_by(part.c.place)


@strawberry.type(description="Why a lead went to its business entity.")
class LeadRouting:
    rule_id: strawberry.ID | None = strawberry.field(description="The rule that decided; null where none applied.")
    rule_name: str | None = strawberry.field(description="Its name at that time.")
    reason: str = strawberry.field(description="In words, in Dutch.")
    reason_en: str = strawberry.field(description="In words, in English.")


@reads(LeadFollowUp, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM])
@strawberry.type(description="A follow-up step of a lead, and what came of it.")
class LeadFollowUpStep(Node):
    due_at: datetime = column("When it is due.")
    done_at: datetime | None = column("When it was carried out, or given up.")
    cancelled_at: datetime | None = column("When it became unnecessary.")
    outcome: FollowUpOutcome | None = column("What came of it.")
    step: FollowUpStep | None = related("The step.", on=lambda f, s: s.id == f.step_id)


@reads(LeadRow, source=by_entity_or_channel("lead"))
@strawberry.interface(description="Somebody who may want something from us.")
class Lead(Node):
    number: str = column("Human number, such as `LT-L-2026-00012`.")
    status: LeadStatus = column("Where it is in its life.")
    source: LeadSource = column("How it came in.")
    name: str = column("Name as it was given.")
    email: str = column("E-mail address as it was given.")
    phone: str | None = column("Telephone number as it was given, E.164.")
    company_name: str | None = column("The company; null for a consumer.")
    language: str = column("Language of mail to the customer, `nl` or `en`.")
    interests: LeadInterests = expression("What was said at submission.", _interests)
    answers: JSON = column("Answers to the intake by key of the question.")
    intake_completed_at: datetime | None = column("When the intake was completed.")
    qualified_at: datetime | None = column("When it was last found ready for a quote.")
    created_at: datetime = column("When it was submitted.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Rises with every change.")
    entity: EntityRef | None = related("The business entity it went to.", on=lambda lead, e: e.id == lead.entity_id)
    contact: ContactRef | None = related("The customer's record.", on=lambda lead, c: c.id == lead.contact_id)
    partner_organization: OrganizationRef | None = related(
        "The partner it came through.", on=lambda lead, o: o.id == lead.partner_organization_id
    )
    address: AddressRef | None = related("What it is about.", on=lambda lead, a: a.id == lead.address_id)
    questionnaire: Questionnaire | None = related(
        "The questions it is asked.", on=lambda lead, q: q.id == lead.questionnaire_id
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.",
        on=lambda lead, e: e.subject_id == lead.id,
        filter=EventFilter,
        order=EVENT_SORT,
    )


@reads(LeadRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="A lead as staff see it.")
class StaffLead(Lead):
    score: int = column("How promising it is, 0 to 100.")
    score_explanation: list[LeadScorePart] = computed_list("The parts of the score; they add up to it.", _score_parts)
    routing: LeadRouting = expression(
        "Why it went to its business entity.",
        lambda lead: Composite(
            {
                "rule_id": _rule_id(lead),
                **{name: lead.routing_explanation[name].astext for name in ("rule_name", "reason", "reason_en")},
            }
        ),
    )
    submitted_entity: EntityRef | None = related(
        "Where it was submitted.", on=lambda lead, e: e.id == lead.submitted_entity_id
    )
    disqualified_reason: str | None = column("Why it ended.")
    handled_manually: bool = column("Whether a member of staff had to do something for it.")
    follow_ups: list[LeadFollowUpStep] = related_list(
        "Its follow-up, past and due.", on=lambda lead, f: f.lead_id == lead.id, order_by=lambda f: f.due_at
    )


def _rule_id(lead: Any) -> Any:
    return cast(lead.routing_explanation["rule_id"].astext, Uuid)


@reads(LeadRow, audiences=[Audience.PARTNER])
@strawberry.type(description="A lead as the partner sees it that brought it.")
class PartnerLead(Lead):
    score: int = column("How promising it is, 0 to 100.")
    score_explanation: list[LeadScorePart] = computed_list("The parts of the score; they add up to it.", _score_parts)
    disqualified_reason: str | None = column("Why it ended.")
    follow_ups: list[LeadFollowUpStep] = related_list(
        "Its follow-up, past and due.", on=lambda lead, f: f.lead_id == lead.id, order_by=lambda f: f.due_at
    )


@reads(LeadRow, audiences=[Audience.CUSTOMER])
@strawberry.type(description="A lead as the customer sees it.")
class CustomerLead(Lead):
    pass


@filters(LeadRow)
@strawberry.input(description="Which leads; all conditions hold together.")
class LeadFilter:
    status: EnumFilter[LeadStatus] | None = match("By status.")
    source: EnumFilter[LeadSource] | None = match("By how they came in.")
    number: TextFilter | None = match("By number.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    partner_organization_id: IDFilter | None = match("Through this partner itself.", node="Organization")
    within_organization_id: strawberry.ID | None = condition(
        "Through this partner or one below it.",
        lambda lead, value: lead.channel_organization_ids.contains(array([value])),
        node="Organization",
    )
    contact_id: IDFilter | None = match("Of this customer.", node="Contact")
    score: IntFilter | None = match("By score; for staff and partners.")
    created_at: DateTimeFilter | None = match("By time of submission.")
    search: str | None = condition(
        "Text in number, name, e-mail address, telephone number or company; the 250 best.",
        with_text("lead"),
    )


LEAD_SORT = Sort(
    LeadRow, created_at="When it was submitted.", score="By score; for staff and partners.", default="-created_at"
)


@strawberry.type
class LeadQueries:
    lead: Lead | None = read_one(
        "One lead, by its id or its number.", by=("id", "number"), requires=Permission.LEADS_READ
    )
    leads: Connection[Lead] = read_connection(
        "Leads you may see.", filter=LeadFilter, order=LEAD_SORT, requires=Permission.LEADS_READ
    )


TYPES = (StaffLead, PartnerLead, CustomerLead, LeadFollowUpStep)
