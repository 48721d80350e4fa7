"""`chargecars fleet`: a line that counts while it runs, one JSON object at the end."""

import asyncio
import json
import sys
from collections import Counter
from functools import partial

from chargecars.fleet.enrolling import enrolled
from chargecars.fleet.run import Outcome, Plan, addressed, work
from tenants.engine import Database, role_password
from tenants.settings import Settings

_SHOWN = ("online", "charging", "readings", "waiting", "offline", "reboots", "repeated", "unheard", "lost")


def run_fleet(settings: Settings, plan: Plan, entity: str, prefix: str) -> None:
    """Raises: StackError."""
    outcome = asyncio.run(_run(settings, plan, entity, prefix))
    sys.stderr.write("\n")
    sys.stdout.write(json.dumps(_told(plan, outcome)) + "\n")


async def _run(settings: Settings, plan: Plan, entity: str, prefix: str) -> Outcome:
    database = Database(settings.database_url, role_password(settings))
    hardware = plan.hardware(prefix)
    try:
        secrets = await enrolled(settings, database, entity, hardware)
    finally:
        await database.close()
    return await work(plan, hardware, secrets, addressed(settings, plan.protocol), partial(_show, plan))


def _show(plan: Plan, counts: Counter[str]) -> None:
    shown = "  ".join(f"{name} {counts[name]}" for name in _SHOWN)
    sys.stderr.write(f"\r{plan.chargers} chargers: {shown}  ")
    sys.stderr.flush()


def _told(plan: Plan, outcome: Outcome) -> dict[str, object]:
    counts = dict(sorted(outcome.counts.items()))
    return {"chargers": plan.chargers, "protocol": plan.protocol, "untold": outcome.untold, **counts}
