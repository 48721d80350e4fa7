"""What happens to leads. Payloads hold no personal data and nothing that only staff may know."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from domain.leads.models import Lead


@dataclass(frozen=True)
class LeadSubmitted(Payload):
    """A lead came in."""

    type = "lead.submitted"
    subject_type = "Lead"
    number: str
    source: str


@dataclass(frozen=True)
class LeadRouted(Payload):
    """For the entity where it was submitted: the lead went to another one."""

    type = "lead.routed"
    subject_type = "Lead"
    internal = True
    number: str
    to_entity_id: UUID
    rule: str | None


@dataclass(frozen=True)
class LeadAddressFlagged(Payload):
    """Its address could not be verified; the original is kept (O6)."""

    type = "lead.address_flagged"
    subject_type = "Lead"
    number: str
    reason: str


@dataclass(frozen=True)
class LeadScored(Payload):
    """Told to the channel, never to the customer."""

    type = "lead.scored"
    subject_type = "Lead"
    score: int


@dataclass(frozen=True)
class LeadAnswered(Payload):
    """Questions of the intake were answered."""

    type = "lead.answered"
    subject_type = "Lead"
    questions: list[str]
    complete: bool


@dataclass(frozen=True)
class LeadPartnerAssigned(Payload):
    """The lead was given to a partner."""

    type = "lead.partner_assigned"
    subject_type = "Lead"
    organization_id: UUID


@dataclass(frozen=True)
class LeadIntakeStarted(Payload):
    """The intake of the lead was begun."""

    type = "lead.intake_started"
    subject_type = "Lead"
    number: str


@dataclass(frozen=True)
class LeadQualified(Payload):
    """The lead is ready for a quote."""

    type = "lead.qualified"
    subject_type = "Lead"
    number: str
    automatic: bool


@dataclass(frozen=True)
class LeadQuoted(Payload):
    """The lead has a quote."""

    type = "lead.quoted"
    subject_type = "Lead"
    number: str


@dataclass(frozen=True)
class LeadConverted(Payload):
    """A quote of the lead became an order."""

    type = "lead.converted"
    subject_type = "Lead"
    number: str


@dataclass(frozen=True)
class LeadQuotesEnded(Payload):
    """All its quotes have ended without an order; it is qualified as before."""

    type = "lead.quotes_ended"
    subject_type = "Lead"
    number: str


@dataclass(frozen=True)
class LeadDisqualified(Payload):
    """Told to the channel, not to the customer: the reason is about them."""

    type = "lead.disqualified"
    subject_type = "Lead"
    number: str
    reason: str


@dataclass(frozen=True)
class LeadReopened(Payload):
    """A lead that was turned down is open again."""

    type = "lead.reopened"
    subject_type = "Lead"
    number: str
    status: str


@dataclass(frozen=True)
class LeadTaskDue(Payload):
    """A follow-up step asks the staff to do something."""

    type = "lead.task_due"
    subject_type = "Lead"
    internal = True
    title: str
    task: str


@dataclass(frozen=True)
class LeadFollowUpSent(Payload):
    """A follow-up message was sent."""

    type = "lead.follow_up_sent"
    subject_type = "Lead"
    subject: str


@dataclass(frozen=True)
class LeadFollowUpFailed(Payload):
    """A follow-up step could not be carried out."""

    type = "lead.follow_up_failed"
    subject_type = "Lead"
    internal = True
    step_id: UUID


@dataclass(frozen=True)
class RoutingRuleSaved(Payload):
    """A routing rule was added or changed."""

    type = "routing_rule.saved"
    subject_type = "RoutingRule"
    internal = True
    name: str


@dataclass(frozen=True)
class RoutingRuleDeleted(Payload):
    """A routing rule was removed."""

    type = "routing_rule.deleted"
    subject_type = "RoutingRule"
    internal = True
    name: str


@dataclass(frozen=True)
class QuestionnaireSaved(Payload):
    """A version of a questionnaire was written."""

    type = "questionnaire.saved"
    subject_type = "Questionnaire"
    internal = True
    number: int


@dataclass(frozen=True)
class FollowUpStepSaved(Payload):
    """A follow-up step was added or changed."""

    type = "follow_up_step.saved"
    subject_type = "FollowUpStep"
    internal = True
    lead_status: str
    position: int


@dataclass(frozen=True)
class FollowUpStepDeleted(Payload):
    """A follow-up step was removed."""

    type = "follow_up_step.deleted"
    subject_type = "FollowUpStep"
    internal = True
    lead_status: str
    position: int


@dataclass(frozen=True)
class LeadSettingsSaved(Payload):
    """How the entity deals with leads has changed."""

    type = "lead_settings.saved"
    subject_type = "BusinessEntity"
    internal = True
    qualify_at: int


_NOT_FOR_THE_CUSTOMER = (LeadScored, LeadDisqualified)


async def tell(
    session: AsyncSession, lead: Lead, payload: Payload, *, changes: dict[str, list[Any]] | None = None
) -> None:
    """Record what happened to a lead, for its entity, its channel and, where it may know, its contact."""
    await record(
        session,
        payload,
        entity_id=lead.entity_id,
        subject_id=lead.id,
        organization_ids=[lead.partner_organization_id],
        channel=lead.channel_organization_ids,
        contact_ids=() if isinstance(payload, _NOT_FOR_THE_CUSTOMER) else [lead.contact_id],
        changes=changes,
    )
