"""Editing how leads are handled: questionnaires, routing rules, follow-up steps, scoring; and trying the rules out."""

from typing import Annotated

import strawberry

from api.context import Info
from api.inputs import key_of, optional_key
from api.lead_workflow import FollowUpStep, Questionnaire, RoutingRule
from api.mutations import Payload, mutation
from api.reading import field, global_id, read_in
from domain.catalog.models import ArticleCategory
from domain.errors import Duplicate
from domain.leads import intake, rules, settings, steps
from domain.leads import questions as asked
from domain.leads.dry_run import dry_run
from domain.leads.models import FollowUpChannel, LeadSource, LeadStatus
from domain.leads.questions import QuestionType, ShowOperator
from domain.leads.routing import Condition, RoutingField, RoutingOperator, Step, Submitted
from domain.leads.scoring import ScoreFactor
from tenants.permissions import Permission

# --- questionnaires -----------------------------------------------------------------------------------------------


@strawberry.input(description="One answer that can be chosen.")
class QuestionOptionInput:
    value: str = strawberry.field(description="What is sent as the answer, at most 60 characters.")
    label: str = strawberry.field(description="What the customer reads, in Dutch.")
    label_en: str | None = strawberry.field(default=None, description="The same in English.")


@strawberry.input(description="When a question is asked.")
class QuestionConditionInput:
    key: str = strawberry.field(description="Key of an earlier question.")
    operator: ShowOperator = strawberry.field(description="How its answer is compared.")
    values: list[str] = strawberry.field(default_factory=list, description="With what; none for ANSWERED.")


@strawberry.input(description="One question of an intake.")
class QuestionInput:
    key: str = strawberry.field(description="Name of the answer: a lower-case letter, then letters, digits and `_`.")
    type: QuestionType = strawberry.field(description="What an answer is.")
    label: str = strawberry.field(description="The question in Dutch, at most 300 characters.")
    label_en: str | None = strawberry.field(default=None, description="The question in English.")
    required: bool = strawberry.field(default=False, description="Whether it must be answered where it is asked.")
    options: list[QuestionOptionInput] = strawberry.field(
        default_factory=list, description="What can be chosen, 2 to 50; for CHOICE and MULTI_CHOICE only."
    )
    minimum: str | None = strawberry.field(
        default=None, description="Smallest number, first date, or fewest options, as text."
    )
    maximum: str | None = strawberry.field(
        default=None, description="Largest number, last date, or most options, as text."
    )
    decimals: int = strawberry.field(default=0, description="Decimal places of a number, 0 to 6.")
    max_length: int | None = strawberry.field(default=None, description="Most characters of a text, 1 to 2000.")
    show_if: QuestionConditionInput | None = strawberry.field(
        default=None, description="When it is asked; else always."
    )


@strawberry.input(description="What a business entity asks from now on.")
class UpsertQuestionnaireInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    title: str = strawberry.field(description="Title, at most 200 characters.")
    questions: list[QuestionInput] = strawberry.field(description="The questions in order, 1 to 60.")


@strawberry.type(description="What upsertQuestionnaire returns.")
class UpsertQuestionnairePayload(Payload):
    questionnaire: Questionnaire | None = strawberry.field(default=None, description="The new version.")


def _question(given: QuestionInput) -> asked.Question:
    shown = given.show_if
    return asked.Question(
        key=given.key,
        type=given.type,
        label=given.label,
        label_en=given.label_en or "",
        required=given.required,
        options=tuple(asked.Option(each.value, each.label, each.label_en or "") for each in given.options),
        minimum=given.minimum,
        maximum=given.maximum,
        decimals=given.decimals,
        max_length=given.max_length,
        show_if=asked.ShowIf(shown.key, shown.operator, tuple(shown.values)) if shown else None,
    )


# --- routing ------------------------------------------------------------------------------------------------------


@strawberry.input(description="One condition of a routing rule.")
class RoutingConditionInput:
    field: RoutingField = strawberry.field(description="What it looks at.")
    operator: RoutingOperator = strawberry.field(description="How it compares.")
    values: list[str] = strawberry.field(description="With what, 1 to 50; one of them is enough.")


@strawberry.input(description="A routing rule.")
class UpsertRoutingRuleInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The rule to change; a new one if left out.")
    entity_id: strawberry.ID = strawberry.field(description="Where it sends leads.")
    position: int = strawberry.field(description="Rules are tried from low to high, 0 to 10000.")
    name: str = strawberry.field(description="Name, at most 200 characters.")
    conditions: list[RoutingConditionInput] = strawberry.field(description="All of them have to hold, 1 to 10.")
    active: bool = strawberry.field(default=True, description="Whether it applies.")


@strawberry.type(description="What upsertRoutingRule returns.")
class UpsertRoutingRulePayload(Payload):
    routing_rule: RoutingRule | None = strawberry.field(default=None, description="The rule as it is now.")


@strawberry.type(description="What deleteRoutingRule returns.")
class DeleteRoutingRulePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id of the rule that is gone.")


