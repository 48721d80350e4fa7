"""A shop whose payments go through a provider on this machine, with the jobs and reactions that follow."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

import workers.payments  # noqa: F401  # declares its jobs
from domain.events.models import Event
from domain.jobs.models import Job
from domain.payments import accounts, carrying_out, links, reactions
from domain.payments.models import PaymentAttempt, PaymentLink, PaymentProvider, Provider
from domain.payments.tokens import LINK, token
from tenants.actor import SYSTEM, Actor
from tenants.settings import Settings
from tests.paying import Shop
from tests.payment_providers import MOLLIE_KEY, STRIPE_KEY, STRIPE_SECRET, MollieServer, StripeServer
from workers.jobs import JOBS
from workers.run import Run


@dataclass
class Counter:
    """A shop as its payers meet it."""

    shop: Shop
    settings: Settings
    worked: set[UUID] = field(default_factory=set)

    async def account(self, provider: Provider, key: str, *secrets: str) -> PaymentProvider:
        async with self.shop.database.session(SYSTEM) as session:
            return await accounts.save(
                session,
                self.settings,
                entity_id=self.shop.entity.id,
                provider=provider,
                api_key=key,
                webhook_secrets=secrets,
            )

    async def link(self, invoice_id: UUID, actor: Actor | None = None) -> PaymentLink:
        async with self.shop.database.session(actor or self.shop.actors["customer"]) as session:
            return await links.for_invoice(session, self.settings, invoice_id)

    def path(self, link: PaymentLink) -> str:
        return f"{links.PATH}{token(self.settings, LINK, link.id)}"

    async def begin(self, link: PaymentLink) -> PaymentAttempt:
        """Click on the page's button; the attempt that it makes."""
        await carrying_out.start(self.shop.database, self.settings, link.id)
        return (await self.attempts())[-1]

    async def refresh(self, attempt: PaymentAttempt) -> None:
        await carrying_out.refresh(self.shop.database, self.settings, attempt.id)

    async def attempts(self) -> list[PaymentAttempt]:
        async with self.shop.database.session(SYSTEM) as session:
            own = PaymentAttempt.entity_id == self.shop.entity.id
            query = select(PaymentAttempt).where(own).order_by(PaymentAttempt.created_at)
            return list((await session.execute(query)).scalars())

    async def jobs(self) -> list[Job]:
        """Those about payments that were not worked off yet."""
        async with self.shop.database.session(SYSTEM) as session:
            own = Job.entity_id == self.shop.entity.id, Job.name.startswith("payments.")
            rows = (await session.execute(select(Job).where(*own).order_by(Job.id))).scalars()
            return [row for row in rows if row.id not in self.worked]

    async def work(self) -> None:
        """React to what happened, then do the jobs, as a worker would."""
        async with self.shop.database.session(SYSTEM) as session:
            own = Event.entity_id == self.shop.entity.id, Event.type.in_(reactions.EVENTS)
            for event in (await session.execute(select(Event).where(*own))).scalars():
                await reactions.react(session, event)
        for job in await self.jobs():
            self.worked.add(job.id)
            await self.do(job)

    async def do(self, job: Job) -> Any:
        run = Run(job.id, job.name, job.queue, 1, 0, SYSTEM, job.entity_id, self.shop.database, self.settings)
        return await JOBS[job.name].work(run, job.arguments)


async def with_mollie(shop: Shop, settings: Settings, server: MollieServer) -> Counter:
    """An entity with a live account at a Mollie of this machine."""
    made = Counter(shop, settings.model_copy(update={"mollie_url": server.url}))
    await made.account(Provider.MOLLIE, MOLLIE_KEY)
    return made


async def with_stripe(shop: Shop, settings: Settings, server: StripeServer) -> tuple[Counter, PaymentProvider]:
    """An entity with a live account at a Stripe of this machine."""
    made = Counter(shop, settings.model_copy(update={"stripe_url": server.url}))
    return made, await made.account(Provider.STRIPE, STRIPE_KEY, STRIPE_SECRET)
