"""What a webhook can say of an event, and the compiler of the selections that endpoints have stored."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError, OperationDefinitionNode, parse
from sqlalchemy import Text, func, literal
from strawberry import Schema
from strawberry.scalars import JSON

from api.admission import Admitted, coerced, documents_of
from api.context import Context, RequestFacts
from api.cost import requested
from api.documents import Document
from api.executor import execute
from api.limits import check
from api.reading import Node, column, expression, global_id, read_one, reads, related, related_any
from domain.events.models import Event as EventRow
from domain.orders import status
from domain.partner_orders import payloads
from domain.webhooks.errors import SelectionInvalid
from domain.webhooks.payloads import PayloadFailed
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.engine import Database
from tenants.permissions import Permission
from tenants.settings import Settings

if TYPE_CHECKING:
    from api.entities import BusinessEntity
    from api.orders import Order
    from api.quotes import Quote

OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
QuoteRef = Annotated["Quote", strawberry.lazy("api.quotes")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]

READERS = [Audience.STAFF, Audience.PARTNER, Audience.SYSTEM]
_ROOT = "webhookPayload"
_LINE_OF_SELECTION = 2
MOST_COST = 10_000
"""Of one selection, as a request of it would be counted."""


@reads(EventRow, kind="Event", audiences=READERS)
@strawberry.type(description="An event as a webhook tells it: what the selection of an endpoint chooses from.")
class WebhookPayload:
    event: str = expression("Always `status_update`.", lambda e: literal(status.EVENT, Text))
    order_number: str | None = expression(
        "Number of the order; none while there is a quote only.",
        lambda e: func.coalesce(status.order_number(e), payloads.order_number(e)),
    )
    partner_order_id: str | None = expression(
        "The partner's own number of the order, for the account and those above it.",
        lambda e, a: func.coalesce(status.partner_order_id(e, a.actor.organization_id), payloads.partner_order_id(e)),
    )
    status: str | None = expression(
        "`received`, `planning`, `scheduled`, `in_progress`, `completed`, `cancelled` or `on_hold`; of a quote "
        "`quote_sent`, `customer_approved`, `partner_approved`, `declined`, `expired` or `withdrawn`; of "
        "an order as you sent it `received`, `address_flagged`, `needs_attention`, `attention_given` or `cancelled`.",
        lambda e: func.coalesce(payloads.status(e), status.of_event(e)),
    )
    scheduled_date: date | None = expression(
        "The day of the next planned visit, in Amsterdam.", lambda e: status.scheduled_date(status.order_id(e))
    )
    installer: str | None = expression(
        "The team that makes that visit.", lambda e: status.installer(status.order_id(e))
    )
    event_id: strawberry.ID = column("The event.", name="id", node="Event")
    type: str = column("`subject.happened`, as in `order.held`.")
    schema_version: int = column("Version of the shape of `details`.")
    created_at: datetime = column("When it happened.")
    details: JSON = column("What happened in detail, as the log has it.", name="payload")
    subject: Node | None = related_any("What it happened to.", kind=lambda e: e.subject_type, id=lambda e: e.subject_id)
    order: OrderRef | None = related("The order it is about.", on=lambda e, o: o.id == status.order_id(e))
    quote: QuoteRef | None = related("The quote it is about.", on=lambda e, q: q.id == status.quote_id(e))
    entity: EntityRef | None = related("Of which business entity.", on=lambda e, entity: entity.id == e.entity_id)


@strawberry.type
class WebhookPayloadQueries:
    webhook_payload: WebhookPayload | None = read_one(
        "An event as a webhook would tell it to you: try a selection here before an endpoint stores it.",
        requires=Permission.EVENTS_READ,
    )


class Payloads:
    """The Renderer of a process: one schema over one database."""

    def __init__(self, schema: Schema, database: Database, settings: Settings) -> None:
        self._schema = schema
        self._database = database
        self._settings = settings

    def check(self, selection: str, owner: Actor) -> None:
        """Hold a selection against the schema and the bounds of a request. Raises: SelectionInvalid."""
        try:
            _check_form(selection)
            document = documents_of(self._schema).document(document_of(selection), self._settings.max_tokens)
            check(document.figures, None, self._settings)
            errors = list(document.errors(self._schema._schema)) or list(self._too_costly(document))
        except GraphQLError as error:
            errors = [error]
        except RecursionError as error:
            raise _invalid("nested too deeply", 1, 1) from error
        if errors:
            first = errors[0]
            place = first.locations[0] if first.locations else None
            line, column = (place.line - _LINE_OF_SELECTION + 1, place.column) if place else (1, 1)
            raise _invalid(first.message, max(1, line), column)

    def _too_costly(self, document: Document) -> Iterator[GraphQLError]:
        """It is read for every event, and nobody waits who could be told."""
        [operation] = document.operations.values()
        cost = requested(self._schema, document, operation, {})
        if cost.total > MOST_COST:
            yield GraphQLError(f"it can cost {cost.total}, at most {MOST_COST} is allowed; most of it is {cost.path}")

    async def render(self, selection: str, owner: Actor, event_id: UUID) -> str:
        """The JSON text of an event under a selection, read as the owner. Raises: PayloadFailed."""
        context = Context(owner, self._database, self._settings, RequestFacts("webhook"))
        result = await execute(self._schema, self._admitted(selection, event_id), context)
        if result.errors:
            raise PayloadFailed(f"the selection cannot be read: {_codes(result.errors)}")
        found: Any = (result.data or {}).get(_ROOT)
        if found is None:
            raise PayloadFailed("the event is not visible to the owner of the endpoint")
        return orjson.dumps(found).decode()

    def _admitted(self, selection: str, event_id: UUID) -> Admitted:
        """The same document for every event, so that its plan is made once. Raises: PayloadFailed."""
        document = documents_of(self._schema).document(document_of(selection), self._settings.max_tokens)
        if errors := document.errors(self._schema._schema):
            raise PayloadFailed(f"the selection cannot be read: {_codes([*errors])}")
        [operation] = document.operations.values()
        id = str(global_id("Event", event_id))
        return Admitted(document, operation, coerced(self._schema, operation, {"id": id}))


@lru_cache(maxsize=512)
def document_of(selection: str) -> str:
    """The query that reads a selection, which begins on its second line."""
    return f"query WebhookPayload($id: ID!) {{ {_ROOT}(id: $id) {{\n{selection}\n}} }}"


def _check_form(selection: str) -> None:
    """The text is a selection and nothing beside it: its braces close what they open."""
    node = parse(f"{{\n{selection}\n}}", max_tokens=10_000)
    [*definitions] = node.definitions
    if len(definitions) != 1 or not isinstance(definitions[0], OperationDefinitionNode):
        raise GraphQLError("give fields of WebhookPayload only, no operation and no fragment definition")


def _invalid(reason: str, line: int, column: int) -> SelectionInvalid:
    return SelectionInvalid(reason=reason, line=line, column=column, field=("selection",))


def _codes(errors: list[GraphQLError]) -> str:
    return ", ".join(sorted({str((error.extensions or {}).get("code", "INVALID")) for error in errors}))
