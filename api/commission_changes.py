"""Computing, paying, disputing and simulating commission."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.commission_inputs import CommissionTermsInput, terms_json
from api.commissions import Commission, CommissionDispute
from api.context import Info
from api.explained_amounts import amount_of, recorded
from api.inputs import key_of, optional_key
from api.invoices import Invoice
from api.mutations import Payload, PreviewablePayload, mutation
from api.organizations import Organization
from api.reading import BigInt, Money, global_id, read_in, read_in_many
from domain.agreements.commission_book import save_standard
from domain.agreements.parsing import parse
from domain.commissions import disputes, paying, running, simulating
from domain.commissions.simulating import MOST_CHANGES, Change, Simulated
from domain.errors import Duplicate, Faults, TooMany
from tenants.permissions import Permission

_WRITE = Permission.COMMISSIONS_WRITE
_SHOWN = 250


@strawberry.input(description="A month of an entity.")
class CommissionMonthInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    month: date = strawberry.field(description="Any day of the month.")


@strawberry.input(description="A dispute.")
class DisputeCommissionInput:
    commission_id: strawberry.ID = strawberry.field(description="The record.")
    reason: str = strawberry.field(description="Why, at most 2000 characters.")


@strawberry.input(description="An answer to a dispute.")
class AnswerCommissionDisputeInput:
    id: strawberry.ID = strawberry.field(description="The dispute.")
    answer: str = strawberry.field(description="What the partner is told, at most 2000 characters.")
    amount_cents: BigInt | None = strawberry.field(
        default=None,
        description="What the record should have come to, before anything was credited; left out, the dispute is "
        "rejected.",
    )


@strawberry.input(description="What commission an entity pays where nothing else is agreed.")
class SaveCommissionStandardInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    commission: CommissionTermsInput | None = strawberry.field(
        default=None, description="The terms, without bonuses and penalties; left out: 5, 3 and 2 percent."
    )


@strawberry.input(description="Another place in the channel.")
class MovedOrganizationInput:
    organization_id: strawberry.ID = strawberry.field(description="Who moves, with all below it.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="Below whom; to the top if left out.")


@strawberry.input(description="Other terms, as if they had always held.")
class ChangedTermsInput:
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="With this partner; the entity's standard if left out."
    )
    commission: CommissionTermsInput = strawberry.field(description="The terms.")


@strawberry.input(description="What would have been different, and over which orders.")
class SimulateCommissionInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    since: date = strawberry.field(description="Orders placed from this day on, in Amsterdam,")
    until: date = strawberry.field(description="until this day, not included; at most 24 months.")
    moves: list[MovedOrganizationInput] = strawberry.field(default_factory=list, description="A changed channel.")
    terms: list[ChangedTermsInput] = strawberry.field(default_factory=list, description="Changed agreements.")


@strawberry.type(description="What runCommission returns.")
class RunCommissionPayload(PreviewablePayload):
    accrued: int = strawberry.field(default=0, description="New records of orders.")
    changed: int = strawberry.field(default=0, description="Rows that were written or moved beside them.")


@strawberry.type(description="What payCommissions returns.")
class PayCommissionsPayload(PreviewablePayload):
    invoices: list[Invoice] = strawberry.field(
        default_factory=list, description="The new self-billing invoices, at most 250; the others are in `invoices`."
    )
    count: int = strawberry.field(default=0, description="How many there are.")


@strawberry.type(description="What changes of disputes return.")
class CommissionDisputePayload(PreviewablePayload):
    dispute: CommissionDispute | None = strawberry.field(default=None, description="The dispute.")
    commission: Commission | None = strawberry.field(default=None, description="What it is about.")


@strawberry.type(description="What saveCommissionStandard returns.")
class SaveCommissionStandardPayload(PreviewablePayload):
    saved: bool = strawberry.field(default=False, description="Whether it holds from now on.")


@strawberry.type(description="What a partner would have been due.")
class CommissionDifference:
    beneficiary_id: strawberry.ID = strawberry.field(description="The partner, one of `beneficiaries`.")
    before: Money = strawberry.field(description="As it is.")
    after: Money = strawberry.field(description="As it would have been.")
    difference: Money = strawberry.field(description="After less before.")


@strawberry.type(description="What simulateCommission returns.")
class SimulateCommissionPayload(Payload):
    orders: int = strawberry.field(default=0, description="How many orders were looked at.")
    before: Money | None = strawberry.field(default=None, description="All partners together, as it is.")
    after: Money | None = strawberry.field(default=None, description="All partners together, as it would have been.")
    count: int = strawberry.field(default=0, description="How many partners there are.")
    beneficiaries: list[Organization] = strawberry.field(
        default_factory=list, description="The partners of the differences, in their order."
    )
    differences: list[CommissionDifference] = strawberry.field(
        default_factory=list, description="Per partner, the largest difference first; at most 250."
    )


DisputeId = Annotated[strawberry.ID, strawberry.argument(description="The dispute.")]


@strawberry.type
class CommissionMutations:
    @mutation(
        "Computes what is missing of a month's commission; asking twice changes nothing.",
        requires=_WRITE,
        previewable=True,
    )
    async def run_commission(self, info: Info, input: CommissionMonthInput) -> RunCommissionPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            ran = await running.run(session, entity_id, input.month)
            return RunCommissionPayload(accrued=ran.accrued, changed=ran.changed)

    @mutation(
        "Bills what partners earned up to the end of a month: one self-billing invoice each, to be paid by the bank.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def pay_commissions(self, info: Info, input: CommissionMonthInput) -> PayCommissionsPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            made = await paying.pay(session, entity_id, input.month)
            shown = await read_in_many(session, info, "invoices", made[:_SHOWN])
            return PayCommissionsPayload(invoices=shown, count=len(made))

    @mutation(
        "Disputes a record of commission; it is not paid out before there is an answer.",
        requires=Permission.COMMISSIONS_DISPUTE,
        previewable=True,
    )
    async def dispute_commission(self, info: Info, input: DisputeCommissionInput) -> CommissionDisputePayload:
        commission_id = key_of("Commission", input.commission_id, "commissionId")
        async with info.context.write() as session:
            return await _disputed(session, info, await disputes.dispute(session, commission_id, input.reason))

    @mutation("Takes a dispute back that has no answer yet.", requires=Permission.COMMISSIONS_DISPUTE, previewable=True)
    async def withdraw_commission_dispute(self, info: Info, id: DisputeId) -> CommissionDisputePayload:
        async with info.context.write() as session:
            return await _disputed(session, info, await disputes.withdraw(session, key_of("CommissionDispute", id)))

    @mutation(
        "Answers a dispute: with the amount that the record should have come to, or with a rejection.",
        requires=_WRITE,
        previewable=True,
    )
    async def answer_commission_dispute(
        self, info: Info, input: AnswerCommissionDisputeInput
    ) -> CommissionDisputePayload:
        id = key_of("CommissionDispute", input.id, "id")
        async with info.context.write() as session:
            cents = None if input.amount_cents is None else int(input.amount_cents)
            return await _disputed(session, info, await disputes.answer(session, id, input.answer, cents))

    @mutation("Takes the answer to a dispute back, and its correction with it.", requires=_WRITE, previewable=True)
    async def reopen_commission_dispute(self, info: Info, id: DisputeId) -> CommissionDisputePayload:
        async with info.context.write() as session:
            return await _disputed(session, info, await disputes.reopen(session, key_of("CommissionDispute", id)))

    @mutation("Sets what commission an entity pays where nothing else is agreed.", requires=_WRITE, previewable=True)
    async def save_commission_standard(
        self, info: Info, input: SaveCommissionStandardInput
    ) -> SaveCommissionStandardPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            await save_standard(session, entity_id, terms_json(input.commission))
            return SaveCommissionStandardPayload(saved=True)

    @mutation(
        "What past orders would have earned partners under another channel or other terms; changes nothing. Bonuses, "
        "penalties and what was credited since are left out on both sides.",
        requires=_WRITE,
    )
    async def simulate_commission(self, info: Info, input: SimulateCommissionInput) -> SimulateCommissionPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        change = _change(input)
        async with info.context.write() as session:
            made = await simulating.simulate(session, entity_id, input.since, input.until, change)
            return await _simulated(session, info, made)


async def _disputed(session: Any, info: Info, dispute: Any) -> CommissionDisputePayload:
    return CommissionDisputePayload(
        dispute=await read_in(session, info, "dispute", dispute.id),
        commission=await read_in(session, info, "commission", dispute.commission_id),
    )


# --- simulating -------------------------------------------------------------------------------------------------------


def _change(input: SimulateCommissionInput) -> Change:
    with Faults() as faults:
        for name in ("moves", "terms"):
            if len(getattr(input, name)) > MOST_CHANGES:
                faults.add(TooMany(maximum=MOST_CHANGES, field=(name,)))
    return Change(_moves(input.moves), _terms(input.terms))


def _moves(inputs: list[MovedOrganizationInput]) -> dict[UUID, UUID | None]:
    moves: dict[UUID, UUID | None] = {}
    for place, move in enumerate(inputs):
        id = key_of("Organization", move.organization_id, f"moves.{place}.organizationId")
        if id in moves:
            raise Duplicate(field=("moves", place, "organization_id"))
        moves[id] = optional_key("Organization", move.parent_id, f"moves.{place}.parentId")
    return moves


def _terms(inputs: list[ChangedTermsInput]) -> dict[UUID | None, Any]:
    found: dict[UUID | None, Any] = {}
    with Faults() as faults:
        for place, changed in enumerate(inputs):
            with faults.at("terms", place):
                id = optional_key("Organization", changed.organization_id, f"terms.{place}.organizationId")
                if id in found:
                    raise Duplicate(field=("organization_id",))
                with faults.at("commission"):
                    found[id] = parse(terms_json(changed.commission) or {}, with_partner=id is not None)
    return found


async def _simulated(session: Any, info: Info, made: Simulated) -> SimulateCommissionPayload:
    shown, language = made.differences[:_SHOWN], info.context.language
    return SimulateCommissionPayload(
        orders=made.orders,
        before=recorded(sum(o.before for o in made.differences), made.currency, "simulation.before", language),
        after=recorded(sum(o.after for o in made.differences), made.currency, "simulation.after", language),
        count=len(made.differences),
        beneficiaries=await read_in_many(session, info, "beneficiaries", [one.beneficiary_id for one in shown]),
        differences=[
            CommissionDifference(
                beneficiary_id=strawberry.ID(global_id("Organization", one.beneficiary_id)),
                before=recorded(one.before, made.currency, "simulation.before", language),
                after=recorded(one.after, made.currency, "simulation.after", language),
                difference=_difference(one.before, one.after, made.currency, language),
            )
            for one in shown
        ],
    )


def _difference(before: int, after: int, currency: str, language: str) -> Money:
    inputs = [("after", after), ("before", before)]
    return amount_of(after - before, currency, "simulation.difference", inputs, language)
