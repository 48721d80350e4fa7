"""Chargers and tokens for a fleet: made by the platform's own functions, and used again by the next run."""

import json
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chargecars.fleet.hardware import Hardware
from chargecars.stack import StackError
from domain.chargers import enrolment, registry
from domain.chargers.models import Charger, ChargerAccess
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings

_POWER_W = 11_000
_VENDOR = "ChargeCars"


async def enrolled(settings: Settings, database: Database, entity: str, fleet: list[Hardware]) -> dict[str, str]:
    """Secrets by identity; they are kept in DATA_DIR, as the platform shows them once. Raises: StackError."""
    if settings.production:
        raise StackError("A simulated fleet is not let into production.")
    names = [hardware.identity for hardware in fleet]
    path = settings.data_dir / "fleet.json"
    known = _kept(path)
    async with database.session(SYSTEM) as session:
        there = set((await session.execute(select(Charger.identity).where(Charger.identity.in_(names)))).scalars())
        secrets = {name: known[name] for name in names if name in there and name in known}
        missing = [name for name in names if name not in secrets]
        if missing:
            secrets |= await _enrol(session, entity, missing, there)
    _keep(path, {**known, **secrets})
    return secrets


async def _enrol(session: AsyncSession, entity: str, names: list[str], there: set[str]) -> dict[str, str]:
    entity_id = (await session.execute(select(BusinessEntity.id).where(BusinessEntity.code == entity))).scalar()
    if entity_id is None:
        raise StackError(f"There is no business entity {entity}: give one with --entity.")
    secrets = {}
    for name in names:
        if name in there:
            raise StackError(f"Charger {name} is there already, and its secret is not in DATA_DIR: give --prefix.")
        charger = await registry.register(
            session,
            entity_id=entity_id,
            vendor=_VENDOR,
            model="Simulated Home",
            max_power_w=_POWER_W,
            identity=name,
            name=f"Simulated {name}",
            access=ChargerAccess.PUBLIC,
        )
        made = await enrolment.enrol(session, charger.id)
        secrets[name] = made.secret or ""
    return secrets


def _kept(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _keep(path: Path, secrets: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(secrets, indent=1))
