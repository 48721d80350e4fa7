"""What `preview: true` answers: the rows, messages and webhooks of a mutation that is then rolled back.

The resolver has run as the actor in the transaction of `PreviewUnit`. Here what COMMIT would check is checked, what
would follow is done by the same functions of the domain (domain/previews/following.py), and everything is read as the
actor would read it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLNamedType, get_named_type
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

import api.notification_enums  # noqa: F401  # names and describes its enums before they are used here
from api.context import Info
from api.enums import described
from api.explained_amounts import recorded
from api.preview_unit import PreviewUnit
from api.reading import Money, global_id
from api.reading.execute import Document, Reading
from domain.commissions.models import Commission, CommissionCause, CommissionKind, CommissionStatus
from domain.documents.models import DocumentKind
from domain.invoices.models import Invoice, InvoiceKind, InvoicePart
from domain.ledger.models import EntryKind
from domain.notifications.models import Channel
from domain.previews import billing, messages, recording, rows
from domain.previews.billing import Leg
from domain.previews.following import Following, Gap
from domain.previews.messages import Hook, Message
from domain.previews.rows import Action, Row
from domain.webhooks.payloads import DEFAULT_SELECTION, PayloadFailed, owner_of
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.engine import Database
from tenants.rls import REGISTRY

COST_OF_A_PREVIEW = 100
"""What following the consequences of a mutation costs, beside the mutation itself."""
MOST_WEBHOOKS = 250
"""Whose payloads are read, one after the other, while the preview holds its locks."""

described(
    Action,
    "What would become of a row.",
    CREATED="It would be new.",
    CHANGED="Some of its columns would change.",
    REMOVED="It would be gone.",
)


@strawberry.type(description="A column of a row, before and after.")
class PreviewedColumn:
    name: str = strawberry.field(description="As stored, in camel case.")
    before: JSON | None = strawberry.field(description="What it holds now; null where the row is new.")
    after: JSON | None = strawberry.field(description="What it would hold.")


@strawberry.type(description="A row that would be made, changed or removed, with what you may read of it.")
class PreviewedRow:
    kind: str = strawberry.field(description="The type of its global id, or the name of its table.")
    record_id: strawberry.ID | None = strawberry.field(
        description="Its global id; null where it has none. That of a new row is not kept."
    )
    action: Action = strawberry.field(description="What would become of it.")
    follows: bool = strawberry.field(description="Whether it would be done afterwards, by a reaction or a job.")
    columns: list[PreviewedColumn] = strawberry.field(description="What would differ.")


@strawberry.type(description="A message that would go to somebody.")
class PreviewedMessage:
    channel: Channel = strawberry.field(description="How.")
    kind: str | None = strawberry.field(description="The kind of notification; null for a mail of its own.")
    recipient: str = strawberry.field(description="The address it would go to.")
    contact_id: strawberry.ID | None = strawberry.field(description="The contact that would be told.")
    user_id: strawberry.ID | None = strawberry.field(description="The user that would be told.")
    subject: str = strawberry.field(description="Its subject or title.")
    text: str = strawberry.field(description="What it would say, as plain text.")
    suppressed: str | None = strawberry.field(description="Why it would not be sent after all; null where it would.")
    not_before: datetime = strawberry.field(description="When it would be sent at the earliest: quiet hours.")


@strawberry.type(description="A webhook that would be delivered.")
class PreviewedWebhook:
    endpoint_id: strawberry.ID = strawberry.field(description="The endpoint.")
    url: str = strawberry.field(description="Its address.")
    event_type: str = strawberry.field(description="The event it would be told of.")
    payload: JSON | None = strawberry.field(description="What it would be told; null where that cannot be read.")


@strawberry.type(description="An invoice or credit note that would be issued.")
class PreviewedInvoice:
    number: str = strawberry.field(description="The number it would have if it were issued now.")
    kind: InvoiceKind = strawberry.field(description="What kind of document.")
    part: InvoicePart = strawberry.field(description="Which part of what it bills.")
    payer_id: strawberry.ID = strawberry.field(description="Who would be invoiced.")
    due_on: date = strawberry.field(description="The last day to pay.")
    net: Money = strawberry.field(description="Without VAT.")
    vat: Money = strawberry.field(description="VAT.")
    gross: Money = strawberry.field(description="With VAT.")


@strawberry.type(description="An amount that would be booked on an account: positive in debit, negative in credit.")
class PreviewedLeg:
    kind: EntryKind = strawberry.field(description="What would be posted.")
    key: str = strawberry.field(description="The key of the posting: legs of one key balance.")
    booked_on: date = strawberry.field(description="The day of the books.")
    account_id: strawberry.ID = strawberry.field(description="The account.")
    account_code: str = strawberry.field(description="Its number.")
    amount: Money = strawberry.field(description="Debit, or credit where negative.")


@strawberry.type(description="Commission that would be written: your own, of staff everybody's.")
class PreviewedCommission:
    kind: CommissionKind = strawberry.field(description="What it would be for.")
    cause: CommissionCause = strawberry.field(description="Why it would be written.")
    status: CommissionStatus = strawberry.field(description="Where it would be.")
    beneficiary_id: strawberry.ID = strawberry.field(description="Whose it would be.")
    commission_level: int | None = strawberry.field(description="Place in the channel, the top being 1.")
    commission_rate: Decimal | None = strawberry.field(description="Percent; null for a fixed amount.")
    base: Money = strawberry.field(description="Net amount that the rate is of.")
    amount: Money = strawberry.field(description="What it would add, or take off.")


@strawberry.type(description="A document that would be made.")
class PreviewedDocument:
    kind: DocumentKind = strawberry.field(description="PDF or electronic invoice.")
    file_name: str = strawberry.field(description="Its name.")


@strawberry.type(description="Work that would be done and that the preview does not tell the outcome of.")
class PreviewedGap:
    work: str = strawberry.field(
        description="Its name, as in `job documents.render`; `webhooks` for further ones; empty for all that is left."
    )
    reason: str = strawberry.field(
        description="`OUTSIDE`: it talks to others; `LATER`: it has a time of its own; `FAILED`: it would be tried "
        "again; `TOO_MANY`: the preview was ended."
    )
    run_at: datetime | None = strawberry.field(description="Its time, where it has one.")
    detail: str = strawberry.field(description="Codes of what failed.")


@strawberry.type(description="What a mutation would do. Nothing of it is kept, ids of new rows are not theirs later.")
class Preview:
    rows: list[PreviewedRow] = strawberry.field(description="Rows, in the order of their tables; at most 1,000.")
    invoices: list[PreviewedInvoice] = strawberry.field(description="Invoices and credit notes; at most 250.")
    ledger: list[PreviewedLeg] = strawberry.field(description="Postings, if you may read the books; at most 250.")
    commissions: list[PreviewedCommission] = strawberry.field(description="Commission; at most 250.")
    documents: list[PreviewedDocument] = strawberry.field(description="PDF and electronic invoices.")
    messages: list[PreviewedMessage] = strawberry.field(description="Who would be told what.")
    webhooks: list[PreviewedWebhook] = strawberry.field(
        description="Which of the endpoints that you see would be told; at most 250."
    )
    events: list[str] = strawberry.field(description="Types of the events that would be recorded and that you may see.")
    gaps: list[PreviewedGap] = strawberry.field(description="What the preview does not foresee, in detail for staff.")


async def foreseen(unit: PreviewUnit, info: Info) -> Preview | None:
    """What the work of the unit would lead to; None where nobody asks. Raises what COMMIT would raise."""
    context = info.context
    async with unit.entered(context.actor) as session:
        await recording.settle(session)
    asked = _asked(info)
    if not asked:
        return None
    context.spent += COST_OF_A_PREVIEW
    async with unit.entered(context.platform) as session:
        return await _Foresight(session, info, with_webhooks="webhooks" in asked).preview()


def _asked(info: Info) -> frozenset[str]:
    """The fields of the preview that are selected; none where nobody asks for it."""
    raw: Any = info._raw_info
    payload: Any = get_named_type(raw.return_type)
    reading: Reading = raw.schema.extensions["reading"]
    document = Document(raw.fragments, raw.variable_values)
    nodes = [n for found in reading.payload(payload, "preview", raw.field_nodes, document).values() for n in found]
    type_: Any = get_named_type(payload.fields["preview"].type)
    return frozenset(name for name in type_.fields if nodes and reading.payload(type_, name, nodes, document))


class _Foresight:
    """Reads one preview; `session` is the platform's, in the transaction of the preview."""

    def __init__(self, session: AsyncSession, info: Info, *, with_webhooks: bool) -> None:
        self._session = session
        self._info = info
        self._with_webhooks = with_webhooks
        self._actor: Actor = info.context.actor
        self._ids = Ids(info)

    async def preview(self) -> Preview:
        session, actor, database = self._session, self._actor, self._info.context.database
        own = len(await recording.noted(session))
        following = Following()
        await following.follow(session)
        noted = await recording.noted(session)
        seen = await self._seen(following)
        money = await billing.told(session, actor, noted)
        told = [*await messages.told(session, actor, noted), *money.letters]
        hooks = await self._hooks(following) if self._with_webhooks else []
        return Preview(
            rows=[self._row(row) for row in await rows.told(session, database, actor, noted, own)],
            invoices=[self._invoice(invoice) for invoice in money.invoices],
            ledger=[self._leg(leg) for leg in money.legs],
            commissions=[self._commission(row) for row in money.commissions],
            documents=[PreviewedDocument(kind=paper.kind, file_name=paper.file_name) for paper in money.papers],
            messages=[self._message(each) for each in told],
            webhooks=hooks,
            events=seen,
            gaps=[_gap(gap) for gap in following.gaps if self._may_know(gap)],
        )

    def _may_know(self, gap: Gap) -> bool:
        """How the platform does its work is for staff; that something is left out is for everybody."""
        return gap.reason == "TOO_MANY" or self._actor.audience in (Audience.STAFF, Audience.SYSTEM)

    async def _seen(self, following: Following) -> list[str]:
        ids = [event.id for event in following.events]
        seen = await messages.seen_events(self._session, self._actor, ids)
        return [event.type for event in following.events if event.id in seen]

    def _row(self, row: Row) -> PreviewedRow:
        table = REGISTRY[row.table].table
        return PreviewedRow(
            kind=self._ids.kind(row.table) or row.table,
            record_id=self._ids.of(row.table, row.key.get("id")),
            action=row.action,
            follows=row.follows,
            columns=[self._column(table, name, *values) for name, values in row.columns.items()],
        )

    def _column(self, table: Table, name: str, before: Any, after: Any) -> PreviewedColumn:
        target = next((key.column.table.name for key in table.c[name].foreign_keys), None)
        if target is not None:
            before, after = self._ids.of(target, before) or before, self._ids.of(target, after) or after
        return PreviewedColumn(name=_camel(name), before=before, after=after)

    def _money(self, cents: int, currency: str) -> Money:
        return recorded(cents, currency, "preview.amount", self._info.context.language)

    def _invoice(self, row: Invoice) -> PreviewedInvoice:
        return PreviewedInvoice(
            number=row.number,
            kind=InvoiceKind(row.kind),
            part=InvoicePart(row.part),
            payer_id=strawberry.ID(global_id("Contact", row.payer_contact_id)),
            due_on=row.due_on,
            net=self._money(row.net_cents, row.currency),
            vat=self._money(row.vat_cents, row.currency),
            gross=self._money(row.gross_cents, row.currency),
        )

    def _leg(self, leg: Leg) -> PreviewedLeg:
        return PreviewedLeg(
            kind=EntryKind(leg.entry.kind),
            key=leg.entry.key,
            booked_on=leg.entry.booked_on,
            account_id=strawberry.ID(global_id("LedgerAccount", leg.account.id)),
            account_code=leg.account.code,
            amount=self._money(leg.line.debit_cents - leg.line.credit_cents, leg.entry.currency),
        )

    def _commission(self, row: Commission) -> PreviewedCommission:
        return PreviewedCommission(
            kind=CommissionKind(row.kind),
            cause=CommissionCause(row.cause),
            status=CommissionStatus(row.status),
            beneficiary_id=strawberry.ID(global_id("Organization", row.beneficiary_contact_id)),
            commission_level=row.commission_level,
            commission_rate=row.commission_rate,
            base=self._money(row.base_cents, row.currency),
            amount=self._money(row.amount_cents, row.currency),
        )

    def _message(self, message: Message) -> PreviewedMessage:
        return PreviewedMessage(
            channel=message.channel,
            kind=message.kind,
            recipient=message.recipient,
            contact_id=_id("Contact", message.contact_id),
            user_id=_id("User", message.user_id),
            subject=message.subject,
            text=message.text,
            suppressed=message.reason,
            not_before=message.not_before,
        )

    async def _hooks(self, following: Following) -> list[PreviewedWebhook]:
        """As many as there is time for; that there are more is told."""
        told: list[PreviewedWebhook] = []
        for hook in await messages.hooks(self._session, self._actor, following.events):
            if len(told) >= MOST_WEBHOOKS or following.late:
                following.gaps.append(Gap("webhooks", "TOO_MANY"))
                break
            told.append(await self._hook(hook))
        return told

    async def _hook(self, hook: Hook) -> PreviewedWebhook:
        return PreviewedWebhook(
            endpoint_id=strawberry.ID(global_id("WebhookEndpoint", hook.endpoint.id)),
            url=hook.endpoint.url,
            event_type=hook.event.type,
            payload=await self._payload(hook),
        )

    async def _payload(self, hook: Hook) -> Any:
        """As the owner of the endpoint reads it, in this transaction."""
        from api.webhook_payloads import Payloads  # it reads types whose mutations import this

        owner = owner_of(hook.endpoint.entity_id, hook.endpoint.organization_id)
        here = cast(Database, _Here(self._session))
        payloads = Payloads(self._info.schema, here, self._info.context.settings)
        try:
            async with self._session.begin_nested(), acting_as(self._session, owner):
                text = await payloads.render(hook.endpoint.selection or DEFAULT_SELECTION, owner, hook.event.id)
        except (PayloadFailed, DBAPIError):
            return None
        return orjson.loads(text)


