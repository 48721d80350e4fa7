"""How partners' mails are read: the versions of their templates."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from api.context import Context
from api.enums import described
from api.inputs import key_of
from api.listing import of_organizations
from api.mutations import Payload, mutation
from api.reading import (
    Connection,
    EnumFilter,
    Node,
    Sort,
    column,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
)
from domain.errors import Duplicate
from domain.mail_reading import service
from domain.mail_reading.models import MailTemplate as TemplateRow
from domain.mail_reading.models import TemplateOrigin, TemplateState
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
_READ, _MANAGE = Permission.PARTNER_ORDERS_READ, Permission.PARTNER_ORDERS_RESOLVE

described(
    TemplateState,
    "Whether a version of a template counts.",
    ACTIVE="Mails are read by it.",
    RETIRED="A later version took its place.",
)
described(
    TemplateOrigin,
    "How a version of a template came to be.",
    LEARNED="From the correction of what was read in a mail.",
    WRITTEN="Somebody stated its rules.",
    RESTORED="It repeats an earlier version.",
)


@reads(TemplateRow, source=of_organizations)
@strawberry.type(description="A version of what is known of how a partner writes its mails. For staff.")
class MailTemplate(Node):
    entity: EntityRef | None = related("The business entity.", on=lambda t, e: e.id == t.entity_id)
    organization: OrganizationRef | None = related("The partner.", on=lambda t, o: o.id == t.organization_id)
    name: str = column("Which of the partner's templates it is a version of.")
    version: int = column("From 1; every change makes a new one.")
    state: TemplateState = column("Whether mails are read by it.")
    origin: TemplateOrigin = column("How it came to be.")
    rules: JSON = column("What somebody stated: `labels` (words → field) and `aliases` (words → article number).")
    learned: JSON = column("What corrections taught, each rule with how often it was right and wrong since.")
    note: str = column("What changed; of a restored one, the number of the version that it repeats.")
    created_at: datetime = column("When it was made.")
    retired_at: datetime | None = column("When a later version took its place.")


@filters(TemplateRow)
@strawberry.input(description="Which templates; all conditions hold together.")
class MailTemplateFilter:
    organization_id: strawberry.ID | None = match("Of this partner.", node="Organization")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    state: EnumFilter[TemplateState] | None = match("By whether they count.")
    origin: EnumFilter[TemplateOrigin] | None = match("By how they came to be.")


MAIL_TEMPLATE_SORT = Sort(TemplateRow, created_at="When it was made.", default="-created_at")


@strawberry.type
class MailTemplateQueries:
    mail_template: MailTemplate | None = read_one("One version of a template.", requires=_READ)
    mail_templates: Connection[MailTemplate] = read_connection(
        "Versions of templates of mails, retired ones included.",
        filter=MailTemplateFilter,
        order=MAIL_TEMPLATE_SORT,
        requires=_READ,
    )


@strawberry.input(description="Words that stand before a value in a partner's mails, and which field it is.")
class MailLabelInput:
    words: str = strawberry.field(description="As in the mail, such as `Aanmeldcode`; capitals do not count.")
    path: str = strawberry.field(
        description="JSON path of the partner document, such as `$.customer.name`; `partner_sku`, `quantity`, "
        "`description` of products; `address` for street, number, postcode and place together, `numbered street`, "
        "`place` for postcode and place, `reach` for telephone and mail address; empty for what is not of the order."
    )


@strawberry.input(description="What a partner calls an article in its mails.")
class MailAliasInput:
    words: str = strawberry.field(description="As in the mail; capitals and punctuation do not count.")
    sku: str = strawberry.field(description="The partner's article number; it counts once that is mapped.")


@strawberry.input(description="The stated rules of a partner's template, instead of those stated before.")
class MailTemplateInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    organization_id: strawberry.ID = strawberry.field(description="The partner.")
    labels: list[MailLabelInput] = strawberry.field(default_factory=list, description="Each words once; at most 300.")
    aliases: list[MailAliasInput] = strawberry.field(default_factory=list, description="Each words once; at most 300.")
    note: str = strawberry.field(default="", description="Why; at most 500 characters.")


@strawberry.type(description="What saveMailTemplate returns.")
class SaveMailTemplatePayload(Payload):
    mail_template: MailTemplate | None = strawberry.field(default=None, description="The version that counts now.")


@strawberry.type(description="What restoreMailTemplate returns.")
class RestoreMailTemplatePayload(Payload):
    mail_template: MailTemplate | None = strawberry.field(default=None, description="The version that counts now.")


@strawberry.type
class MailTemplateMutations:
    @mutation("States how a partner's mails are read; what was learned stays beside it.", requires=_MANAGE)
    async def save_mail_template(self, info: Info[Context], input: MailTemplateInput) -> SaveMailTemplatePayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        organization_id = key_of("Organization", input.organization_id, "organizationId")
        async with info.context.write() as session:
            made = await service.state(
                session,
                entity_id=entity_id,
                organization_id=organization_id,
                label_paths=_once("labels", [(label.words, label.path) for label in input.labels]),
                alias_skus=_once("aliases", [(alias.words, alias.sku) for alias in input.aliases]),
                note=input.note,
            )
            return SaveMailTemplatePayload(mail_template=await read_in(session, info, "mail_template", made.id))

    @mutation("Goes back to an earlier version of a template, as a new version.", requires=_MANAGE)
    async def restore_mail_template(
        self,
        info: Info[Context],
        id: Annotated[strawberry.ID, strawberry.argument(description="The version to go back to.")],
    ) -> RestoreMailTemplatePayload:
        async with info.context.write() as session:
            made = await service.restore(session, key_of("MailTemplate", id))
            return RestoreMailTemplatePayload(mail_template=await read_in(session, info, "mail_template", made.id))


def _once(name: str, rules: list[tuple[str, str]]) -> dict[str, str]:
    """By words; Duplicate where they are named twice."""
    kept: dict[str, str] = {}
    for place, (words, meant) in enumerate(rules):
        if words in kept:
            raise Duplicate(field=(name, place, "words"))
        kept[words] = meant
    return kept


TYPES = (MailTemplate,)
