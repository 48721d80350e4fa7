"""The demo in pieces that can be made side by side: chunks of customers, leads and quotes, and a chain per entity."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar
from uuid import UUID

from chargecars.demo.contacts import Customer, add_customer
from chargecars.demo.demand import LeadPlan
from chargecars.demo.encode import Chunk, Rows
from chargecars.demo.leads import LeadWriter
from chargecars.demo.ordering import OrderWriter
from chargecars.demo.people import People, Person
from chargecars.demo.plan import QuotePlan
from chargecars.demo.quoting import QuoteWriter
from chargecars.demo.signing import SignaturePlan, write_chain
from chargecars.demo.timeline import Timeline
from chargecars.demo.world import World
from domain.contacts.events import ContactCreated
from domain.leads.scoring import PartnerRecord
from domain.signatures.keys import keyring
from tenants.permissions import Role
from tenants.settings import Settings

T = TypeVar("T")
_WORLD: list[World] = []
_UNDER_WAY = 3
_VISITOR = Person(None, "", Role.ANONYMOUS)


@dataclass(frozen=True)
class Quotes:
    """What a chunk of quotes comes to: its rows, and what has to be signed."""

    chunk: Chunk
    signatures: list[SignaturePlan]


def write_customers(number: int, customers: Sequence[Customer]) -> Chunk:
    """Customers with their relation, address and login."""
    world = _WORLD[0]
    rows, draw = Rows(), world.draw(f"customers {number}")
    people, timeline = People(rows, draw, world.password_hash), Timeline(rows, draw)
    for customer in customers:
        add_customer(rows, draw, customer)
        people.add_customer(customer)
        partner = customer.partner
        timeline.tell(
            ContactCreated("PARTNER_API" if partner else "PORTAL"),
            customer.at,
            _VISITOR,
            entity_id=customer.entity.id,
            subject_id=customer.id,
            channel=partner.chain if partner else (),
            contact_ids=[customer.id],
        )
    return rows.take()


def write_leads(number: int, leads: Sequence[LeadPlan], records: dict[UUID, PartnerRecord]) -> Chunk:
    """Leads with their follow-up."""
    world = _WORLD[0]
    rows = Rows()
    writer = LeadWriter(world, rows, world.draw(f"leads {number}"), records)
    for lead in leads:
        writer.write(lead)
    return rows.take()


def write_quotes(number: int, plans: Sequence[QuotePlan]) -> Quotes:
    """Quotes with all that came of them, but for the signatures, which go into a chain."""
    world = _WORLD[0]
    rows, draw = Rows(), world.draw(f"quotes {number}")
    quotes, orders = QuoteWriter(world, rows, draw), OrderWriter(world, rows, draw)
    for plan in plans:
        orders.write(quotes.write(plan))
    return Quotes(rows.take(), quotes.signatures)


def write_signatures(settings: Settings, entity_id: UUID, signatures: Sequence[SignaturePlan]) -> Chunk:
    """The signature chain of one entity."""
    rows = Rows()
    write_chain(rows, entity_id, signatures, keyring(settings))
    return rows.take()


# --- where it is done ---------------------------------------------------------------------------------------------


class Workshop(Protocol):
    """Does work, now or beside."""

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]": ...


class Here:
    """Does work at once, in this process."""

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(work(*args))
        return future


@contextmanager
def workshop(world: World, processes: int) -> Iterator[Workshop]:
    """Where work on this world is done: here for one process, else in new ones."""
    if processes < 2:
        _enter(world)
        try:
            yield Here()
        finally:
            _WORLD.clear()
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _enter, (world,)) as pool:
        yield pool


def _enter(world: World) -> None:
    _WORLD[:] = [world]


async def made(shop: Workshop, jobs: Iterable[tuple[Any, ...]]) -> AsyncIterator[Any]:
    """What the jobs (a function with its arguments) come to, in their order; a few are under way at a time."""
    waiting: deque[Future[Any]] = deque()
    for function, *args in jobs:
        waiting.append(shop.submit(function, *args))
        if len(waiting) > _UNDER_WAY:
            yield await asyncio.wrap_future(waiting.popleft())
    while waiting:
        yield await asyncio.wrap_future(waiting.popleft())


def in_chunks(rows: Sequence[T], size: int) -> Iterator[tuple[int, Sequence[T]]]:
    """Numbered slices."""
    for number, start in enumerate(range(0, len(rows), size)):
        yield number, rows[start : start + size]
