"""Everybody who uses an installation while it is being killed, in a thread with an event loop of its own."""

import asyncio
import contextlib
import random
import threading
import time

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from chargecars.bench.audiences import Person, person
from chargecars.bench.chaos import judging
from chargecars.bench.chaos.judging import WEBHOOK_TYPES, Verdict
from chargecars.bench.chaos.portal import Portal
from chargecars.bench.chaos.producers import Producers
from chargecars.bench.chaos.receiver import Receiver
from chargecars.bench.chaos.site import Site
from chargecars.bench.chaos.subscribers import EVENTS, ORDERS, StreamSubscriber, Subscriber, WebSocketSubscriber
from chargecars.bench.chaos.worker import INSIDE, OUTSIDE
from chargecars.demo import logins
from domain.orders.models import OrderStage
from domain.orders.stages import PROGRESS
from tenants.engine import connect_args

_MARKER = "chaos begins"
_SETTLING_SECONDS = 120.0
_ENDPOINT = """mutation E($input: CreateWebhookEndpointInput!) {
  createWebhookEndpoint(input: $input) { userErrors { code field message } } }"""
_QUIET = "UPDATE webhook_endpoint SET state = 'DISABLED', disabled_at = now(), disabled_reason = 'MANUAL'"
"""The demo's receivers are names that nobody answers to."""
_ORDERS = """
UPDATE "order" SET stage = 'SCHEDULED', progress = $3, completed_at = NULL, on_hold = false, hold_reason = NULL,
held_at = NULL, cancelled_at = NULL, cancel_reason = NULL
WHERE id IN (SELECT id FROM "order" WHERE channel_organization_ids @> ARRAY[$1::uuid] AND entity_id = $2 LIMIT 6)
RETURNING id
"""
"""The demo's own are long completed."""


class Crowd:
    """`start`, wait for `ready`, then `finish` gives the verdict. What goes wrong in the thread is raised there."""

    def __init__(self, site: Site, seed: int, pause: float) -> None:
        self.ready = threading.Event()
        self.verdict = Verdict()
        self._site = site
        self._seed = seed
        self._pause = pause
        self._enough = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="crowd")

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> Verdict:
        """Let nobody write any more, wait until everybody knows everything, and judge."""
        self._enough.set()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self.verdict

    @property
    def failed(self) -> bool:
        return self._error is not None

    def _work(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._error = error
        finally:
            self.ready.set()

    async def _run(self) -> None:
        self._database = self._site.database()
        self._receiver = Receiver(self._seed)
        try:
            async with self._receiver.listening() as port:
                await self._arrive(port)
                await self._stay()
        finally:
            await self._database.close()

    async def _arrive(self, port: int) -> None:
        owner = await asyncpg.connect(**connect_args(self._site.settings.database_url))
        self._staff = await person(owner, "staff", "chargecars", "admin@chargecars.example")
        self._partner = await person(owner, "partner", "chargecars", "partner@groendus.example")
        entity = self._staff.actor.entity_ids[0]
        await owner.execute(_QUIET)
        rows = await owner.fetch(_ORDERS, self._partner.actor.organization_id, entity, PROGRESS[OrderStage.SCHEDULED])
        self._orders = [row["id"] for row in rows]
        await owner.close()
        self._portals = {name: self._portal(who) for name, who in (("s", self._staff), ("p", self._partner))}
        endpoint = {"url": f"http://127.0.0.1:{port}/webhooks", "eventTypes": list(WEBHOOK_TYPES)}
        made = await self._portals["p"].ask(_ENDPOINT, input=endpoint)
        if made["createWebhookEndpoint"]["userErrors"]:
            raise RuntimeError(str(made))
        staff, partner = self._portals["s"], self._portals["p"]
        self._subscribers: list[tuple[Subscriber, Person]] = [
            (WebSocketSubscriber("staff, events", staff, EVENTS), self._staff),
            (WebSocketSubscriber("staff, orders", staff, ORDERS), self._staff),
            (StreamSubscriber("staff, event stream", staff, EVENTS), self._staff),
            (WebSocketSubscriber("partner, events", partner, EVENTS), self._partner),
            (WebSocketSubscriber("partner, orders", partner, ORDERS), self._partner),
        ]

    def _portal(self, who: Person) -> Portal:
        host = f"{who.portal}.{self._site.settings.base_domain}"
        password = next(login.password for login in logins() if login.email == who.email)
        return Portal(self._site.named("api")[0].port, host, who.email, password)

    async def _stay(self) -> None:
        chance = random.Random(self._seed)  # noqa: S311  # no secret
        producers = Producers(
            self._portals["s"],
            self._portals["p"],
            self._database,
            self._staff.actor,
            self._orders,
            chance,
            self._pause,
        )
        listening = [asyncio.create_task(subscriber.run()) for subscriber, _ in self._subscribers]
        try:
            await self._begin(producers)
            writing = asyncio.create_task(producers.run())
            while not self._enough.is_set() and not writing.done():  # noqa: ASYNC110  # another thread sets it
                await asyncio.sleep(0.05)
            producers.stopping = True
            await writing
            await self._settle(producers)
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    async def _begin(self, producers: Producers) -> None:
        """Everybody is told of one event, from which on everything counts."""
        async with asyncio.timeout(_SETTLING_SECONDS):
            for subscriber, _ in self._subscribers:
                await subscriber.live.wait()
            await asyncio.sleep(0.5)  # an event stream has no cursor before its first event: it has to be live
            await producers.note(_MARKER, self._orders[0])
            producers.notes.clear()
            self._marker = await judging.marked(self._database, _MARKER)
            while not all(self._marker[1] in subscriber.told for subscriber, _ in self._subscribers):  # noqa: ASYNC110  # as they are told
                await asyncio.sleep(0.02)
        self.ready.set()

    async def _settle(self, producers: Producers) -> None:
        """Judge until everything is as it should be, or for a minute."""
        deadline = time.monotonic() + _SETTLING_SECONDS
        while True:
            with contextlib.suppress(SQLAlchemyError, OSError):
                self.verdict = await self._judge(producers)
                if self.verdict.good or time.monotonic() > deadline:
                    break
            await asyncio.sleep(0.3)
        self.verdict.faults += [
            f"{subscriber.name} was refused: {refusal}"
            for subscriber, _ in self._subscribers
            for refusal in subscriber.refusals[:3]
        ]

    async def _judge(self, producers: Producers) -> Verdict:
        verdict, database = Verdict(), self._database
        for subscriber, who in self._subscribers:
            await judging.judge_subscriber(verdict, database, who.actor, subscriber, self._marker)
        verdict.events = len(await judging.positions(database, self._staff.actor, self._marker[0]))
        await judging.judge_jobs(verdict, database, INSIDE, OUTSIDE)
        receiver = self._receiver
        await judging.judge_webhooks(
            verdict, database, self._partner.actor, receiver.arrived, len(receiver.effects), self._marker[0]
        )
        await judging.judge_changes(verdict, database, producers.notes, producers.leads)
        await judging.judge_failures(verdict, database)
        verdict.connections = sum(subscriber.connections for subscriber, _ in self._subscribers)
        verdict.retries = sum(portal.retries for portal in self._portals.values())
        return verdict
