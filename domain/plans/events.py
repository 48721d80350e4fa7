"""What happens to plans; staff of every business entity read it."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _PlanEvent(Payload):
    subject_type = "Plan"
    internal = True
    number: int


@dataclass(frozen=True)
class PlanRequested(_PlanEvent):
    """Somebody asked for a plan."""

    type = "plan.requested"
    first_day: str
    last_day: str
    seconds: int


@dataclass(frozen=True)
class PlanStarted(_PlanEvent):
    """A worker began to make the plan."""

    type = "plan.started"


@dataclass(frozen=True)
class PlanProgressed(_PlanEvent):
    """The plan being made got better."""

    type = "plan.progressed"
    placed: int
    jobs: int


@dataclass(frozen=True)
class PlanStopAsked(_PlanEvent):
    """Somebody asked for the best plan so far."""

    type = "plan.stop_asked"


@dataclass(frozen=True)
class PlanFinished(_PlanEvent):
    """The plan is made."""

    type = "plan.finished"
    placed: int
    jobs: int


@dataclass(frozen=True)
class PlanStopped(_PlanEvent):
    """The plan was stopped; its best is kept."""

    type = "plan.stopped"
    placed: int
    jobs: int


@dataclass(frozen=True)
class PlanFailed(_PlanEvent):
    """The plan could not be made; the plan in force stays."""

    type = "plan.failed"
    failure: str


@dataclass(frozen=True)
class PlanPublished(_PlanEvent):
    """The plan is in force."""

    type = "plan.published"
    added: int
    moved: int
    dropped: int


@dataclass(frozen=True)
class PlanSuperseded(_PlanEvent):
    """A newer plan took its place."""

    type = "plan.superseded"
    by: int


@dataclass(frozen=True)
class PlanReverted(_PlanEvent):
    """The plan was taken back: visits are where they were before it."""

    type = "plan.reverted"
