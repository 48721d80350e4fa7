"""What staff do about what is overdue: remind, pause, say how is reminded, send statements."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Info
from api.dunning import AccountStatement, DunningPause, DunningPolicy, Reminder, policy_in
from api.inputs import key_of, optional_key
from api.mutations import PreviewablePayload, mutation
from api.quote_changes import contact_key
from api.reading import BigInt, read_in
from domain.dunning import pausing, policies, reminding, sending
from domain.dunning.models import PauseReason, ReminderKind
from domain.errors import Required
from tenants.permissions import Permission

_WRITE = Permission.INVOICES_WRITE


@strawberry.input(description="A reminder so many days after the due day.")
class DunningStepInput:
    days: int = strawberry.field(description="0 to 365, more than of the step before.")
    kind: ReminderKind = strawberry.field(description="How; never milder than the step before.")


@strawberry.input(description="How a business entity reminds.")
class SaveDunningPolicyInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    steps: list[DunningStepInput] = strawberry.field(description="At most 10, in order.")
    active: bool = strawberry.field(default=True, description="Whether reminders are sent by themselves.")
    minimum_cents: BigInt = strawberry.field(
        default=BigInt(0), description="What is less open, in cents, is not reminded of."
    )
    collection_costs: bool = strawberry.field(default=True, description="Whether the costs of Besluit BIK are named.")
    interest: bool = strawberry.field(default=False, description="Whether statutory interest is claimed.")


@strawberry.input(description="An invoice, or a payer, to leave alone for a while.")
class PauseDunningInput:
    entity_id: strawberry.ID = strawberry.field(description="Whose reminders.")
    reason: PauseReason = strawberry.field(description="Why.")
    invoice_id: strawberry.ID | None = strawberry.field(default=None, description="The invoice, or else the payer.")
    contact_id: strawberry.ID | None = strawberry.field(default=None, description="All invoices of this payer.")
    until: date | None = strawberry.field(
        default=None, description="The last day, at most 730 days from now; a dispute may do without."
    )
    note: str = strawberry.field(default="", description="For colleagues, at most 1000 characters.")


@strawberry.input(description="A statement of account as a document.")
class SendStatementInput:
    contact_id: strawberry.ID = strawberry.field(description="Whose: a person or an organization.")
    entity_id: strawberry.ID = strawberry.field(description="With whom.")
    since: date = strawberry.field(name="from", description="The first day.")
    until: date = strawberry.field(description="The last day.")
    to: str | None = strawberry.field(default=None, description="To this address; to the contact's if left out.")


@strawberry.type(description="What remindInvoice returns.")
class RemindInvoicePayload(PreviewablePayload):
    reminder: Reminder | None = strawberry.field(default=None, description="The reminder.")


@strawberry.type(description="What saveDunningPolicy returns.")
class DunningPolicyPayload(PreviewablePayload):
    policy: DunningPolicy | None = strawberry.field(default=None, description="What holds now.")


@strawberry.type(description="What pauseDunning and resumeDunning return.")
class DunningPausePayload(PreviewablePayload):
    pause: DunningPause | None = strawberry.field(default=None, description="The pause.")


@strawberry.type(description="What sendStatement returns.")
class SendStatementPayload(PreviewablePayload):
    statement: AccountStatement | None = strawberry.field(
        default=None, description="The statement; its document is there once it was made."
    )


@strawberry.type
class DunningMutations:
    @mutation(
        "Reminds the payer of an invoice now: with the next step of the policy, or as you say. Once a day.",
        requires=_WRITE,
        previewable=True,
    )
    async def remind_invoice(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The invoice.")],
        kind: Annotated[
            ReminderKind | None, strawberry.argument(description="How; as the policy's next step if left out.")
        ] = None,
    ) -> RemindInvoicePayload:
        async with info.context.write() as session:
            row = await reminding.remind_by_hand(session, key_of("Invoice", id), kind)
            return RemindInvoicePayload(reminder=await read_in(session, info, "reminder", row.id))

    @mutation("Sets how a business entity reminds; reminders that were sent stay.", requires=_WRITE, previewable=True)
    async def save_dunning_policy(self, info: Info, input: SaveDunningPolicyInput) -> DunningPolicyPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        policy = policies.Policy(
            active=input.active,
            steps=tuple(policies.Step(step.days, step.kind) for step in input.steps),
            minimum_cents=int(input.minimum_cents),
            collection_costs=input.collection_costs,
            interest=input.interest,
        )
        async with info.context.write() as session:
            await policies.save(session, entity_id, policy)
            return DunningPolicyPayload(policy=await policy_in(session, entity_id, info.context.language))

    @mutation("Reminds nobody of an invoice, or a payer of nothing, for a while.", requires=_WRITE, previewable=True)
    async def pause_dunning(self, info: Info, input: PauseDunningInput) -> DunningPausePayload:
        async with info.context.write() as session:
            row = await pausing.pause(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                reason=input.reason,
                note=input.note,
                until=input.until,
                invoice_id=optional_key("Invoice", input.invoice_id, "invoiceId"),
                contact_id=contact_key(input.contact_id, "contactId"),
            )
            return DunningPausePayload(pause=await read_in(session, info, "pause", row.id))

    @mutation("Lifts a pause: reminders go on.", requires=_WRITE, previewable=True)
    async def resume_dunning(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The pause.")]
    ) -> DunningPausePayload:
        async with info.context.write() as session:
            row = await pausing.lift(session, key_of("DunningPause", id))
            return DunningPausePayload(pause=await read_in(session, info, "pause", row.id))

    @mutation("Makes a statement of account as a PDF, and mails it.", requires=_WRITE, previewable=True)
    async def send_statement(self, info: Info, input: SendStatementInput) -> SendStatementPayload:
        contact_id = contact_key(input.contact_id, "contactId")
        if contact_id is None:
            raise Required(field=("contact_id",))
        async with info.context.write() as session:
            row = await sending.request(
                session,
                contact_id=contact_id,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                since=input.since,
                until=input.until,
                to=input.to,
            )
            return SendStatementPayload(statement=await read_in(session, info, "statement", row.id))
