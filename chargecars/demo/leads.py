"""Rows of leads: routed, asked, scored and qualified by the rules of the domain."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chargecars.demo.demand import LeadPlan
from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.people import Person
from chargecars.demo.timeline import Timeline
from chargecars.demo.world import World
from domain.events.record import Payload
from domain.geo.location import Point
from domain.leads import events
from domain.leads.answers import answered, share_answered
from domain.leads.models import FollowUpChannel, FollowUpOutcome, LeadSource, LeadStatus
from domain.leads.questions import Question, QuestionType
from domain.leads.routing import Submitted, route
from domain.leads.scoring import CarPower, Facts, PartnerRecord, Score, score
from domain.leads.settings import QUALIFY_AT
from tenants.permissions import Role

_SOON, _HOUR = timedelta(minutes=2), timedelta(minutes=50)
_VISITOR = Person(None, "", Role.ANONYMOUS)
_BY_HAND = 0.04
_REASONS = (
    "Geen eigen parkeerplaats.",
    "De verhuurder geeft geen toestemming.",
    "Wil alleen een prijsindicatie.",
    "Niet bereikbaar na drie pogingen.",
)
_CARS = ("Tesla Model Y", "Kia EV3", "Volvo EX30", "Renault 5", "Škoda Elroq", "Hyundai Kona")
_LATER = (LeadStatus.QUALIFIED, LeadStatus.QUOTED, LeadStatus.CONVERTED)


@dataclass(slots=True)
class Story:
    """What is known of one lead, and when it came so far."""

    plan: LeadPlan
    source: LeadSource
    submitted_to: UUID
    interests: dict[str, Any]
    answers: dict[str, Any]
    routing: dict[str, Any]
    score: Score
    by_hand: bool
    intake_at: datetime | None = None
    qualified_at: datetime | None = None
    disqualified_from: LeadStatus | None = None
    told: list[tuple[datetime, Payload]] = field(default_factory=list)

    @property
    def since(self) -> datetime:
        """When it came into its status."""
        return self.told[-1][0]


class LeadWriter:
    """Writes leads with their follow-up; `records` says what came of the quotes of each partner's channel."""

    def __init__(self, world: World, rows: Rows, draw: Draw, records: dict[UUID, PartnerRecord]) -> None:
        self._world, self._rows, self._draw, self._records = world, rows, draw, records
        self._timeline = Timeline(rows, draw)

    def write(self, plan: LeadPlan) -> None:
        """A lead, its follow-up and its timeline."""
        story = self._story(plan)
        self._happen(story)
        self._write_lead(story)
        self._follow_up(story)
        self._tell(story)

    # --- what is known ------------------------------------------------------------------------------------------

    def _story(self, plan: LeadPlan) -> Story:
        source = self._draw.one((LeadSource.PARTNER_PORTAL, LeadSource.PARTNER_API)) if plan.partner else None
        interests = self._interests(plan)
        intake = self._world.intakes.by_entity[plan.entity.id]
        answers = self._answers(plan, intake.questions, interests)
        found = score(self._facts(plan, interests, share_answered(intake.questions, answers)))
        submitted_to, routing = self._routed(plan, source or LeadSource.PORTAL, interests)
        by_hand = self._draw.uniform() < _BY_HAND or plan.status is LeadStatus.DISQUALIFIED
        by_hand |= plan.status in _LATER and found.points < QUALIFY_AT
        return Story(plan, source or LeadSource.PORTAL, submitted_to, interests, answers, routing, found, by_hand)

    def _interests(self, plan: LeadPlan) -> dict[str, Any]:
        category = "METER_BOX_MODULE" if plan.entity.sells_meter_boxes else "CHARGING_STATION"
        return {
            "product_category": category,
            "home_owner": self._draw.uniform() < 0.85,
            "car": self._draw.one(_CARS),
            "car_power": self._draw.one((CarPower.ELECTRIC, CarPower.ELECTRIC, CarPower.ORDERED)).value,
        }

    def _answers(self, plan: LeadPlan, questions: tuple[Question, ...], said: dict[str, Any]) -> dict[str, Any]:
        """What was said with the submission; later everything, in the middle of the intake some of it."""
        known = {question.key for question in questions}
        given = {key: value for key, value in said.items() if key in known}
        if plan.status is not LeadStatus.NEW:
            asked = [question for question in questions if question.show_if is None and question.key not in given]
            most = len(asked) if plan.status is not LeadStatus.INTAKE else 1
            given |= {question.key: self._answer(question) for question in asked[:most]}
        if given.get("home_owner") is False and plan.status not in (LeadStatus.NEW, LeadStatus.INTAKE):
            given["owner_permission"] = True
        return answered(questions, {}, given, complete=plan.status in _LATER)

    def _answer(self, question: Question) -> Any:
        match question.type:
            case QuestionType.BOOLEAN:
                return self._draw.uniform() < 0.5
            case QuestionType.CHOICE:
                return self._draw.one(question.options).value
            case QuestionType.MULTI_CHOICE:
                return [self._draw.one(question.options).value]
            case QuestionType.NUMBER:
                return 1985 if question.key == "build_year" else self._draw.integer(2, 24)
        return "Graag eerst bellen."

    def _facts(self, plan: LeadPlan, interests: dict[str, Any], intake: float) -> Facts:
        assert plan.customer is not None, "a lead is somebody"
        address = plan.customer.address
        return Facts(
            point=Point(address["latitude"], address["longitude"]),
            partner=self._records.get(plan.partner.id) if plan.partner else None,
            has_phone=True,
            has_address=True,
            address_verified=True,
            home_owner=interests["home_owner"],
            car=CarPower(interests["car_power"]),
            has_category=True,
            intake=intake,
        )

    def _routed(self, plan: LeadPlan, source: LeadSource, interests: dict[str, Any]) -> tuple[UUID, dict[str, Any]]:
        """Some were submitted at another entity, from where a rule sends them here."""
        at = plan.entity
        if plan.partner is None and self._draw.uniform() < 0.15:
            at = self._world.entities[1 if at.sells_meter_boxes else 0]
        facts = Submitted(
            entity_code=at.code,
            source=source,
            product_category=interests["product_category"],
            has_partner=plan.partner is not None,
            partner_model=plan.partner.model if plan.partner else None,
            home_owner=interests["home_owner"],
        )
        found = route(facts, self._world.intakes.rules, at.id)
        if found.entity_id != plan.entity.id:
            raise ValueError(f"{plan.number} is routed to another entity than its plan says")
        return at.id, found.explanation

    # --- what happened ------------------------------------------------------------------------------------------

    def _happen(self, story: Story) -> None:
        plan, number = story.plan, story.plan.number
        story.told = [
            (plan.at, events.LeadSubmitted(number, story.source.value)),
            (plan.at, events.LeadScored(story.score.points)),
        ]
        reached = plan.status
        if reached is LeadStatus.DISQUALIFIED:
            story.disqualified_from = reached = self._draw.one((LeadStatus.NEW, LeadStatus.INTAKE))
        if reached is not LeadStatus.NEW:
            self._answer_intake(story)
        if reached in _LATER:
            self._qualify(story)
        if story.disqualified_from:
            at = self._between(story.since)
            story.told.append((at, events.LeadDisqualified(number, self._draw.one(_REASONS))))

    def _answer_intake(self, story: Story) -> None:
        at = self._between(story.plan.at)
        complete = story.plan.status in _LATER
        story.intake_at = at if complete else None
        story.told.append((at, events.LeadAnswered(sorted(story.answers), complete)))
        story.told.append((at, events.LeadIntakeStarted(story.plan.number)))

    def _qualify(self, story: Story) -> None:
        plan, number = story.plan, story.plan.number
        story.qualified_at = story.since
        story.told.append((story.since, events.LeadQualified(number, automatic=not story.by_hand)))
        if plan.quote is None:
            return
        story.told.append((plan.quote.at, events.LeadQuoted(number)))
        if plan.status is LeadStatus.CONVERTED:
            story.told.append((plan.quote.ended_at, events.LeadConverted(number)))
        elif plan.status is LeadStatus.QUALIFIED:
            story.told.append((plan.quote.ended_at, events.LeadQuotesEnded(number)))

    def _between(self, since: datetime) -> datetime:
        """Soon after: a quote takes an hour at least."""
        return since + self._draw.between(_SOON, min(_HOUR, (self._world.now - since) / 2))

    # --- rows ---------------------------------------------------------------------------------------------------

    def _write_lead(self, story: Story) -> None:
        plan, customer = story.plan, story.plan.customer
        assert customer is not None, "a lead is somebody"
        reason = next((each.reason for _, each in story.told if isinstance(each, events.LeadDisqualified)), None)
        self._rows.add(
            "lead",
            id=plan.id,
            entity_id=plan.entity.id,
            number=plan.number,
            contact_id=customer.id,
            submitted_entity_id=story.submitted_to,
            submitted_by_user_id=self._submitter(story).user_id,
            name=customer.name,
            email=customer.email,
            phone=customer.phone,
            partner_organization_id=plan.partner.id if plan.partner else None,
            channel_organization_ids=plan.partner.chain if plan.partner else [],
            source=story.source,
            status=plan.status,
            address_id=customer.address_id,
            interests=story.interests,
            score=story.score.points,
            score_explanation=story.score.explanation,
            routing_explanation=story.routing,
            questionnaire_id=self._world.intakes.by_entity[plan.entity.id].questionnaire_id,
            answers=story.answers,
            intake_completed_at=story.intake_at,
            qualified_at=story.qualified_at,
            disqualified_reason=reason,
            disqualified_from=story.disqualified_from,
            handled_manually=story.by_hand,
            version=len(story.told),
            created_at=plan.at,
            updated_at=story.since,
        )

    def _submitter(self, story: Story) -> Person:
        partner = story.plan.partner
        if partner is None or story.source is LeadSource.PARTNER_API:
            return _VISITOR if partner is None else Person(None, partner.name, Role.PARTNER_USER)
        return Person(partner.signer.user_id, partner.signer.name, partner.signer.role)

    def _follow_up(self, story: Story) -> None:
        """The steps of the status it is in: carried out where their time has come."""
        for step in self._world.intakes.by_entity[story.plan.entity.id].steps:
            if step.status is not story.plan.status:
                continue
            due_at = story.since + step.after
            done = due_at < self._world.now
            sent = FollowUpOutcome.SENT if step.channel is FollowUpChannel.EMAIL else FollowUpOutcome.TASK_CREATED
            self._rows.add(
                "lead_follow_up",
                id=self._draw.id(story.since),
                entity_id=story.plan.entity.id,
                lead_id=story.plan.id,
                step_id=step.id,
                due_at=due_at,
                done_at=due_at if done else None,
                outcome=sent if done else None,
                created_at=story.since,
            )

    def _tell(self, story: Story) -> None:
        plan, customer = story.plan, story.plan.customer
        assert customer is not None, "a lead is somebody"
        staff = self._world.operations[plan.entity.id]
        for place, (at, payload) in enumerate(story.told):
            unseen = isinstance(payload, events.LeadScored | events.LeadDisqualified)
            self._timeline.tell(
                payload,
                at,
                self._submitter(story) if place < 2 else staff,
                entity_id=plan.entity.id,
                subject_id=plan.id or customer.id,
                organization_ids=[plan.partner.id if plan.partner else None],
                channel=plan.partner.chain if plan.partner else [],
                contact_ids=[] if unseen else [customer.id],
            )
