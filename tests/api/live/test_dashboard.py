"""Figures come at once, again when they changed, and at most once a second."""

import time

from domain.quotes.models import QuoteStatus
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import Served, emptied, login
from tests.quoting import Market, lead_of

FIGURES = """subscription { dashboardMetrics { __typename visitsToday ordersByStage { stage number }
  ... on CommercialDashboardMetrics { openLeads quotesByStatus { status number } } } }"""


async def test_figures_of_each_audience_follow_what_happens(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    from domain.leads.models import LeadStatus

    await lead_of(m, LeadStatus.NEW)
    staff = await login(database, settings, m.actors["staff"])
    customer = await login(database, settings, m.actors["customer"])
    async with api.client(staff) as one, api.client(customer) as two:
        ids = [await client.subscribe(FIGURES) for client in (one, two)]
        (first,) = await one.updates(ids[0], 1)
        assert first["openLeads"] == 1
        assert first["quotesByStatus"] == []
        (theirs,) = await two.updates(ids[1], 1)
        await m.quote()
        began = time.monotonic()
        for _ in range(5):
            await m.quote()
        seen = first
        while seen["quotesByStatus"] != [{"status": "SENT", "number": 6}]:
            (seen,) = await one.updates(ids[0], 1)
        while theirs["quotesByStatus"] != [{"status": "SENT", "number": 6}]:
            (theirs,) = await two.updates(ids[1], 1)
        assert time.monotonic() - began < 10
        late = await one.subscribe(FIGURES)
        assert (await one.updates(late, 1)) == [seen]
    await emptied(api.live)
    assert QuoteStatus.SENT


async def test_figures_that_do_not_change_are_not_sent_again(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        id = await client.subscribe(FIGURES)
        await client.updates(id, 1)
        (group,) = api.live.hub.groups.values()
        for _ in range(3):
            group.refresh()  # type: ignore[attr-defined]  # a group of figures
        await client.live()
        assert not client.heard[id]
