"""What was agreed with partners."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func
from strawberry.scalars import JSON
from strawberry.types import Info

import api.catalog  # noqa: F401  # describes the categories of articles before they are used here
from api.commission_inputs import CommissionTermsInput, terms_json
from api.context import Context
from api.enums import described
from api.inputs import given, key_of
from api.listing import of_organizations
from api.mutations import PreviewablePayload, mutation
from api.reading import (
    Connection,
    Node,
    Sort,
    column,
    condition,
    expression,
    filters,
    match,
    read_connection,
    read_in,
    reads,
    related,
)
from api.reading.ids import parse_id_of
from domain import validation
from domain.agreements import service
from domain.agreements.models import Agreement as AgreementRow
from domain.agreements.models import PartnerWithoutLines, PayerProposal
from domain.catalog.models import ArticleCategory
from domain.errors import Duplicate
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.commissions import CommissionTerms
    from api.entities import BusinessEntity
    from api.organizations import Organization

OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
CommissionTermsRef = Annotated["CommissionTerms", strawberry.lazy("api.commissions")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]

described(
    PayerProposal,
    "Who is proposed to pay a line.",
    CUSTOMER="The end customer.",
    PARTNER="The partner whose account it is on.",
    ORGANIZATION="Another organization, named in the agreement.",
)
described(
    PartnerWithoutLines,
    "What a partner does with a quote on which it pays nothing.",
    ACKNOWLEDGE="It takes note of the quote before the order proceeds.",
    WAIVE="Nothing; the waiver is recorded.",
)


@reads(AgreementRow, source=of_organizations)
@strawberry.type(description="What a business entity and a partner agreed; covers the partner's subtree.")
class Agreement(Node):
    entity: EntityRef | None = related("The entity.", on=lambda a, e: e.id == a.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda a, o: o.id == a.organization_id)
    valid_from: datetime | None = expression("First moment.", lambda a: func.lower(a.valid))
    valid_until: datetime | None = expression("End, not included; none while in force.", lambda a: func.upper(a.valid))
    default_payer: PayerProposal = column("Who pays the lines of categories that are not named.")
    payer_by_category: JSON = column("Who pays, per article category: CUSTOMER, PARTNER or the key of an organization.")
    partner_signs: bool = column("Whether the partner signs its own lines.")
    partner_without_lines: PartnerWithoutLines = column("What it does with a quote without lines of its own.")
    quote_valid_days: int | None = column("How long its quotes are valid; none for the entity's own term.")
    payment_terms_days: int | None = column("Days in which it pays; none for the entity's own term.")
    processing_agreement_version: str | None = column("Which text on processing personal data was signed, if any.")
    processing_agreement_signed_on: date | None = column("Day on which it was signed.")
    commission_terms: CommissionTermsRef | None = related(
        "What is agreed about commission; null where the entity's standard holds. For staff.",
        on=lambda a, t: t.agreement_id == a.id,
        order_by=lambda t: t.id.desc(),
    )


@filters(AgreementRow)
@strawberry.input(description="Which agreements; all conditions hold together.")
class AgreementFilter:
    organization_id: strawberry.ID | None = match("With this partner.", node="Organization")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    in_force: bool | None = condition(
        "Whether it is in force now.", lambda a, value: a.valid.op("@>")(func.now()) == value
    )


AGREEMENT_SORT = Sort(AgreementRow, created_at="When it was made.", default="-created_at")


@strawberry.type
class AgreementQueries:
    agreements: Connection[Agreement] = read_connection(
        "Agreements, past ones included.",
        filter=AgreementFilter,
        order=AGREEMENT_SORT,
        requires=Permission.ORGANIZATIONS_READ,
    )


@strawberry.input(description="Who pays the lines of one category of articles.")
class CategoryPayerInput:
    category: ArticleCategory = strawberry.field(description="The category.")
    payer: PayerProposal = strawberry.field(description="Who pays.")
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organization, where the payer is ORGANIZATION."
    )


@strawberry.input(description="What is agreed from now on; what is left out takes its default.")
class AgreementInput:
    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    default_payer: PayerProposal = strawberry.field(
        default=PayerProposal.CUSTOMER, description="Who pays where no category says otherwise."
    )
    payer_by_category: list[CategoryPayerInput] = strawberry.field(
        default_factory=list, description="Who pays per category, each named once."
    )
    partner_signs: bool = strawberry.field(default=True, description="Whether the partner signs its own lines.")
    partner_without_lines: PartnerWithoutLines = strawberry.field(
        default=PartnerWithoutLines.ACKNOWLEDGE, description="What it does with a quote without lines of its own."
    )
    quote_valid_days: int | None = strawberry.field(default=None, description="1 to 365 days.")
    payment_terms_days: int | None = strawberry.field(default=None, description="0 to 365 days.")
    processing_agreement_version: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Which text on processing personal data was signed; with it the day. Both left out: as it was.",
    )
    processing_agreement_signed_on: date | None = strawberry.field(
        default=strawberry.UNSET, description="Day on which it was signed, today at the latest; null for both: none."
    )
    commission: CommissionTermsInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="What commission is agreed. Left out: as it was; null: the entity's standard.",
    )


@strawberry.type(description="What saveAgreement returns.")
class SaveAgreementPayload(PreviewablePayload):
    agreement: Agreement | None = strawberry.field(default=None, description="The agreement in force.")


@strawberry.type
class AgreementMutations:
    @mutation(
        "Agree anew with a partner; the agreement in force ends and stays readable.",
        requires=Permission.WORKFLOW_CONFIGURE,
        previewable=True,
    )
    async def save_agreement(self, info: Info[Context], input: AgreementInput) -> SaveAgreementPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        async with info.context.write() as session:
            agreement = await service.save_agreement(session, entity_id, organization_id, _terms(input))
            return SaveAgreementPayload(agreement=await read_in(session, info, "agreement", agreement.id))


def _terms(input: AgreementInput) -> dict[str, Any]:
    terms = given(input, but=("entity_id", "organization_id"))
    terms["payer_by_category"] = _payers(input.payer_by_category)
    if "commission" in terms:
        terms["commission"] = terms_json(terms["commission"])
    for column_name, minimum in (("quote_valid_days", 1), ("payment_terms_days", 0)):
        if terms[column_name] is not None:
            validation.integer(terms[column_name], minimum, 365, column_name)
    return terms


def _payers(inputs: list[CategoryPayerInput]) -> dict[str, str]:
    payers: dict[str, str] = {}
    for place, payer in enumerate(inputs):
        if payer.category.value in payers:
            raise Duplicate(field=("payer_by_category", place, "category"))
        payers[payer.category.value] = _payer(payer)
    return payers


def _payer(payer: CategoryPayerInput) -> str:
    if payer.payer is not PayerProposal.ORGANIZATION:
        return payer.payer.value
    kinds = frozenset({"Organization"})
    return str(parse_id_of(kinds, payer.organization_id or "", "payerByCategory.organizationId"))


TYPES = (Agreement,)
