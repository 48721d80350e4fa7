"""GraphQL over HTTP: the 61 audits of the npm package graphql-http, against the running server."""

import json
from pathlib import Path

from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import node
from tests.protocol.portal import portal
from tests.serving import serving

_RUNNER = Path(__file__).parent / "audits" / "run.mjs"
_AUDITS = 61


async def test_every_audit_passes(settings: Settings, database: Database) -> None:
    """As somebody who may read the schema: some of the audits ask for it."""
    async with portal(settings, database) as ours, serving(ours.app, lifespan="off") as address:
        await ours.log_in(Role.OPERATIONS)
        printed = await node.run(_RUNNER, f"{address}/graphql", ours.tokens[Role.OPERATIONS])
    audits = [json.loads(line) for line in printed.splitlines()]
    failed = [f"{audit['id']} {audit['name']}: {audit['reason']}" for audit in audits if audit["status"] != "ok"]
    assert not failed, "\n".join(failed)
    assert len(audits) == _AUDITS
