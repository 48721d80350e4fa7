"""Offers under load: an instance in the database, clients over HTTP that each ask for another visit's slots.

Bars: p95 of 20 concurrent clients through GraphQL and database at most 50 ms; p95 of one evaluation at most 3 ms.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import quantiles
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from api.reading.ids import global_id
from chargecars.bench.audiences import Person, person
from chargecars.bench.client import Connection, Measured, Refused, post
from chargecars.bench.installation import Installation, api_beside, installation
from chargecars.bench.planning.instances import instance
from chargecars.bench.planning.stored import store
from chargecars.bench.report import Report, say
from chargecars.demo.people import PASSWORD
from domain.planning.evaluate import Calendar, Candidate, evaluate
from domain.planning.world import World
from tenants.engine import connect_args

CLIENTS, SECONDS, _WARM_UP_SECONDS = 20, 10.0, 3.0
PROCESSES = 2
OFFERS_BAR_MS, EVALUATION_BAR_MS = 50.0, 3.0
_PORTAL, _STAFF, _CUSTOMER = "laderthuis", "admin@laderthuis.example", "klant@laderthuis.example"
_ASKED = 400
"""Visits that are asked about in turn."""
_BANDS = "day block band"
_OFFERS = f"""query ($id: ID!) {{ slotOffers(visitId: $id) {{ {_BANDS}
  ... on PlannedSlotOffer {{ places teamId driveMinutes reassigns rules {{ rule amount }} }} }} }}"""


def evaluations_ms(world: World, count: int = 600) -> list[float]:
    """Milliseconds of evaluating jobs of the backlog against the plan in force, one after the other."""
    held: dict[int, list[Any]] = {}
    number = {(day.team, day.day): index for index, day in enumerate(world.team_days)}
    placed = [(job, index) for index, job in enumerate(world.jobs) if job.current]
    for job, index in sorted(placed, key=lambda pair: pair[0].current.order if pair[0].current else 0):
        assert job.current is not None
        held.setdefault(number[job.current.team, job.current.day], []).append((index, job.current.block))
    calendar, found = Calendar.of(world, held), []
    for job in [job for job in world.jobs if job.current is None][:count]:
        asked = Candidate.of(world, job)
        began = time.perf_counter()
        evaluate(calendar, asked)
        found.append((time.perf_counter() - began) * 1000)
    return found


async def measure(scale: int, report: Report, seed: int = 0) -> None:
    """Add the figures of offers at a scale."""
    world = instance(scale, seed)
    report.add(f"evaluation_p95_ms_{scale}x", _p95(evaluations_ms(world)), "ms", EVALUATION_BAR_MS)
    async with installation(1, say, purpose="offers") as place:
        with ExitStack() as stack:
            beside = [stack.enter_context(api_beside(place)) for _ in range(PROCESSES - 1)]
            for name, p95 in (await _offers(place, [place.port, *beside], world)).items():
                report.add(f"offers_p95_ms_{name}_{scale}x", p95, "ms", OFFERS_BAR_MS)


async def _offers(place: Installation, ports: Sequence[int], world: World) -> dict[str, float]:
    """p95 of the planner's and of the customer's question."""
    owner = await asyncpg.connect(**connect_args(place.settings.database_url))
    try:
        asking = {"planner": await person(owner, "staff", _PORTAL, _STAFF),
                  "customer": await person(owner, "customer", _PORTAL, _CUSTOMER)}  # fmt: skip
        of = asking["customer"].actor
        waiting = await store(owner, world, of.entity_ids[0], of.contact_id)
    finally:
        await owner.close()
    say(f"{len(world.teams)} teams, {len(world.jobs):,} visits, {len(waiting):,} of them waiting")
    return {name: (await _asked(place, ports, who, waiting)).p95_ms for name, who in asking.items()}


async def _asked(place: Installation, ports: Sequence[int], who: Person, waiting: Sequence[UUID]) -> Measured:
    host = f"{who.portal}.{place.settings.base_domain}"
    tokens = {port: await _token(port, host, who) for port in ports}  # each process is an issuer of its own
    visits = random.Random(0).sample(list(waiting), min(_ASKED, len(waiting)))  # noqa: S311  # reproducible on purpose
    bodies = [{"query": _OFFERS, "variables": {"id": global_id("Visit", visit)}} for visit in visits]
    requests = {port: [post(host, "/graphql", body, tokens[port]) for body in bodies] for port in ports}
    of_client = [ports[number % len(ports)] for number in range(CLIENTS)]
    opened = [Connection(place.host, port) for port in of_client]
    clients = [(each, requests[port], n * 17) for n, (each, port) in enumerate(zip(opened, of_client, strict=True))]
    try:
        await asyncio.gather(*(_ask(*client, _WARM_UP_SECONDS) for client in clients))
        began = time.perf_counter()
        found = await asyncio.gather(*(_ask(*client, SECONDS) for client in clients))
        made = Measured([latency for part in found for latency in part], time.perf_counter() - began)
    finally:
        await asyncio.gather(*(connection.close() for connection in opened))
    say(f"{who.name}: {made.rate:.0f} offers/s, median {made.median_ms:.1f} ms, p95 {made.p95_ms:.1f} ms")
    return made


async def _ask(connection: Connection, requests: Sequence[bytes], at: int, seconds: float) -> list[float]:
    """Ask for one visit after the other, the next as soon as there is an answer."""
    latencies, until = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        status, body = await connection.send(requests[at % len(requests)])
        latencies.append(time.perf_counter() - began)
        if status != 200 or b'"slotOffers":[{' not in body:
            raise Refused(f"{status}: {body[:300].decode(errors='replace')}")
        at += 1
    return latencies


async def _token(port: int, host: str, who: Person) -> str:
    connection = Connection("127.0.0.1", port)
    try:
        status, body = await connection.send(post(host, "/auth/login", {"email": who.email, "password": PASSWORD}))
    finally:
        await connection.close()
    if status != 200:
        raise Refused(f"{status}: {body[:300].decode(errors='replace')}")
    return str(orjson.loads(body)["access_token"])


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]
