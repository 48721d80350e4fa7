"""Partners on their way to going live: where they stand, their steps, documents and tasks."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import Integer, cast, func, select
from strawberry.scalars import JSON

from api.context import Info
from api.enums import described
from api.inputs import key_of
from api.listing import of_organizations
from api.reading import (
    BigInt,
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    embedded,
    expression,
    field,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.onboarding import criteria, steps
from domain.onboarding.advancing import SETTLED
from domain.onboarding.criteria import DocumentType
from domain.onboarding.models import (
    AgreementSignature as SignatureRow,
)
from domain.onboarding.models import (
    OnboardingState,
    PartnerDocumentState,
    StepOwner,
    StepState,
    TaskOwner,
    TaskState,
    WayIn,
)
from domain.onboarding.models import OnboardingStep as StepRow
from domain.onboarding.models import PartnerDocument as DocumentRow
from domain.onboarding.models import PartnerOnboarding as OnboardingRow
from domain.onboarding.models import PartnerTask as TaskRow
from domain.rows import find
from tenants.audience import Audience
from tenants.models import BusinessEntity as EntityRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoice_documents import Document
    from api.organizations import Organization
    from api.users import User

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
DocumentRef = Annotated["Document", strawberry.lazy("api.invoice_documents")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
_READ, _STAFF = Permission.PARTNERS_READ, [Audience.STAFF, Audience.SYSTEM]

described(
    OnboardingState,
    "Where a partner is on its way; the first six follow each other.",
    APPLIED="Applied for: address, registers and criteria are checked, and it is decided.",
    DOCUMENTS="Documents, agreement and commission.",
    TECHNICAL="Credentials, article map, prices and the way in.",
    SANDBOX="The checks in the sandbox.",
    GO_LIVE="The gate is open; the partner says when.",
    LIVE="Orders are real.",
    REJECTED="Decided against; can be reopened.",
    WITHDRAWN="Given up; can be reopened.",
)
described(
    WayIn,
    "How a partner sends orders.",
    API="To the HTTP endpoint.",
    WEBHOOK="In a form of its own, to a mapped webhook.",
    FORM="By a hosted form.",
    EMAIL="By mail.",
    PORTAL="By its people, in the portal.",
)
described(
    StepState,
    "What is with a step.",
    WAITING="Not taken yet.",
    DONE="Taken.",
    FAILED="Looked at and found wanting.",
    WAIVED="Gone without, for a reason that is recorded.",
)
described(
    StepOwner, "Who takes a step.", SYSTEM="Nobody: it is checked.", PARTNER="The partner.", STAFF="The entity's staff."
)
described(TaskOwner, "Whose a task is.", STAFF="The entity's staff.", PARTNER="The partner.")
described(TaskState, "What is with a task.", OPEN="To be done.", DONE="Done.", CANCELLED="Not needed any more.")
described(
    PartnerDocumentState,
    "What a version of a document is worth.",
    PENDING="Waits to be looked at.",
    VERIFIED="Found in order.",
    REJECTED="Found wanting.",
    EXPIRED="Was in order until it expired.",
    SUPERSEDED="A later version took its place.",
)
described(
    DocumentType,
    "What a partner may have to show.",
    COMPANY_EXTRACT="An extract of the Chamber of Commerce.",
    LIABILITY_INSURANCE="Liability insurance.",
    PROFESSIONAL_INDEMNITY="Professional indemnity insurance.",
    SAFETY_CERTIFICATE="A safety certificate, such as VCA.",
    INSTALLER_CERTIFICATE="Recognition as installer.",
    SECURITY_CERTIFICATE="A certificate of information security, such as ISO 27001.",
    TAX_STATEMENT="A statement of the tax authority.",
)


@reads(StepRow, audiences=_STAFF)
@strawberry.type(description="What a step was decided by; for staff.")
class StepEvidence:
    detail: JSON = column("What a register said, which organizations are alike, what was found.")


@reads(StepRow, source=of_organizations)
@strawberry.type(description="One thing that has to hold before a partner goes on.")
class OnboardingStep(Node):
    code: str = column("What it is, such as SKU_MAP or DOCUMENT_LIABILITY_INSURANCE.")
    stage: OnboardingState = column("At which stage it is taken.")
    owner: StepOwner = column("Who takes it.")
    required: bool = column("Whether one may not go on without it.")
    state: StepState = column("Whether it is taken.")
    judged: bool = column("Whether a person of the entity settled it; else it follows from the facts.")
    reason: str | None = column("Why it was judged so.")
    settled_at: datetime | None = column("Since when.")
    evidence: StepEvidence | None = embedded("What it was decided by; for staff.")


@reads(TaskRow, audiences=_STAFF)
@strawberry.type(description="Who sees to a task of the entity; for staff.")
class TaskHandling:
    note: str = column("What was done.")
    assigned_to: UserRef | None = related("The colleague who took it.", on=lambda t, u: u.id == t.assigned_to_user_id)


@filters(TaskRow)
@strawberry.input(description="Which tasks; all conditions hold together.")
class PartnerTaskFilter:
    state: EnumFilter[TaskState] | None = match("By whether it is open.")
    owner: EnumFilter[TaskOwner] | None = match("By whose it is.")
    kind: TextFilter | None = match("By kind, such as VERIFY_DOCUMENT or the code of a step.")
    organization_id: IDFilter | None = match("About this partner.", node="Organization")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    due_on: DateFilter | None = match("By the day it is due.")
    overdue: bool | None = condition(
        "Whether its day has passed and it is open.",
        lambda t, value: ((t.due_on < func.current_date()) & (t.state == "OPEN")) == value,
    )


TASK_SORT = Sort(TaskRow, created_at="When it was opened.", due_on="By the day it is due.", default="-created_at")


@reads(TaskRow, source=of_organizations)
@strawberry.type(description="Something that a person has to do about a partner.")
class PartnerTask(Node):
    owner: TaskOwner = column("Whose it is.")
    kind: str = column("What kind of thing.")
    title_nl: str = column("What is to be done, in Dutch.")
    title_en: str = column("The same in English.")
    due_on: date = column("The day it is due.")
    state: TaskState = column("Whether it is open.")
    done_at: datetime | None = column("When it was closed.")
    created_at: datetime = column("When it was opened.")
    organization: OrganizationRef | None = related("The partner.", on=lambda t, o: o.id == t.organization_id)
    entity: EntityRef | None = related("The business entity.", on=lambda t, e: e.id == t.entity_id)
    handling: TaskHandling | None = embedded("Who sees to it; for staff.")


@filters(DocumentRow)
@strawberry.input(description="Which documents of partners; all conditions hold together.")
class PartnerDocumentFilter:
    kind: EnumFilter[DocumentType] | None = match("By what it is.")
    state: EnumFilter[PartnerDocumentState] | None = match("By what it is worth.")
    organization_id: IDFilter | None = match("Of this partner.", node="Organization")
    entity_id: IDFilter | None = match("For this business entity.", node="BusinessEntity")
    expires_on: DateFilter | None = match("By its last day.")


PARTNER_DOCUMENT_SORT = Sort(
    DocumentRow, created_at="When it was handed in.", expires_on="By its last day.", default="-created_at"
)


@reads(DocumentRow, source=of_organizations)
@strawberry.type(description="One version of an insurance, certificate or extract of a partner.")
class PartnerDocument(Node):
    kind: DocumentType = column("What it is.")
    number: int = column("Which version of its kind, from 1.")
    reference: str = column("Number of the policy or certificate.")
    issuer: str = column("Who made it out.")
    insured_cents: BigInt | None = column("What is insured per claim, in euro cents.")
    issued_on: date | None = column("Its date.")
    expires_on: date | None = column("Its last day.")
    state: PartnerDocumentState = column("What it is worth.")
    reason: str | None = column("Why it was rejected.")
    decided_at: datetime | None = column("When that was decided last.")
    created_at: datetime = column("When it was handed in.")
    file: DocumentRef | None = related("The file; createDocumentLink opens it.", on=lambda d, f: f.id == d.document_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda d, o: o.id == d.organization_id)
    entity: EntityRef | None = related("For which business entity.", on=lambda d, e: e.id == d.entity_id)


@reads(SignatureRow, source=of_organizations)
@strawberry.type(description="That somebody signed an agreement for a partner.")
class PartnerAgreementSignature(Node):
    text: str = column("What was signed, word for word.")
    text_sha256: str = column("Its SHA-256 in hexadecimal digits.")
    processing_agreement_version: str = column("Which text on processing personal data it holds.")
    signer_name: str = column("Who signed.")
    signer_job_title: str = column("As what.")
    created_at: datetime = column("When.")
    organization: OrganizationRef | None = related("The partner.", on=lambda s, o: o.id == s.organization_id)


@filters(OnboardingRow)
@strawberry.input(description="Which onboardings; all conditions hold together.")
class PartnerOnboardingFilter:
    state: EnumFilter[OnboardingState] | None = match("By where it is.")
    category: TextFilter | None = match("By category.")
    way_in: EnumFilter[WayIn] | None = match("By how it will send orders.")
    organization_id: IDFilter | None = match("Of this organization.", node="Organization")
    entity_id: IDFilter | None = match("With this business entity.", node="BusinessEntity")
    number: TextFilter | None = match("By number.")
    confirmed: bool | None = condition(
        "Whether the applicant proved the e-mail address.", lambda o, value: (o.confirmed_at.is_not(None)) == value
    )
    created_at: DateTimeFilter | None = match("By when it was applied for.")


ONBOARDING_SORT = Sort(OnboardingRow, created_at="When it was applied for.", number="By number.", default="-created_at")


def _share(row: type[OnboardingRow]) -> object:
    """Whole percent of the required steps that are settled."""
    settled = func.count().filter(StepRow.state.in_([state.value for state in SETTLED]))
    percent = cast(func.floor(100 * settled / func.greatest(func.count(), 1)), Integer)
    return select(percent).where(StepRow.onboarding_id == row.id, StepRow.required).scalar_subquery()


@reads(OnboardingRow, source=of_organizations)
@strawberry.type(description="A partner's way from application to going live.")
class PartnerOnboarding(Node):
    number: str = column("Such as CC-P-2026-00012.")
    category: str = column("Category of partners, such as ENERGY; onboardingCategories says what it asks.")
    criteria: JSON = column("What the category asked when it was applied for.", name="definition")
    state: OnboardingState = column("Where it is.")
    way_in: WayIn = column("How it will send orders.")
    company_name: str = column("Name of the company.")
    legal_name: str | None = column("Its name in the register.")
    kvk_number: str | None = column("Its chamber of commerce number.")
    vat_number: str | None = column("Its VAT number.")
    website: str | None = column("Its web site.")
    contact_name: str = column("Whom it is arranged with.")
    email: str = column("That person's address.")
    phone: str | None = column("That person's telephone number, E.164.")
    job_title: str | None = column("What that person does.")
    orders_per_month: int | None = column("How many orders are expected.")
    message: str = column("What the applicant wrote.")
    confirmed_at: datetime | None = column("When the applicant proved the e-mail address.")
    closed_at: datetime | None = column("When it was rejected or withdrawn.")
    closed_from: OnboardingState | None = column("Where it was then, and goes on when it is reopened.")
    closed_reason: str | None = column("Why.")
    live_at: datetime | None = column("When it went live.")
    created_at: datetime = column("When it was applied for.")
    updated_at: datetime = column("When it changed last.")
    progress: int = expression("Percent of the required steps that are taken.", _share)
    entity: EntityRef | None = related("The business entity.", on=lambda o, e: e.id == o.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; null until it is accepted.", on=lambda o, p: p.id == o.organization_id
    )
    parent: OrganizationRef | None = related(
        "Below whom it is to stand.", on=lambda o, p: p.id == o.parent_organization_id
    )
    contact: ContactRef | None = related("The person as we know them.", on=lambda o, c: c.id == o.contact_id)
    steps: list[OnboardingStep] = related_list(
        "All steps, in their order.", on=lambda o, s: s.onboarding_id == o.id, order_by=lambda s: s.position
    )
    tasks: Connection[PartnerTask] = related_connection(
        "What people have to do about it.",
        on=lambda o, t: t.onboarding_id == o.id,
        filter=PartnerTaskFilter,
        order=TASK_SORT,
    )
    documents: Connection[PartnerDocument] = related_connection(
        "The partner's documents, all versions.",
        on=lambda o, d: (d.organization_id == o.organization_id) & (d.entity_id == o.entity_id),
        filter=PartnerDocumentFilter,
        order=PARTNER_DOCUMENT_SORT,
    )


@strawberry.type(description="What a category of partners is asked.")
class OnboardingCategoryDefinition:
    code: str = strawberry.field(description="Such as ENERGY.")
    definition: JSON = strawberry.field(description="Criteria, documents, prices, commission, deadlines.")
    steps: list[str] = strawberry.field(description="Codes of the steps of a partner that uses the API, in order.")


EntityId = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]


@strawberry.type
class OnboardingQueries:
    partner_onboarding: PartnerOnboarding | None = read_one("One partner's way to going live.", requires=_READ)
    partner_onboardings: Connection[PartnerOnboarding] = read_connection(
        "Applications and partners on their way.",
        filter=PartnerOnboardingFilter,
        order=ONBOARDING_SORT,
        requires=_READ,
    )
    partner_documents: Connection[PartnerDocument] = read_connection(
        "Documents of partners, all versions.",
        filter=PartnerDocumentFilter,
        order=PARTNER_DOCUMENT_SORT,
        requires=_READ,
    )
    partner_tasks: Connection[PartnerTask] = read_connection(
        "What people have to do about partners.", filter=PartnerTaskFilter, order=TASK_SORT, requires=_READ
    )

    @field("What an entity asks of its categories of partners.", requires=Permission.PARTNERS_MANAGE, most=40)
    async def onboarding_categories(self, info: Info, entity_id: EntityId) -> list[OnboardingCategoryDefinition]:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.read() as session:
            await find(session, EntityRow, key, field=("entity_id",))
            found = await criteria.all_of(session, key)
        return [category_of(code, definition) for code, definition in found.items()]


def category_of(code: str, definition: criteria.Definition) -> OnboardingCategoryDefinition:
    """A category as clients see it."""
    codes = [step.code for step in steps.of(definition, WayIn.API)]
    return OnboardingCategoryDefinition(code=code, definition=JSON(criteria.as_json(definition)), steps=codes)


TYPES = (
    PartnerOnboarding,
    OnboardingStep,
    PartnerTask,
    PartnerDocument,
    PartnerAgreementSignature,
    TaskHandling,
    StepEvidence,
)