@strawberry.input(description="A lead that does not exist, to see where it would go.")
class ExplainRoutingInput:
    entity_id: strawberry.ID = strawberry.field(description="Where it would be submitted.")
    source: LeadSource = strawberry.field(default=LeadSource.PORTAL, description="How it would come in.")
    brand_host: str | None = strawberry.field(default=None, description="Host name of the portal.")
    organization_id: strawberry.ID | None = strawberry.field(default=None, description="The partner.")
    product_category: ArticleCategory | None = strawberry.field(default=None, description="Kind of product.")
    product_wish: str | None = strawberry.field(default=None, description="The wish in own words.")
    postal_code: str | None = strawberry.field(default=None, description="Postcode.")
    business: bool = strawberry.field(default=False, description="Whether it is a company.")
    home_owner: bool | None = strawberry.field(default=None, description="Whether the home is owned.")


@strawberry.type(description="One rule that was tried.")
class RoutingStep:
    rule_id: strawberry.ID = strawberry.field(description="The rule.")
    name: str = strawberry.field(description="Its name.")
    position: int = strawberry.field(description="Its place.")
    applies: bool = strawberry.field(description="Whether it decides.")
    failed_field: RoutingField | None = strawberry.field(description="What its first condition that fails looks at.")


@strawberry.type(description="Where a lead would go.")
class RoutingOutcome:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    entity_name: str = strawberry.field(description="Its name.")
    by_rule: bool = strawberry.field(description="Whether a rule decided; otherwise it stays where it came in.")
    steps: list[RoutingStep] = strawberry.field(
        description="Rules of your business entities that were tried, in order."
    )


def _step(step: Step) -> RoutingStep:
    return RoutingStep(
        rule_id=strawberry.ID(global_id("RoutingRule", step.rule.id)),
        name=step.rule.name,
        position=step.rule.position,
        applies=step.failed is None,
        failed_field=step.failed.field if step.failed else None,
    )


# --- follow-up and scoring ----------------------------------------------------------------------------------------


@strawberry.input(description="A follow-up step. Placeholders: {name}, {number}, {brand}, {portal}, {partner}.")
class UpsertFollowUpStepInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="The step to change; a new one if left out.")
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    lead_status: LeadStatus = strawberry.field(description="The status after which it comes.")
    position: int = strawberry.field(description="Place among the steps of the status, 1 to 100.")
    after_hours: int = strawberry.field(description="Hours after a lead came into the status, 0 to 8760.")
    channel: FollowUpChannel = strawberry.field(description="How it reaches somebody.")
    subject: str = strawberry.field(description="Subject or title in Dutch, at most 200 characters.")
    template: str = strawberry.field(description="Text in Dutch, at most 8000 characters.")
    subject_en: str | None = strawberry.field(default=None, description="Subject or title in English.")
    template_en: str | None = strawberry.field(default=None, description="Text in English.")


@strawberry.type(description="What upsertFollowUpStep returns.")
class UpsertFollowUpStepPayload(Payload):
    follow_up_step: FollowUpStep | None = strawberry.field(default=None, description="The step as it is now.")


@strawberry.type(description="What deleteFollowUpStep returns.")
class DeleteFollowUpStepPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id of the step that is gone.")


@strawberry.input(description="The most points of one factor.")
class ScoreWeightInput:
    factor: ScoreFactor = strawberry.field(description="The factor.")
    points: int = strawberry.field(description="0 to 100.")


@strawberry.input(description="How a business entity judges leads.")
class UpdateLeadSettingsInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    qualify_at: int = strawberry.field(description="Score from which a complete lead is qualified by itself, 0 to 100.")
    weights: list[ScoreWeightInput] | None = strawberry.field(
        default=None, description="What a score is made of, 100 points together; the platform's own if left out."
    )


@strawberry.type(description="What the score of a factor can be.")
class ScoreWeight:
    factor: ScoreFactor = strawberry.field(description="The factor.")
    points: int = strawberry.field(description="The most points.")


@strawberry.type(description="How a business entity judges leads.")
class LeadSettings:
    qualify_at: int = strawberry.field(description="Score from which a complete lead is qualified by itself.")
    weights: list[ScoreWeight] = strawberry.field(description="What a score is made of.")


@strawberry.type(description="What updateLeadSettings returns.")
class UpdateLeadSettingsPayload(Payload):
    lead_settings: LeadSettings | None = strawberry.field(default=None, description="The settings as they are now.")


def _settings(found: settings.LeadSettings) -> LeadSettings:
    weights = [ScoreWeight(factor=factor, points=found.weights.get(factor, 0)) for factor in ScoreFactor]
    return LeadSettings(qualify_at=found.qualify_at, weights=weights)


def _weights(given: list[ScoreWeightInput] | None) -> dict[ScoreFactor, int] | None:
    if given is None:
        return None
    found: dict[ScoreFactor, int] = {}
    for at, weight in enumerate(given):
        if weight.factor in found:
            raise Duplicate(field=("weights", at, "factor"))
        found[weight.factor] = weight.points
    return found


# --- roots --------------------------------------------------------------------------------------------------------

EntityId = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
RuleId = Annotated[strawberry.ID, strawberry.argument(description="The rule.")]
StepId = Annotated[strawberry.ID, strawberry.argument(description="The step.")]


