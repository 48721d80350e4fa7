"""Orders of partners from a file: each line is the document of POST /partners/{partner_id}/orders."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.bulk.models import BulkOperation
from domain.bulk.subjects.importing import Line, Made, partner_of
from domain.contacts.addresses import Locates
from domain.errors import PermissionDenied
from domain.partner_orders.cancelling import cancel
from domain.partner_orders.document import PartnerOrderDocument, parse
from domain.partner_orders.models import Way
from domain.partner_orders.submit import Located, prepare, submit
from tenants.actor import Actor
from tenants.permissions import Permission

_REASON = "Import teruggedraaid / import taken back"
Ready = tuple[PartnerOrderDocument, Located]


async def prepared(locator: Locates, values: Mapping[str, Any]) -> Ready:
    """The document and where its address is. Raises every fault at once."""
    document = parse(values)
    return document, await prepare(locator, document)


async def take(session: AsyncSession, operation: BulkOperation, actor: Actor, line: Line) -> Made:
    """An order once per number, as over every other way in."""
    document, located = line.ready
    receipt = await submit(
        session,
        entity_id=operation.entity_id,
        organization_id=partner_of(operation),
        document=document,
        located=located,
        way=Way.IMPORT,
        source_id=operation.id,
        by=actor,
    )
    undo = {} if receipt.repeated else {"partner_order": str(receipt.id)}
    return Made({"outcome": "repeated" if receipt.repeated else "created", **receipt.json()}, undo)


async def take_back(session: AsyncSession, _operation: BulkOperation, actor: Actor, undo: Mapping[str, Any]) -> None:
    """Cancel an order that the import made, as far as the agreement and the work allow."""
    if not actor.may(Permission.ORDERS_CANCEL):
        raise PermissionDenied()
    await cancel(session, actor, UUID(undo["partner_order"]), _REASON)
