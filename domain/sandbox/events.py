"""What happens to sandboxes: of the live entity, for its staff and the partner. A sandbox has a log of its own."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from domain.sandbox.models import PartnerSandbox, SandboxRun


@dataclass(frozen=True)
class _OfSandbox(Payload):
    subject_type = "PartnerSandbox"


@dataclass(frozen=True)
class SandboxCreated(_OfSandbox):
    """A partner has a sandbox."""

    type = "sandbox.created"


@dataclass(frozen=True)
class SandboxEmptied(_OfSandbox):
    """A sandbox was emptied, and catalog, prices, article map and terms were copied anew."""

    type = "sandbox.emptied"


@dataclass(frozen=True)
class SandboxClockSet(_OfSandbox):
    """The clock of a sandbox was set, advanced, stopped or put back to the real time."""

    type = "sandbox.clock_set"
    offset_seconds: int
    frozen: bool


@dataclass(frozen=True)
class SandboxFaultsSet(_OfSandbox):
    """It was decided how messages of a sandbox go wrong."""

    type = "sandbox.faults_set"
    percent: dict[str, int]


@dataclass(frozen=True)
class SandboxCredentialsMade(_OfSandbox):
    """A key, a signing secret or the secret of an endpoint was made for a sandbox."""

    type = "sandbox.credentials_made"
    kind: str


@dataclass(frozen=True)
class _OfRun(Payload):
    subject_type = "SandboxRun"


@dataclass(frozen=True)
class SandboxRunStarted(_OfRun):
    """A run of the checks began."""

    type = "sandbox_run.started"


@dataclass(frozen=True)
class SandboxRunProgressed(_OfRun):
    """A run of the checks is further; what it is at in words."""

    type = "sandbox_run.progressed"
    decided: int
    checks: int
    at: str


@dataclass(frozen=True)
class SandboxRunFinished(_OfRun):
    """A run of the checks is over."""

    type = "sandbox_run.finished"
    state: str
    score: int


async def tell(session: AsyncSession, about: PartnerSandbox | SandboxRun, payload: Payload) -> None:
    """Record what happened to a sandbox or a run."""
    await record(
        session,
        payload,
        entity_id=about.entity_id,
        subject_id=about.id,
        organization_ids=[about.organization_id],
        channel=[about.organization_id],
    )
