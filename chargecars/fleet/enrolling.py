"""Chargers and tokens for a fleet: made by the platform's own functions, and used again by the next run."""

import json
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chargecars.fleet.hardware import Hardware
from chargecars.stack import StackError
from domain.chargers import enrolment, registry
from domain.chargers.models import Charger, ChargerAccess
from domain.contacts import service as contacts
from domain.sessions import tokens
from domain.sessions.tokens import TokenDetails
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings

_DRIVER = {"name": "Simulated Driver"}


async def enrolled(settings: Settings, database: Database, entity: str, fleet: list[Hardware]) -> dict[str, str]:
    """Secrets by identity; they are kept in DATA_DIR, as the platform shows them once. Raises: StackError."""
    if settings.production:
        raise StackError("A simulated fleet is not let into production.")
    path = settings.data_dir / "fleet.json"
    known = _kept(path)
    names = [hardware.identity for hardware in fleet]
    async with database.session(SYSTEM) as session:
        there = set((await session.execute(select(Charger.identity).where(Charger.identity.in_(names)))).scalars())
        missing = [hardware for hardware in fleet if hardware.identity not in there & known.keys()]
        made = await _enrol(session, entity, missing, there) if missing else {}
    _keep(path, {**known, **made})
    return {name: made.get(name) or known[name] for name in names}


async def _enrol(session: AsyncSession, entity: str, fleet: list[Hardware], there: set[str]) -> dict[str, str]:
    entity_id = (await session.execute(select(BusinessEntity.id).where(BusinessEntity.code == entity))).scalar()
    if entity_id is None:
        raise StackError(f"There is no business entity {entity}: give one with --entity.")
    driver = await contacts.create_person(session, _DRIVER, entity_id=entity_id, source="FLEET")
    secrets = {}
    for hardware in fleet:
        if hardware.identity in there:
            raise StackError(f"Charger {hardware.identity} is there, and its secret is not in DATA_DIR: give --prefix.")
        secrets[hardware.identity] = await _install(session, entity_id, hardware)
        await tokens.register(session, entity_id, TokenDetails(hardware.id_token, driver.id, label=hardware.identity))
    return secrets


async def _install(session: AsyncSession, entity_id: UUID, hardware: Hardware) -> str:
    """A charger with credentials."""
    charger = await registry.register(
        session,
        entity_id=entity_id,
        vendor="ChargeCars",
        model="Simulated Home",
        max_power_w=hardware.max_power_w,
        identity=hardware.identity,
        name=f"Simulated {hardware.identity}",
        access=ChargerAccess.PUBLIC,
    )
    secret = (await enrolment.enrol(session, charger.id)).secret
    assert secret is not None
    return secret


def _kept(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _keep(path: Path, secrets: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(secrets, indent=1))
