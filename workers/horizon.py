"""Looking ahead over the backlog, and trying worlds that are not."""

from domain.horizon import looking
from domain.planning.world import Rules
from tenants.engine import Database
from tenants.settings import Settings
from workers.jobs import Arguments, job
from workers.run import Run


@job(looking.JOB, queue=looking.QUEUE, timeout=120, outside=True)
async def look_ahead(run: Run, _arguments: Arguments) -> None:
    """Because somebody asked for it."""
    await look(run.database, run.settings)


async def look(database: Database, settings: Settings) -> bool:
    """Whether anything had changed since the last look."""
    rules = Rules(radius_km=settings.planning_radius_km)
    return await looking.look(database, rules) is not None
