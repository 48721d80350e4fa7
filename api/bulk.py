"""Exports and imports of many records: asked for, followed, stopped and taken back."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import Text as SqlText
from sqlalchemy import case, cast, func, literal, null
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.enums import described
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.reading import (
    BigInt,
    Connection,
    EnumFilter,
    Listing,
    Node,
    Sort,
    Source,
    column,
    expression,
    filters,
    match,
    read_connection,
    read_in,
    read_one,
    reads,
    related,
)
from domain.bulk import operations
from domain.bulk.models import BulkKind, BulkState, BulkSubject
from domain.bulk.models import BulkOperation as Row
from domain.bulk.operations import Wanted
from domain.bulk.options import Options
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.jobs import Job
    from api.organizations import Organization

EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]
READERS = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
PATH = "/bulk/"
_RUN = Permission.BULK_RUN

described(BulkKind, "Which way records go.", EXPORT="Out.", IMPORT="In.")
described(
    BulkSubject,
    "What the records are. Partner orders, contacts, article numbers and prices can be imported.",
    ORDERS="Orders with their lines.",
    QUOTES="Quotes with their lines.",
    CONTACTS="Customers and organizations; only persons can be imported.",
    INVOICES="Invoices.",
    PARTNER_ORDERS="What partners sent, whatever way.",
    PARTNER_SKUS="Partners' article numbers.",
    PRICES="Prices of price lists.",
    EVENTS="The event log.",
)
described(
    BulkState,
    "Where an export or import is.",
    UPLOADING="The file of an import is coming in.",
    QUEUED="It waits for its turn.",
    RUNNING="A worker is at it.",
    DONE="All records were looked at.",
    FAILED="It stopped; what was done until then stays.",
    CANCELLED="Somebody stopped it; what was done until then stays.",
    UNDOING="What the import made is being taken back.",
    UNDONE="What the import made was taken back, as far as nobody changed or used it.",
)


def _own(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity and partners walk their own index."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.organization_id == listing.actor.organization_id])
    return None


def _path(name: str, condition: Any) -> Any:
    """Where a file is, while it is."""

    def made(row: Any) -> Any:
        there = condition(row) & row.files_gone_at.is_(None)
        return case((there, func.concat(PATH, row.id, f"/{name}")), else_=cast(null(), SqlText))

    return made


@reads(Row, audiences=READERS, source=_own)
@strawberry.type(description="Many records that go out or come in as a file of JSON lines.")
class BulkOperation(Node):
    kind: BulkKind = column("Which way.")
    subject: BulkSubject = column("What the records are.")
    state: BulkState = column("Where it is.")
    total: BigInt | None = column("How many records there are, as soon as that is known.")
    done: BigInt = column("How many were looked at.", name="position")
    failed: BigInt = column("How many of an import were refused.")
    undone: BigInt = column("How many were taken back.")
    check_only: bool = expression(
        "Whether it is an import that changes nothing.",
        lambda row: func.coalesce(row.options["check_only"].as_boolean(), literal(False)),
    )
    error: str | None = column("Why it stopped: a code.")
    created_at: datetime = column("When it was asked for.")
    started_at: datetime | None = column("When work on it began.")
    finished_at: datetime | None = column("When it ended.")
    expires_at: datetime = column("When its files are deleted.")
    parts_path: str | None = expression(
        "Where the parts of the file go: POST, the number of the part after it, from 0.",
        _path("parts/", lambda row: row.state == BulkState.UPLOADING),
    )
    result_path: str | None = expression(
        "Where the result is: GET, with the same credentials.", _path("result", lambda row: row.position > row.failed)
    )
    errors_path: str | None = expression(
        "Where the refused lines are, each with its reasons.", _path("errors", lambda row: row.failed > 0)
    )
    undone_path: str | None = expression(
        "Where it stands what became of taking each line back.",
        _path("undone", lambda row: row.state.in_([BulkState.UNDOING, BulkState.UNDONE])),
    )
    entity: EntityRef | None = related("The business entity.", on=lambda row, e: e.id == row.entity_id)
    organization: OrganizationRef | None = related(
        "The partner that it is of; none for one of the entity itself.", on=lambda row, o: o.id == row.organization_id
    )
    job: JobRef | None = related("The job that does it, for who asked.", on=lambda row, j: j.id == row.job_id)


@filters(Row)
@strawberry.input(description="Which operations; all conditions hold together.")
class BulkOperationFilter:
    kind: EnumFilter[BulkKind] | None = match("By way.")
    subject: EnumFilter[BulkSubject] | None = match("By what the records are.")
    state: EnumFilter[BulkState] | None = match("By state.")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")


SORT = Sort(Row, created_at="When it was asked for.", default="-created_at")


@strawberry.type
class BulkQueries:
    bulk_operation: BulkOperation | None = read_one("One export or import.", requires=_RUN)
    bulk_operations: Connection[BulkOperation] = read_connection(
        "Exports and imports that you may see.", filter=BulkOperationFilter, order=SORT, requires=_RUN
    )


_ENTITY = "The business entity; your only one if left out."
_PARTNER = "Only of this partner and those below it; all that you see if left out."


@strawberry.input(description="What to export.")
class BulkExportInput:
    subject: BulkSubject = strawberry.field(description="What the records are.")
    since: datetime | None = strawberry.field(default=None, description="Those made from this time on.")
    until: datetime | None = strawberry.field(default=None, description="Those made before this time.")
    price_list_id: strawberry.ID | None = strawberry.field(default=None, description="Of prices: only of this list.")
    entity_id: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)
    organization_id: strawberry.ID | None = strawberry.field(default=None, description=_PARTNER)


@strawberry.input(description="What to import.")
class BulkImportInput:
    subject: BulkSubject = strawberry.field(description="What the records are.")
    lines: str | None = strawberry.field(
        default=None, description="The file, where it is small: it begins at once. Else send it to `partsPath`."
    )
    check_only: bool = strawberry.field(default=False, description="Say what would come of it, and keep nothing.")
    price_list_id: strawberry.ID | None = strawberry.field(default=None, description="Of prices: into this list.")
    entity_id: strawberry.ID | None = strawberry.field(default=None, description=_ENTITY)
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="The partner that it is for; a partner's own if left out."
    )


@strawberry.type(description="What starting and changing an export or import returns.")
class BulkOperationPayload(Payload):
    bulk_operation: BulkOperation | None = strawberry.field(default=None, description="It, as it is now.")


OperationId = Annotated[strawberry.ID, strawberry.argument(description="The export or import.")]


@strawberry.type
class BulkMutations:
    @mutation("Exports many records as a file of JSON lines.", requires=_RUN)
    async def bulk_export(self, info: Info, input: BulkExportInput) -> BulkOperationPayload:
        options = Options(
            input.since, input.until, optional_key("ArticlePriceList", input.price_list_id, "priceListId")
        )
        async with info.context.system() as session:
            made = await operations.ask_for_export(session, info.context.actor, _wanted(input, options))
            return await _shown(info, session, made.id)

    @mutation("Imports many records from a file of JSON lines.", requires=_RUN)
    async def bulk_import(self, info: Info, input: BulkImportInput) -> BulkOperationPayload:
        price_list = optional_key("ArticlePriceList", input.price_list_id, "priceListId")
        options = Options(price_list_id=price_list, check_only=input.check_only)
        async with info.context.system() as session:
            made = await operations.begin_import(session, info.context.actor, _wanted(input, options))
            if input.lines is not None:
                await operations.add_part(session, info.context.actor, made.id, 0, input.lines.encode())
                await operations.start_import(session, info.context.actor, made.id)
            return await _shown(info, session, made.id)

    @mutation("Begins an import whose file is complete.", requires=_RUN)
    async def start_bulk_import(self, info: Info, id: OperationId) -> BulkOperationPayload:
        async with info.context.system() as session:
            made = await operations.start_import(session, info.context.actor, key_of("BulkOperation", id))
            return await _shown(info, session, made.id)

    @mutation("Stops an export or import; what was done until then stays.", requires=_RUN)
    async def cancel_bulk_operation(self, info: Info, id: OperationId) -> BulkOperationPayload:
        async with info.context.system() as session:
            made = await operations.cancel(session, info.context.actor, key_of("BulkOperation", id))
            return await _shown(info, session, made.id)

    @mutation("Takes back what an import made, as far as nobody changed or used it since.", requires=_RUN)
    async def undo_bulk_import(self, info: Info, id: OperationId) -> BulkOperationPayload:
        async with info.context.system() as session:
            made = await operations.undo(session, info.context.actor, key_of("BulkOperation", id))
            return await _shown(info, session, made.id)


def _wanted(input: BulkExportInput | BulkImportInput, options: Options) -> Wanted:
    return Wanted(
        input.subject,
        options,
        optional_key("BusinessEntity", input.entity_id, "entityId"),
        optional_key("Organization", input.organization_id, "organizationId"),
    )


async def _shown(info: Info, session: AsyncSession, id: UUID) -> BulkOperationPayload:
    async with acting_as(session, info.context.actor):
        return BulkOperationPayload(bulk_operation=await read_in(session, info, "bulk_operation", id))


TYPES: tuple[type, ...] = (BulkOperation,)
