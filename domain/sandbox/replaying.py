"""A request of the log, asked again in the sandbox.

The log keeps no personal data, so the customer is made up; number, articles and references are those of the request.
Neither signature nor limits are checked again: who replays has logged in.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.addresses import Locates
from domain.errors import DomainError, DomainErrors, InvalidInput
from domain.events.record import plain
from domain.orders.polling import status_of
from domain.partner_orders.document import parse
from domain.partner_orders.models import Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import prepare, submit
from domain.request_log.models import RequestLog
from domain.request_log.redaction import mark
from domain.sandbox.models import PartnerSandbox
from tenants.acting import acting_as
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import PERMISSIONS_OF, Role

ORDERS, STATUS = "/partners/{partner_id}/orders", "/orders/{partner_order_id}/status"
_MADE_UP = {
    mark("email"): "test@example.nl",
    mark("phone"): "+31612345678",
    mark("name"): "Test Klant",
    mark("street"): "Dorpsstraat",
    mark("house_number"): "1",
    mark("text"): "Test",
    mark("date"): "2000-01-01",
    mark("number"): "0",
    mark("iban"): "NL91ABNA0417164300",
    mark("secret"): "test",
}


class NotReplayable(InvalidInput):
    code = "NOT_REPLAYABLE"
    nl = "Dit verzoek kan niet worden herhaald: alleen orders en statusvragen die in hun geheel zijn bewaard."
    en = "This request cannot be replayed: only orders and questions for a status that were kept whole."


class NoSandboxYet(InvalidInput):
    code = "NO_SANDBOX_YET"
    nl = "Maak eerst een sandbox."
    en = "Make a sandbox first."


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a request was answered this time; `made_up` are JSON paths of values that the log does not have."""

    made_up: list[str]
    answer: dict[str, Any] | None = None
    created: bool = False
    refused: DomainError | DomainErrors | None = None


async def replay(database: Database, locator: Locates, request: RequestLog) -> Replayed:
    """Ask again. Raises: NotReplayable, NoSandboxYet."""
    if not request.replayable or request.organization_id is None:
        raise NotReplayable(field=("id",))
    async with database.session(SYSTEM) as session:
        twin = await _twin(session, request)
    given, made_up = rebuilt(orjson.loads(request.request_body or "null"))
    try:
        if request.route == STATUS:
            return Replayed(
                [], await _status(database, twin, request.path.removeprefix("/orders/").removesuffix("/status"))
            )
        receipt = await _order(database, locator, twin, given)
        return Replayed(made_up, receipt.json(), created=not receipt.repeated)
    except (DomainError, DomainErrors) as refused:
        return Replayed(made_up, refused=refused)


async def _twin(session: AsyncSession, request: RequestLog) -> Actor:
    query = select(PartnerSandbox).filter_by(entity_id=request.entity_id, organization_id=request.organization_id)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NoSandboxYet(field=("id",))
    role = Role.PARTNER_USER
    return Actor(
        role,
        (found.sandbox_entity_id,),
        organization_id=found.sandbox_organization_id,
        permissions=PERMISSIONS_OF[role],
        name="Replay",
    )


async def _order(database: Database, locator: Locates, twin: Actor, given: Any) -> Receipt:
    document = parse(given if isinstance(given, dict) else orjson.dumps(given))
    located = await prepare(locator, document)
    assert twin.organization_id is not None
    async with database.session(SYSTEM) as session:
        return await submit(
            session,
            entity_id=twin.entity_ids[0],
            organization_id=twin.organization_id,
            document=document,
            located=located,
            way=Way.API,
            by=twin,
        )


async def _status(database: Database, twin: Actor, partner_order_id: str) -> dict[str, Any]:
    async with database.session(SYSTEM) as session, acting_as(session, twin):
        found = await status_of(session, partner_order_id)
    return {name: plain(value) for name, value in found.json().items()}


def rebuilt(value: Any, path: str = "$") -> tuple[Any, list[str]]:
    """The value with made-up ones where something was taken out, and the paths of these."""
    if isinstance(value, dict):
        pairs = {name: rebuilt(each, f"{path}.{name}") for name, each in value.items()}
        return {name: made for name, (made, _) in pairs.items()}, [p for _, paths in pairs.values() for p in paths]
    if isinstance(value, list):
        several = [rebuilt(each, f"{path}[{place}]") for place, each in enumerate(value)]
        return [made for made, _ in several], [p for _, paths in several for p in paths]
    if not isinstance(value, str):
        return value, []
    made = value
    for marked, instead in _MADE_UP.items():
        made = made.replace(marked, instead)
    return made, [path] if made != value else []