async def _explain_routing(info: Info, input: ExplainRoutingInput) -> RoutingOutcome:
    entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
    organization_id = optional_key("Organization", input.organization_id, "organizationId")
    facts = Submitted(
        entity_code="",
        source=input.source,
        brand_host=input.brand_host,
        product_category=input.product_category,
        product_wish=input.product_wish,
        postal_code=input.postal_code,
        is_business=input.business,
        home_owner=input.home_owner,
    )
    async with info.context.system() as session:
        found = await dry_run(session, info.context.actor, entity_id, facts, organization_id)
    return RoutingOutcome(
        entity_id=strawberry.ID(global_id("BusinessEntity", found.entity.id)),
        entity_name=found.entity.name,
        by_rule=found.by_rule,
        steps=[_step(step) for step in found.steps],
    )


async def _lead_settings(info: Info, entity_id: EntityId) -> LeadSettings:
    async with info.context.read() as session:
        return _settings(await settings.of_entity(session, key_of("BusinessEntity", entity_id, "entityId")))


@strawberry.type
class LeadRoutingQueries:
    explain_routing = field(
        "Where a lead would go by the rules as they are now.", requires=Permission.WORKFLOW_CONFIGURE
    )(_explain_routing)
    lead_settings = field("How a business entity judges leads.", requires=Permission.WORKFLOW_CONFIGURE)(_lead_settings)


async def _upsert_questionnaire(info: Info, input: UpsertQuestionnaireInput) -> UpsertQuestionnairePayload:
    entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
    questions = [_question(given) for given in input.questions]
    async with info.context.write() as session:
        made = await intake.save_questionnaire(session, entity_id, input.title, questions)
        return UpsertQuestionnairePayload(questionnaire=await read_in(session, info, "questionnaire", made.id))


async def _upsert_routing_rule(info: Info, input: UpsertRoutingRuleInput) -> UpsertRoutingRulePayload:
    entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
    conditions = [Condition(each.field, each.operator, tuple(each.values)) for each in input.conditions]
    given = rules.GivenRule(entity_id, input.position, input.name, conditions, input.active)
    async with info.context.write() as session:
        saved = await rules.save_rule(session, given, optional_key("RoutingRule", input.id))
        return UpsertRoutingRulePayload(routing_rule=await read_in(session, info, "routing_rule", saved.id))


async def _delete_routing_rule(info: Info, id: RuleId) -> DeleteRoutingRulePayload:
    async with info.context.write() as session:
        await rules.delete_rule(session, key_of("RoutingRule", id))
        return DeleteRoutingRulePayload(deleted_id=id)


async def _upsert_follow_up_step(info: Info, input: UpsertFollowUpStepInput) -> UpsertFollowUpStepPayload:
    given = steps.GivenStep(
        entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
        lead_status=input.lead_status,
        position=input.position,
        after_hours=input.after_hours,
        channel=input.channel,
        subject=input.subject,
        template=input.template,
        subject_en=input.subject_en,
        template_en=input.template_en,
    )
    async with info.context.write() as session:
        saved = await steps.save_step(session, given, optional_key("FollowUpStep", input.id))
        return UpsertFollowUpStepPayload(follow_up_step=await read_in(session, info, "follow_up_step", saved.id))


async def _delete_follow_up_step(info: Info, id: StepId) -> DeleteFollowUpStepPayload:
    async with info.context.write() as session:
        await steps.delete_step(session, key_of("FollowUpStep", id))
        return DeleteFollowUpStepPayload(deleted_id=id)


async def _update_lead_settings(info: Info, input: UpdateLeadSettingsInput) -> UpdateLeadSettingsPayload:
    entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
    async with info.context.write() as session:
        entity = await settings.save_lead_settings(session, entity_id, input.qualify_at, _weights(input.weights))
        return UpdateLeadSettingsPayload(lead_settings=_settings(settings.lead_settings(entity)))


@strawberry.type
class LeadWorkflowMutations:
    upsert_questionnaire = mutation(
        "Makes a new version of what a business entity asks; leads that have answered keep theirs.",
        requires=Permission.WORKFLOW_CONFIGURE,
    )(_upsert_questionnaire)
    upsert_routing_rule = mutation("Adds a routing rule or changes one.", requires=Permission.WORKFLOW_CONFIGURE)(
        _upsert_routing_rule
    )
    delete_routing_rule = mutation("Removes a routing rule.", requires=Permission.WORKFLOW_CONFIGURE)(
        _delete_routing_rule
    )
    upsert_follow_up_step = mutation("Adds a follow-up step or changes one.", requires=Permission.WORKFLOW_CONFIGURE)(
        _upsert_follow_up_step
    )
    delete_follow_up_step = mutation(
        "Removes a follow-up step; what was due of it is cancelled.", requires=Permission.WORKFLOW_CONFIGURE
    )(_delete_follow_up_step)
    update_lead_settings = mutation(
        "Sets how a business entity judges leads; scores change when leads are next scored.",
        requires=Permission.WORKFLOW_CONFIGURE,
    )(_update_lead_settings)
