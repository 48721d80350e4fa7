"""What the entities ask of leads, where leads go and how they are followed up: the defaults of the platform."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.tenants import Entity
from domain.leads.defaults import ANY, BY_CODE, Defaults
from domain.leads.models import FollowUpChannel, LeadStatus
from domain.leads.questions import Question
from domain.leads.routing import Rule
from domain.leads.steps import GivenStep


@dataclass(frozen=True)
class Step:
    """A follow-up step as it was written."""

    id: UUID
    status: LeadStatus
    after: timedelta
    channel: FollowUpChannel


@dataclass(frozen=True)
class Intake:
    """What one entity does with its leads."""

    questionnaire_id: UUID
    questions: tuple[Question, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Intakes:
    """All of it, by entity; rules are looked at together."""

    by_entity: dict[UUID, Intake]
    rules: tuple[Rule, ...]


def add_intakes(rows: Rows, draw: Draw, entities: list[Entity], at: datetime) -> Intakes:
    """Questionnaires, routing rules and follow-up steps of every entity."""
    by_entity, rules = {}, []
    for entity in entities:
        defaults = BY_CODE.get(entity.code, ANY)
        questionnaire_id = _add_questionnaire(rows, draw, entity, defaults, at)
        steps = tuple(_add_step(rows, draw, entity, step, at) for step in defaults.steps)
        by_entity[entity.id] = Intake(questionnaire_id, defaults.questions, steps)
        rules += _add_rules(rows, draw, entity, defaults, at)
    return Intakes(by_entity, tuple(rules))


def _add_questionnaire(rows: Rows, draw: Draw, entity: Entity, defaults: Defaults, at: datetime) -> UUID:
    id = draw.id(at)
    questions = [question.stored for question in defaults.questions]
    values = {"version": 1, "title": defaults.title, "questions": questions, "active": True}
    rows.add("questionnaire", id=id, entity_id=entity.id, **values, created_at=at, updated_at=at)
    return id


def _add_rules(rows: Rows, draw: Draw, entity: Entity, defaults: Defaults, at: datetime) -> list[Rule]:
    rules = []
    for given in defaults.rules:
        rule = Rule(draw.id(at), entity.id, given.position, given.name, tuple(given.conditions))
        rules.append(rule)
        rows.add(
            "routing_rule",
            id=rule.id,
            entity_id=entity.id,
            position=rule.position,
            name=rule.name,
            conditions=[condition.stored for condition in rule.conditions],
            active=True,
            created_at=at,
            updated_at=at,
        )
    return rules


def _add_step(rows: Rows, draw: Draw, entity: Entity, given: GivenStep, at: datetime) -> Step:
    step = Step(draw.id(at), given.lead_status, timedelta(hours=given.after_hours), given.channel)
    rows.add(
        "follow_up_step",
        id=step.id,
        entity_id=entity.id,
        lead_status=given.lead_status,
        position=given.position,
        after_hours=given.after_hours,
        channel=given.channel,
        subject=given.subject,
        subject_en=given.subject_en or "",
        template=given.template,
        template_en=given.template_en or "",
        active=True,
        created_at=at,
        updated_at=at,
    )
    return step
