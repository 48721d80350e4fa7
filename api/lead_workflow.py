"""How leads are handled, as data that admins edit: questionnaires, routing rules, follow-up steps."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Select, Text, func, literal_column, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB

import api.lead_enums  # noqa: F401  # describes the enums before they are used
from api.reading import (
    EnumFilter,
    IDFilter,
    Node,
    argument,
    column,
    computed_list,
    expression,
    filters,
    match,
    read_list,
    read_one,
    reads,
    related,
)
from api.reading.specs import Composite
from domain.leads.models import FollowUpChannel, LeadStatus
from domain.leads.models import FollowUpStep as StepRow
from domain.leads.models import Questionnaire as QuestionnaireRow
from domain.leads.models import RoutingRule as RuleRow
from domain.leads.questions import MAX_OPTIONS, MAX_QUESTIONS, QuestionType, ShowOperator
from domain.leads.routing import MAX_CONDITIONS, RoutingField, RoutingOperator
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]


def _elements(array: Any, name: str) -> Any:
    """The elements of a jsonb array as rows `value`, with their `place`."""
    elements = func.jsonb_array_elements(array)
    return elements.table_valued(sql_column("value", JSONB), with_ordinality="place", name=name).render_derived()


def _texts(array: Any) -> Any:
    """A jsonb array of texts as an array of SQL."""
    element = _elements(array, "text")
    texts = select(element.c.value.op("#>>")(literal_column("'{}'"))).order_by(element.c.place)
    return func.array(texts.correlate_except(element).scalar_subquery(), type_=ARRAY(Text()))


@reads(None)
@strawberry.type(description="One answer that can be chosen.")
class QuestionOption:
    value: str = column("What is sent as the answer.")
    label: str = column("What the customer reads, in Dutch.")
    label_en: str = column("The same in English; may be empty.")


@strawberry.type(description="When a question is asked.")
class QuestionCondition:
    key: str = strawberry.field(description="Key of the earlier question.")
    operator: ShowOperator = strawberry.field(description="How its answer is compared.")
    values: list[str] = strawberry.field(description="With what.")


@reads(None)
@strawberry.type(description="One question of an intake.")
class Question:
    key: str = column("Name of the answer, unique in the questionnaire.")
    type: QuestionType = column("What an answer is.")
    label: str = column("The question in Dutch.")
    label_en: str = column("The question in English; may be empty.")
    required: bool = column("Whether it must be answered where it is asked.")
    minimum: str | None = column("Smallest number, first date, or fewest options.")
    maximum: str | None = column("Largest number, last date, or most options.")
    decimals: int = column("Decimal places of a number.")
    max_length: int | None = column("Most characters of a text.")
    options: list[QuestionOption] = computed_list("What can be chosen.", lambda q: _options(q), limit=MAX_OPTIONS)
    show_if: QuestionCondition | None = expression("When it is asked; always if null.", lambda q: _show_if(q))


def _questions(questionnaire: Any) -> Select[Any]:
    element = _elements(questionnaire.questions, "question")
    asked = element.c.value
    texts = ("key", "type", "label", "label_en", "minimum", "maximum")
    return select(
        *(asked[name].astext.label(name) for name in texts),
        func.coalesce(asked["required"].as_boolean(), False).label("required"),
        func.coalesce(asked["decimals"].as_integer(), 0).label("decimals"),
        asked["max_length"].as_integer().label("max_length"),
        asked["options"].label("options"),
        asked["show_if"].label("show_if"),
    ).order_by(element.c.place)


def _options(question: Any) -> Select[Any]:
    element = _elements(question.options, "option")
    names = ("value", "label", "label_en")
    return select(*(element.c.value[name].astext.label(name) for name in names)).order_by(element.c.place)


def _show_if(question: Any) -> Composite:
    shown = question.show_if
    values = {"key": shown["key"].astext, "operator": shown["operator"].astext, "values": _texts(shown["values"])}
    return Composite(values, shown.is_not(None))


@reads(QuestionnaireRow, audiences=[Audience.STAFF, Audience.PARTNER, Audience.CUSTOMER, Audience.SYSTEM])
@strawberry.type(description="What a business entity asks its leads, in one version.")
class Questionnaire(Node):
    title: str = column("Title.")
    version: int = column("Counts up per business entity.")
    active: bool = column("Whether new leads are asked this version.")
    created_at: datetime = column("When the version was made.")
    questions: list[Question] = computed_list("The questions in order.", _questions, limit=MAX_QUESTIONS)
    entity: EntityRef | None = related("The business entity.", on=lambda q, e: e.id == q.entity_id)


@reads(None)
@strawberry.type(description="One condition of a routing rule.")
class RoutingCondition:
    field: RoutingField = column("What it looks at.")
    operator: RoutingOperator = column("How it compares.")
    values: list[str] = column("With what; one of them is enough.")


def _conditions(rule: Any) -> Select[Any]:
    element = _elements(rule.conditions, "condition")
    value = element.c.value
    return select(
        value["field"].astext.label("field"),
        value["operator"].astext.label("operator"),
        _texts(value["values"]).label("values"),
    ).order_by(element.c.place)


@reads(RuleRow, audiences=[Audience.STAFF, Audience.SYSTEM])
@strawberry.type(description="Sends a lead to a business entity: the first by position whose conditions all hold.")
class RoutingRule(Node):
    name: str = column("Name.")
    position: int = column("Rules are tried from low to high.")
    active: bool = column("Whether it applies.")
    conditions: list[RoutingCondition] = computed_list("All of them have to hold.", _conditions, limit=MAX_CONDITIONS)
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("Where it sends leads.", on=lambda r, e: e.id == r.entity_id)


@reads(StepRow, audiences=[Audience.STAFF, Audience.PARTNER, Audience.SYSTEM], where=lambda step: step.active)
@strawberry.type(description="What happens some time after leads came into a status.")
class FollowUpStep(Node):
    lead_status: LeadStatus = column("The status.")
    position: int = column("Place among the steps of the status.")
    after_hours: int = column("Hours after the lead came into the status.")
    channel: FollowUpChannel = column("How it reaches somebody.")
    subject: str = column("Subject or title in Dutch, with placeholders such as `{name}`.")
    subject_en: str = column("The same in English; may be empty.")
    template: str = column("Text in Dutch, with placeholders.")
    template_en: str = column("The same in English; may be empty.")
    entity: EntityRef | None = related("The business entity.", on=lambda s, e: e.id == s.entity_id)


@filters(StepRow)
@strawberry.input(description="Which follow-up steps; all conditions hold together.")
class FollowUpStepFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    lead_status: EnumFilter[LeadStatus] | None = match("Of this status.")


@strawberry.type
class LeadWorkflowQueries:
    questionnaire: Questionnaire | None = read_one(
        "What a business entity asks its leads at present.",
        by=(),
        where=lambda q, a: q.active & (q.entity_id == a.entity_id),
        arguments={"entity_id": argument(strawberry.ID, "The business entity.", node="BusinessEntity")},
        requires=Permission.LEADS_READ,
    )
    routing_rules: list[RoutingRule] = read_list(
        "The rules that send leads to your business entities, in the order in which they are tried.",
        order_by=lambda r: r.position,
        requires=Permission.WORKFLOW_CONFIGURE,
    )
    follow_up_steps: list[FollowUpStep] = read_list(
        "The follow-up of leads, per status in order.",
        filter=FollowUpStepFilter,
        order_by=lambda s: [s.entity_id, s.lead_status, s.position],
        requires=Permission.WORKFLOW_CONFIGURE,
    )


TYPES = (Questionnaire, RoutingRule, FollowUpStep)
