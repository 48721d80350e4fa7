"""What partners hand in and sign: decisions on documents, and the agreement with the processing agreement."""

from datetime import date
from typing import Annotated

import strawberry

from api.agreements import Agreement
from api.context import Info
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.onboarding import PartnerAgreementSignature, PartnerDocument
from api.reading import BigInt, Connection, Sort, field, read_connection, read_in
from api.reading.ids import global_id
from domain.catalog import values
from domain.errors import Faults
from domain.onboarding import agreement as signing
from domain.onboarding import documents
from domain.onboarding.agreement import Signer
from domain.onboarding.models import AgreementSignature as SignatureRow
from tenants.acting import acting_as
from tenants.permissions import Permission

_MANAGE = Permission.PARTNERS_MANAGE
DocumentId = Annotated[strawberry.ID, strawberry.argument(description="The version of the document.")]
EntityId = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
OrganizationId = Annotated[strawberry.ID, strawberry.argument(description="The partner.")]
SIGNATURE_SORT = Sort(SignatureRow, created_at="When it was signed.", default="-created_at")


@strawberry.type(description="An agreement as it is to be signed.")
class AgreementToSign:
    agreement_id: strawberry.ID = strawberry.field(description="The agreement.")
    text: str = strawberry.field(description="What is signed, word for word, in your language.")
    sha256: str = strawberry.field(description="Ties the signature to this text; give it to signPartnerAgreement.")


@strawberry.type(description="What a decision on a document returns.")
class PartnerDocumentPayload(Payload):
    document: PartnerDocument | None = strawberry.field(default=None, description="The version as it is now.")


@strawberry.input(description="A signature for a partner.")
class SignPartnerAgreementInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="Your organization.")
    sha256: str = strawberry.field(description="Of the text that was shown, from agreementToSign.")
    name: str = strawberry.field(description="Your full name.")
    job_title: str = strawberry.field(description="As what you sign, at most 100 characters.")


@strawberry.type(description="What signPartnerAgreement returns.")
class SignPartnerAgreementPayload(Payload):
    signature: PartnerAgreementSignature | None = strawberry.field(default=None, description="The signature.")
    agreement: Agreement | None = strawberry.field(default=None, description="The agreement that was signed.")


@strawberry.type
class PartnerPapersQueries:
    agreement_signatures: Connection[PartnerAgreementSignature] = read_connection(
        "Signatures of partners under their agreements.", order=SIGNATURE_SORT, requires=Permission.PARTNERS_READ
    )

    @field("The agreement in force as it is to be signed.", requires=Permission.PARTNERS_READ)
    async def agreement_to_sign(
        self, info: Info, entity_id: EntityId, organization_id: OrganizationId
    ) -> AgreementToSign | None:
        entity, organization = key_of("BusinessEntity", entity_id, "entityId"), key_of("Organization", organization_id)
        async with info.context.read() as session:
            found = await signing.find_to_sign(session, entity, organization, info.context.language)
        return _to_sign(found) if found else None


@strawberry.type
class PartnerPapersMutations:
    @mutation(
        "Finds a document in order; what is read on it takes the place of what was said. The version before is "
        "superseded.",
        requires=_MANAGE,
    )
    async def verify_partner_document(
        self,
        info: Info,
        id: DocumentId,
        expires_on: Annotated[date | None, strawberry.argument(description="Its last day as it stands there.")] = None,
        insured_cents: Annotated[
            BigInt | None, strawberry.argument(description="What is insured per claim, in euro cents.")
        ] = None,
    ) -> PartnerDocumentPayload:
        key = key_of("PartnerDocument", id)
        with Faults() as faults:
            cents = None if insured_cents is None else faults.take(values.cents, insured_cents, "insured_cents")
        async with info.context.system() as session:
            row = await documents.verify(session, info.context.actor, key, expires_on=expires_on, insured_cents=cents)
            async with acting_as(session, info.context.actor):
                return PartnerDocumentPayload(document=await read_in(session, info, "document", row.id))

    @mutation("Finds a document wanting; the partner is told why.", requires=_MANAGE)
    async def reject_partner_document(
        self,
        info: Info,
        id: DocumentId,
        reason: Annotated[str, strawberry.argument(description="Why, at most 1000 characters.")],
    ) -> PartnerDocumentPayload:
        async with info.context.system() as session:
            row = await documents.reject(session, info.context.actor, key_of("PartnerDocument", id), reason)
            async with acting_as(session, info.context.actor):
                return PartnerDocumentPayload(document=await read_in(session, info, "document", row.id))

    @mutation("Takes the decision on the newest version of a document back.", requires=_MANAGE)
    async def reconsider_partner_document(self, info: Info, id: DocumentId) -> PartnerDocumentPayload:
        async with info.context.system() as session:
            row = await documents.reconsider(session, info.context.actor, key_of("PartnerDocument", id))
            async with acting_as(session, info.context.actor):
                return PartnerDocumentPayload(document=await read_in(session, info, "document", row.id))

    @mutation(
        "Signs the agreement with its processing agreement for your organization.",
        requires=Permission.INTEGRATIONS_MANAGE,
        idempotent=True,
    )
    async def sign_partner_agreement(self, info: Info, input: SignPartnerAgreementInput) -> SignPartnerAgreementPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        asked = info.context.request
        signer = Signer(input.name, input.job_title, asked.ip_address, asked.user_agent)
        async with info.context.system() as session:
            actor = info.context.actor
            made = await signing.sign(session, actor, organization_id, entity_id, input.sha256, signer)
            async with acting_as(session, actor):
                return SignPartnerAgreementPayload(
                    signature=await read_in(session, info, "signature", made.id),
                    agreement=await read_in(session, info, "agreement", made.agreement_id),
                )


def _to_sign(found: signing.Signable) -> AgreementToSign:
    return AgreementToSign(
        agreement_id=strawberry.ID(global_id("Agreement", found.agreement.id)), text=found.text, sha256=found.sha256
    )