class _Here:
    """Where a selection is read inside a transaction: the place of a database with its pools."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def pool(self, audience: object) -> "_Here":
        return self

    async def run(self, work: Any, seconds: float) -> Any:
        connection = await self._session.connection()
        raw = await connection.get_raw_connection()
        return await work(raw.driver_connection)


class Ids:
    """Global ids of rows by their tables, as the schema has them."""

    def __init__(self, info: Info) -> None:
        raw: Any = info._raw_info
        reading: Reading = raw.schema.extensions["reading"]
        self._kinds = kinds(reading)

    def kind(self, table: str) -> str | None:
        return self._kinds.get(table)

    def of(self, table: str, key: Any) -> strawberry.ID | None:
        """None where the table has no type, or there is no key."""
        kind = self._kinds.get(table)
        return strawberry.ID(global_id(kind, UUID(str(key)))) if kind and key else None


def kinds(reading: Reading) -> Mapping[str, str]:
    """The kind of id of each table's rows."""
    found: dict[str, str] = {"contact": "Contact"}
    for readable in reading.registry.readable.values():
        if readable.reads.model is not None and "id" in readable.specs and _is_named(readable.type, readable.kind):
            found.setdefault(readable.model.__tablename__, readable.kind)
    return found


def _is_named(type_: GraphQLNamedType, kind: str) -> bool:
    """Whether the ids of the kind are this type's own, and not those of a type it stands in for."""
    return type_.name == kind


def _gap(gap: Gap) -> PreviewedGap:
    return PreviewedGap(work=gap.work, reason=gap.reason, run_at=gap.run_at, detail=gap.detail)


def _id(kind: str, key: UUID | None) -> strawberry.ID | None:
    return strawberry.ID(global_id(kind, key)) if key else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
